#include "views/plan/board/board_paint.h"

#include <QCoreApplication>
#include <QLocale>
#include <algorithm>
#include <array>
#include <map>

#include "views/plan/board/load_shade.h"
#include "views/plot/chart_paint.h"

namespace moescope {
namespace {

constexpr qreal kSmallestText = 7;  ///< pixels; below it ids are left out

QString tr(const char* text) {
  return QCoreApplication::translate("PlanBoard", text);
}

QFont scaled(const QPainter& painter, qreal pixels) {
  QFont font = painter.font();
  font.setPixelSize(std::max(1, static_cast<int>(pixels + 0.5)));
  return font;
}

/// What the slot held before; nullopt when that is the same, or not known.
std::optional<int> expert_before(const BoardPicture& picture, int slot) {
  if (picture.before == nullptr) return std::nullopt;
  const auto layer = static_cast<std::size_t>(picture.layer), s = static_cast<std::size_t>(slot);
  const auto& rows = picture.before->plan().physical_to_logical;
  if (layer >= rows.size() || s >= rows[layer].size()) return std::nullopt;
  const int before = rows[layer][s];
  if (before == picture.state->plan().physical_to_logical[layer][s]) return std::nullopt;
  return before;
}

/// Facts about the layer that every cell asks for.
class BoardPainter {
 public:
  BoardPainter(QPainter& painter, const BoardLayout& layout, const BoardPicture& picture,
               const Theme& theme)
      : painter_(painter),
        layout_(layout),
        picture_(picture),
        state_(*picture.state),
        theme_(theme),
        shade_(state_, picture.layer),
        small_(scaled(painter, layout.textSize())),
        tiny_(scaled(painter, 0.77 * layout.textSize())) {
    for (const PlanProblem& p : state_.problems(picture.layer))
      if (p.slot >= 0) {
        bool& error = problems_[p.slot];
        error = error || p.severity == PlanProblem::Severity::Error;
      }
    if (picture.constraints != nullptr) pinned_ = picture.constraints->pinned_slots(picture.layer);
  }

  void node(int n) {
    painter_.setPen(QPen(theme_.grid, 1));
    painter_.setBrush(theme_.alternate);
    painter_.drawRoundedRect(layout_.node(n), 4, 4);
    painter_.setPen(theme_.muted_text);
    painter_.setFont(small_);
    const QString name = tr("Node %1").arg(n);
    painter_.drawText(layout_.heading(n), Qt::AlignVCenter | Qt::AlignLeft,
                      layout_.anyFolded() || layout_.folded(n)
                          ? (layout_.folded(n) ? QStringLiteral("▸ ") : QStringLiteral("▾ ")) + name
                          : name);
    if (layout_.folded(n)) foldedNode(n);
  }
  void gpu(int g) {
    painter_.setFont(small_);
    const bool dead = state_.plan().dead(g);
    painter_.setPen(dead ? theme_.ribbon_exposed : theme_.text);
    const QRectF label = layout_.label(g);
    QString name = tr("GPU %1").arg(g);
    if (QFontMetricsF(small_).horizontalAdvance(name) > label.width()) name = QString::number(g);
    painter_.drawText(label, Qt::AlignVCenter | Qt::AlignLeft,
                      dead ? name + QStringLiteral(" ✕") : name);
    const int per_gpu = layout_.shape().slots_per_gpu;
    for (int s = g * per_gpu; s < (g + 1) * per_gpu; ++s) cell(s);
    bar(g);
  }

 private:
  int expert(int slot) const {
    return state_.plan().physical_to_logical[static_cast<std::size_t>(picture_.layer)]
                                            [static_cast<std::size_t>(slot)];
  }
  int replicas(int e) const {
    return e >= 0 && e < state_.plan().num_experts
               ? static_cast<int>(state_.hosts(picture_.layer, e).size())
               : 0;
  }

  int first_slot(int gpu) const { return gpu * layout_.shape().slots_per_gpu; }

  /// The load of each GPU as a bar, the heaviest of them as a number, and what is changed or wrong.
  void foldedNode(int n) {
    const int per_node = layout_.shape().gpus_per_node();
    const auto& loads = state_.gpu_loads(picture_.layer);
    const double mean = state_.mean_gpu_load(picture_.layer);
    const double most = loads.empty() ? 0 : *std::max_element(loads.begin(), loads.end());
    double heaviest = 0;
    for (int g = n * per_node; g < (n + 1) * per_node; ++g) {
      const QRectF bar = layout_.gpu(g).adjusted(1, 0, -1, 0);
      painter_.fillRect(bar, theme_.background);
      if (state_.plan().dead(g) || !(mean > 0)) {
        paint_filled(painter_, bar, theme_.background, Cue::Diagonal, theme_);
        continue;
      }
      const double load = loads[static_cast<std::size_t>(g)];
      heaviest = std::max(heaviest, load);
      const qreal height = bar.height() * load / std::max(most, 1.25 * mean);
      painter_.fillRect(
          QRectF(bar.left(), bar.bottom() - height, bar.width(), height),
          is_hottest(load, most, mean) ? theme_.ribbon_exposed : theme_.color(SpanClass::Dense));
      if (any_changed(g))
        painter_.fillRect(QRectF(bar.left(), bar.bottom() - 3, bar.width(), 3),
                          theme_.color(SpanClass::Dispatch));
    }
    painter_.setFont(small_);
    QString words = mean > 0 ? QString::number(heaviest / mean, 'f', 2) : QString();
    if (any_problem(n)) words += QStringLiteral(" !");
    const bool bad = any_problem(n) || is_hottest(heaviest, most, mean);
    painter_.setPen(bad ? theme_.ribbon_exposed : theme_.text);
    painter_.drawText(layout_.heading(n), Qt::AlignVCenter | Qt::AlignRight, words);
  }
  static bool is_hottest(double load, double most, double mean) {
    return load >= most * (1 - 1e-9) && most > mean * 1.005;
  }
  bool any_changed(int gpu) const {
    for (int s = first_slot(gpu); s < first_slot(gpu + 1); ++s)
      if (expert_before(picture_, s)) return true;
    return false;
  }
  bool any_problem(int node) const {
    const int per_node = layout_.shape().gpus_per_node();
    const auto at = problems_.lower_bound(first_slot(node * per_node));
    return at != problems_.end() && at->first < first_slot((node + 1) * per_node);
  }

  void cell(int slot) {
    const QRectF box = layout_.slot(slot);
    const int e = expert(slot);
    QColor fill = theme_.background;
    if (const auto load = state_.slot_load(picture_.layer, slot); e != kNoExpert && load)
      fill = shade_.color(*load);
    paint_filled(painter_, box, fill,
                 e != kNoExpert && !state_.has_loads() ? Cue::Diagonal : Cue::None, theme_);
    const QColor ink = Theme::text_on(fill);
    if (layout_.textSize() >= kSmallestText) cell_text(box, e, ink);
    if (std::binary_search(pinned_.begin(), pinned_.end(), slot)) pin(box, ink);
    if (expert_before(picture_, slot)) changed(box);
    outline(slot, box, e);
    if (!picture_.barred.empty() && slot != picture_.source) drop_mark(slot, box);
  }
  /// While dragging: a cross where a drop is refused, a dashed frame where it is not.
  void drop_mark(int slot, const QRectF& box) {
    if (!picture_.barred[static_cast<std::size_t>(slot)]) {
      if (slot != picture_.target) frame(box, theme_.selection, 1.5, Qt::DashLine);
      return;
    }
    QColor veil = theme_.background;
    veil.setAlpha(170);
    painter_.fillRect(box, veil);
    painter_.setPen(QPen(theme_.ribbon_exposed, 1.5));
    const QRectF cross = box.adjusted(3, 3, -3, -3);
    painter_.drawLine(cross.topLeft(), cross.bottomRight());
    painter_.drawLine(cross.bottomLeft(), cross.topRight());
  }
  void cell_text(const QRectF& box, int e, const QColor& ink) {
    painter_.setPen(ink);
    painter_.setFont(small_);
    const int n = replicas(e);
    const qreal mark = n > 1 ? 0.6 * layout_.textSize() : 0;
    painter_.drawText(box.adjusted(0, 0, -mark, 0), Qt::AlignCenter,
                      e == kNoExpert ? QString::fromUtf8("–") : QString::number(e));
    if (n < 2) return;
    painter_.setFont(tiny_);
    painter_.drawText(box.adjusted(0, layout_.zoom(), -2 * layout_.zoom(), 0),
                      Qt::AlignTop | Qt::AlignRight, QString::number(n));
  }
  void pin(const QRectF& box, const QColor& ink) {
    const qreal side = 7 * layout_.zoom();
    const QPointF corner = box.topLeft();
    painter_.setPen(Qt::NoPen);
    painter_.setBrush(ink);
    painter_.drawPolygon(QPolygonF({corner, corner + QPointF(side, 0), corner + QPointF(0, side)}));
  }
  /// An edge below, in the colour of all that was before.
  void changed(const QRectF& box) {
    const qreal height = std::max(2.0, 4 * layout_.zoom());
    const QRectF edge(box.left(), box.bottom() - height, box.width(), height);
    painter_.fillRect(edge.adjusted(0, -1, 0, 0), theme_.background);
    painter_.fillRect(edge, theme_.color(SpanClass::Dispatch));
  }
  void frame(const QRectF& box, const QColor& color, qreal width, Qt::PenStyle style) {
    painter_.setBrush(Qt::NoBrush);
    QPen pen(color, width, style);
    pen.setJoinStyle(Qt::MiterJoin);
    painter_.setPen(pen);
    painter_.drawRect(box.adjusted(width / 2, width / 2, -width / 2, -width / 2));
  }
  void outline(int slot, const QRectF& box, int e) {
    frame(box, theme_.grid, 1, Qt::SolidLine);
    if (e >= 0 && e == picture_.expert) {
      frame(box, theme_.text, 2, Qt::SolidLine);
      frame(box.adjusted(2, 2, -2, -2), theme_.background, 1, Qt::SolidLine);
    }
    if (const auto problem = problems_.find(slot); problem != problems_.end()) {
      frame(box, theme_.ribbon_exposed, 2.5, problem->second ? Qt::SolidLine : Qt::DotLine);
      painter_.setFont(tiny_);
      const QRectF badge(box.left(), box.bottom() - 10 * layout_.zoom(), 8 * layout_.zoom(),
                         10 * layout_.zoom());
      painter_.fillRect(badge, theme_.ribbon_exposed);
      painter_.setPen(Theme::text_on(theme_.ribbon_exposed));
      painter_.drawText(badge, Qt::AlignCenter, QStringLiteral("!"));
    }
    if (std::binary_search(picture_.selected.begin(), picture_.selected.end(), slot))
      frame(box.adjusted(-1, -1, 1, 1), theme_.selection, 3, Qt::SolidLine);
    if (slot == picture_.current)
      frame(box.adjusted(-2, -2, 2, 2), theme_.cursor, 1.5, Qt::DashLine);
    if (slot == picture_.source) frame(box, theme_.cursor, 2, Qt::DotLine);
    if (slot == picture_.target)
      frame(box.adjusted(-2, -2, 2, 2), theme_.selection, 3,
            picture_.copy ? Qt::DashLine : Qt::SolidLine);
  }

  void bar(int g) {
    const QRectF area = layout_.bar(g);
    const qreal text = 2.9 * layout_.textSize();
    const QRectF track = area.adjusted(0, area.height() * 0.22, -text, -area.height() * 0.22);
    painter_.fillRect(track, theme_.background);
    const auto& loads = state_.gpu_loads(picture_.layer);
    const double mean = state_.mean_gpu_load(picture_.layer);
    if (loads.empty() || !(mean > 0)) {
      paint_filled(painter_, track, theme_.background, Cue::Diagonal, theme_);
      return;
    }
    const double most = *std::max_element(loads.begin(), loads.end());
    const double load = loads[static_cast<std::size_t>(g)];
    const double scale = std::max(most, 1.25 * mean);
    const bool hottest = is_hottest(load, most, mean);
    painter_.fillRect(
        QRectF(track.left(), track.top(), track.width() * load / scale, track.height()),
        hottest ? theme_.ribbon_exposed : theme_.color(SpanClass::Dense));
    const auto line = [&](double at, const QPen& pen) {
      const qreal x = track.left() + track.width() * std::min(at / scale, 1.0);
      painter_.setPen(pen);
      painter_.drawLine(QPointF(x, track.top() - 2), QPointF(x, track.bottom() + 2));
    };
    line(mean, QPen(theme_.text, 1));
    if (const auto bound = state_.figures(picture_.layer).bound; bound && *bound > 1.005)
      line(*bound * mean, QPen(theme_.text, 1, Qt::DotLine));
    if (const auto before = load_before(g); before && std::abs(*before - load) > 0.005 * mean)
      line(*before, QPen(theme_.color(SpanClass::Dispatch), 3));
    if (layout_.textSize() < kSmallestText) return;
    painter_.setFont(small_);
    painter_.setPen(hottest ? theme_.ribbon_exposed : theme_.text);
    painter_.drawText(QRectF(track.right(), area.top(), text, area.height()),
                      Qt::AlignVCenter | Qt::AlignRight, QString::number(load / mean, 'f', 2));
  }

  std::optional<double> load_before(int g) const {
    if (picture_.before == nullptr || picture_.layer >= picture_.before->plan().layers())
      return std::nullopt;
    const auto& loads = picture_.before->gpu_loads(picture_.layer);
    if (static_cast<std::size_t>(g) >= loads.size()) return std::nullopt;
    return loads[static_cast<std::size_t>(g)];
  }

  QPainter& painter_;
  const BoardLayout& layout_;
  const BoardPicture& picture_;
  const PlanState& state_;
  const Theme& theme_;
  LoadShade shade_;
  QFont small_, tiny_;
  std::map<int, bool> problems_;  ///< slot, whether one of them is an error
  std::vector<int> pinned_;
};

QString tokens(double n) {
  return QLocale(QLocale::English).toString(n, 'f', n < 100 && n != std::floor(n) ? 1 : 0);
}

}  // namespace

BoardShape board_shape(const PlanState& state, int layer) {
  return {state.plan().num_gpus, state.plan().num_nodes, state.slots_per_gpu(layer)};
}

void paint_board(QPainter& painter, const BoardLayout& layout, const BoardPicture& picture,
                 const Theme& theme, const QRectF& visible) {
  painter.save();
  BoardPainter board(painter, layout, picture, theme);
  const BoardShape& shape = layout.shape();
  for (int n = 0; n < shape.nodes; ++n) {
    if (!layout.node(n).intersects(visible)) continue;
    board.node(n);
    if (layout.folded(n)) continue;
    for (int g = n * shape.gpus_per_node(); g < (n + 1) * shape.gpus_per_node(); ++g)
      if (layout.gpu(g).adjusted(-4, -4, 4, 4).intersects(visible)) board.gpu(g);
  }
  if (!picture.rubber.isNull()) {
    QColor fill = theme.selection;
    painter.setPen(QPen(fill, 1));
    fill.setAlpha(40);
    painter.setBrush(fill);
    painter.drawRect(picture.rubber);
  }
  painter.restore();
}

namespace {

bool differs_from_before(const BoardPicture& picture) {
  const auto layer = static_cast<std::size_t>(picture.layer);
  const auto& rows = picture.before->plan().physical_to_logical;
  return layer >= rows.size() || rows[layer] != picture.state->plan().physical_to_logical[layer];
}

/// Writes marks and words one after the other, in as many lines as the width needs; without a
/// painter it measures only.
class LegendWriter {
 public:
  LegendWriter(QPainter* painter, const QFontMetricsF& metrics, const QRectF& area)
      : painter_(painter),
        metrics_(metrics),
        area_(area),
        line_(metrics.height() + 2),
        x_(area.left()),
        y_(area.top()) {}

  void word(const QString& text) {
    const QRectF rect = take(metrics_.horizontalAdvance(text));
    if (painter_ != nullptr) painter_->drawText(rect.adjusted(0, 0, 2, 0), Qt::AlignVCenter, text);
  }
  /// Room for a mark; `paint` draws into it.
  template <typename Paint>
  void mark(qreal width, const Paint& paint) {
    const QRectF rect = take(width);
    if (painter_ != nullptr) paint(rect);
  }
  qreal height() const { return y_ + line_ - area_.top(); }

 private:
  QRectF take(qreal width) {
    if (x_ > area_.left() && x_ + width > area_.right()) {
      x_ = area_.left();
      y_ += line_;
    }
    const QRectF rect(x_, y_, width, line_);
    x_ += width + 8;
    return rect;
  }

  QPainter* painter_;
  QFontMetricsF metrics_;
  QRectF area_;
  qreal line_, x_, y_;
};

qreal write_legend(QPainter* painter, const QFontMetricsF& metrics, const QRectF& area,
                   const BoardPicture& picture, const Theme& theme) {
  LegendWriter writer(painter, metrics, area);
  if (picture.state->has_loads()) {
    const LoadShade shade(*picture.state, picture.layer);
    writer.word(tr("Tokens per replica: 0"));
    writer.mark(70, [&](const QRectF& bar) {
      for (int i = 0; i < static_cast<int>(bar.width()); ++i)
        painter->fillRect(QRectF(bar.left() + i, bar.top() + 2, 1, bar.height() - 4),
                          shade.color(shade.most() * i / bar.width()));
    });
    writer.word(tokens(shade.most()));
  } else {
    writer.word(tr("Loads not known: slots are hatched"));
  }
  writer.word(QString::fromUtf8("17³  ") + tr("expert, replicas"));
  // Only marks that are there: the board needs the height.
  if (picture.constraints != nullptr && !picture.constraints->pinned_slots(picture.layer).empty())
    writer.word(QString::fromUtf8("◤  ") + tr("pinned"));
  if (!picture.state->problems(picture.layer).empty()) writer.word(tr("!  problem"));
  if (picture.before != nullptr && differs_from_before(picture)) {
    writer.mark(14, [&](const QRectF& box) {
      painter->fillRect(QRectF(box.left(), box.bottom() - 6, box.width(), 4),
                        theme.color(SpanClass::Dispatch));
    });
    writer.word(tr("changed, load before"));
  }
  if (picture.barred.empty()) {
    writer.word(tr("bar: GPU load / mean, | mean, ⋮ bound"));
  } else {
    writer.word(tr("╳  no drop here"));
    writer.word(tr("┄  drop allowed"));
  }
  return writer.height();
}

}  // namespace

qreal paint_board_legend(QPainter& painter, const QRectF& area, const BoardPicture& picture,
                         const Theme& theme) {
  painter.setPen(theme.text);
  return write_legend(&painter, QFontMetricsF(painter.font()), area, picture, theme);
}

qreal board_legend_height(const QFontMetricsF& metrics, qreal width, const BoardPicture& picture) {
  return write_legend(nullptr, metrics, QRectF(0, 0, width, 0), picture, Theme::light());
}

QString slot_text(const BoardPicture& picture, int slot) {
  const PlanState& state = *picture.state;
  const Plan& plan = state.plan();
  const int per_gpu = state.slots_per_gpu(picture.layer);
  const int gpu = slot / per_gpu;
  const int e = slot_value(plan, picture.layer, slot).expert;
  QString text = tr("Slot %1 on GPU %2, node %3: ").arg(slot).arg(gpu).arg(plan.node_of_gpu(gpu));
  if (e == kNoExpert) {
    text += tr("empty");
  } else if (e < 0 || e >= plan.num_experts) {
    text += tr("expert %1, which the model does not have").arg(e);
  } else {
    const auto& hosts = state.hosts(picture.layer, e);
    const auto at = std::lower_bound(hosts.begin(), hosts.end(), slot) - hosts.begin();
    text += tr("expert %1").arg(e);
    if (hosts.size() > 1) text += tr(", replica %1 of %2").arg(at + 1).arg(hosts.size());
    if (const auto load = state.slot_load(picture.layer, slot)) {
      const double mean = state.mean_gpu_load(picture.layer) / per_gpu;
      text += tr(", %1 tokens").arg(tokens(*load));
      if (mean > 0) text += tr(" (%1 × the mean slot)").arg(*load / mean, 0, 'f', 2);
    }
  }
  if (const auto before = expert_before(picture, slot))
    text += *before == kNoExpert ? tr("; empty before") : tr("; expert %1 before").arg(*before);
  if (picture.constraints != nullptr && picture.constraints->is_pinned(picture.layer, slot))
    text += tr("; pinned");
  if (slot < static_cast<int>(picture.barred.size()) &&
      picture.barred[static_cast<std::size_t>(slot)])
    text += tr("; a drop here is not allowed");
  for (const PlanProblem& problem : state.problems(picture.layer))
    if (problem.slot == slot) text += QStringLiteral("; ") + QString::fromStdString(problem.text);
  return text;
}

QString gpu_text(const BoardPicture& picture, int gpu) {
  const PlanState& state = *picture.state;
  QString text = tr("GPU %1 on node %2").arg(gpu).arg(state.plan().node_of_gpu(gpu));
  if (state.plan().dead(gpu)) return text + tr(": marked as failed");
  const auto& loads = state.gpu_loads(picture.layer);
  const double mean = state.mean_gpu_load(picture.layer);
  if (loads.empty()) return text + tr(": load not known");
  const double load = loads[static_cast<std::size_t>(gpu)];
  text += tr(": %1 tokens").arg(tokens(load));
  if (mean > 0) text += tr(", %1 × the mean GPU load").arg(load / mean, 0, 'f', 3);
  return text;
}

}  // namespace moescope
