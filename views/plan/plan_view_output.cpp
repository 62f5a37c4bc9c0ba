// What the plan editor gives to files, reports and screen readers.
#include "views/plan/board/layer_strip.h"
#include "views/plan/board/plan_board.h"
#include "views/plan/compare/compare_view.h"
#include "views/plan/plan_view.h"
#include "views/plot/chart_paint.h"

namespace moescope {

QString PlanView::boardTitle() const {
  if (document_.empty()) return {};
  const LayerFigures figures = document_.state().figures(layer());
  const Plan& plan = document_.plan();
  QString text = tr("%1, layer %2: ").arg(document_.title()).arg(plan.layer_id(layer()));
  if (const auto imbalance = figures.imbalance()) {
    text += tr("imbalance %1 %2 (max / mean GPU load)")
                .arg(*imbalance, 0, 'f', 4)
                .arg(document_.underRule());
    if (figures.bound) text += tr(", bound %1").arg(*figures.bound, 0, 'f', 4);
  } else if (document_.state().has_loads()) {
    text += tr("imbalance not known %1").arg(document_.underRule());
  } else {
    text += tr("imbalance not known without loads");
  }
  const int per_gpu = document_.state().slots_per_gpu(layer());
  text += tr("; GPUs: %1, nodes: %2, slots per GPU: %3, experts: %4")
              .arg(plan.num_gpus)
              .arg(plan.num_nodes)
              .arg(per_gpu)
              .arg(plan.num_experts);
  if (document_.previewing()) text += tr("; preview");
  return text;
}

/// Which windows the figures are of; empty without loads.
QString PlanView::judgedText() const {
  return document_.empty() || !document_.state().has_loads() ? QString()
                                                             : document_.judgement().text;
}

void PlanView::paintChart(QPainter& painter, QSize size, const Theme& theme) {
  if (center_->currentWidget() == compare_) {
    compare_->paintChart(painter, size, theme);
    return;
  }
  const QRectF area = QRectF(QPointF(0, 0), QSizeF(size)).adjusted(8, 6, -8, -6);
  painter.setPen(theme.text);
  if (!board_->shown()) {
    painter.drawText(area, Qt::AlignCenter | Qt::TextWordWrap, tr("No plan is open."));
    return;
  }
  const QFontMetricsF metrics(painter.font());
  painter.drawText(area, Qt::AlignTop | Qt::AlignLeft, boardTitle());
  qreal top = area.top() + metrics.height() + 4;
  if (const QString judged = judgedText(); !judged.isEmpty()) {
    painter.setPen(theme.muted_text);
    painter.drawText(QRectF(area.left(), top, area.width(), metrics.height()),
                     Qt::AlignTop | Qt::AlignLeft, tr("Figures: %1").arg(judged));
    painter.setPen(theme.text);
    top += metrics.height() + 4;
  }
  BoardPicture picture = board_->picture();
  picture.selected.clear();
  picture.current = picture.expert = picture.source = picture.target = -1;
  picture.rubber = {};
  top +=
      paint_board_legend(painter, QRectF(area.left(), top, area.width(), 20), picture, theme) + 4;
  LayerStrip::paint(painter, QRectF(area.left(), top, area.width(), 70), document_, layer(), {},
                    theme);
  top += 74;
  const BoardShape shape = board_shape(document_.state(), layer());
  const QSizeF room(area.width(), area.bottom() - top);
  painter.save();
  painter.translate(area.left(), top);
  paint_board(painter, BoardLayout::fitted(shape, room), picture, theme,
              QRectF(QPointF(0, 0), room));
  painter.restore();
}

QString PlanView::summary() const {
  if (center_->currentWidget() == compare_) return compare_->summary();
  if (!board_->shown()) return tr("No plan is open.");
  const QString judged = judgedText();
  return judged.isEmpty() ? boardTitle() : tr("%1. Figures: %2").arg(boardTitle(), judged);
}

QString PlanView::csv() const {
  if (center_->currentWidget() == compare_) return compare_->csv();
  QString text =
      "layer,slot,GPU,node,expert,replicas,replica weight,load (tokens),GPU load (tokens),"
      "windows,replica rule\n";
  if (document_.empty()) return text;
  const Plan& plan = document_.plan();
  const PlanState& state = document_.state();
  const QString judged =
      csv_field(judgedText()) + QLatin1Char(',') + csv_field(document_.serving().ruleTitle());
  for (int l = 0; l < plan.layers(); ++l) {
    const int per_gpu = state.slots_per_gpu(l);
    if (per_gpu == 0) continue;
    const auto& loads = state.gpu_loads(l);
    for (int s = 0; s < plan.num_gpus * per_gpu; ++s) {
      const SlotValue value = slot_value(plan, l, s);
      const int gpu = s / per_gpu;
      const bool known = value.expert >= 0 && value.expert < plan.num_experts;
      const auto load = state.slot_load(l, s);
      text +=
          QString("%1,%2,%3,%4,%5,%6,%7,%8,%9,")
              .arg(plan.layer_id(l))
              .arg(s)
              .arg(gpu)
              .arg(plan.node_of_gpu(gpu))
              .arg(value.expert)
              .arg(known ? state.hosts(l, value.expert).size() : 0)
              .arg(plan.replica_weight.empty() ? QString() : QString::number(value.weight, 'g', 9),
                   load ? QString::number(*load, 'g', 9) : QString(),
                   loads.empty() ? QString()
                                 : QString::number(loads[static_cast<std::size_t>(gpu)], 'g', 9)) +
          judged + QLatin1Char('\n');
    }
  }
  return text;
}

}  // namespace moescope
