#include "views/plan/board/layer_strip.h"

#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "views/plot/chart_paint.h"

namespace moescope {
namespace {

constexpr qreal kLeft = 44, kRight = 8, kTop = 6;

QRectF plot_of(const QRectF& area, qreal line) {
  return area.adjusted(kLeft, kTop, -kRight, -line - 2);
}

QRectF column_of(const QRectF& plot, int layer, int layers) {
  const qreal width = plot.width() / std::max(layers, 1);
  return {plot.left() + layer * width, plot.top(), width, plot.height()};
}

/// Highest imbalance on the axis, in steps, so that it does not move with every edit.
double top_of(const PlanDocument& document) {
  double top = 1.1;
  for (const PlanState* state : {&document.state(), document.before()})
    for (int l = 0; state != nullptr && l < state->plan().layers(); ++l)
      top = std::max(top, state->figures(l).imbalance().value_or(1));
  return 1 + nice_step(top - 1, 1);
}

class StripPainter {
 public:
  StripPainter(QPainter& painter, const QRectF& area, const PlanDocument& document,
               const std::vector<double>& candidate, const Theme& theme)
      : painter_(painter),
        metrics_(painter.font()),
        area_(area),
        plot_(plot_of(area, metrics_.height())),
        document_(document),
        candidate_(candidate),
        theme_(theme),
        top_(top_of(document)) {}

  void paint(int current) {
    axis();
    const int layers = document_.plan().layers();
    const qreal label = metrics_.horizontalAdvance("000") * 1.6;
    const int every = std::max(1, static_cast<int>(std::ceil(label * layers / plot_.width())));
    for (int l = 0; l < layers; ++l) {
      const QRectF box = column_of(plot_, l, layers);
      if (l == current) mark(box);
      figures(l, box, box.width() > 5 ? 1 : 0);
      painter_.setPen(l == current ? theme_.text : theme_.muted_text);
      if (l % every == 0)
        painter_.drawText(QRectF(box.center().x() - 24, plot_.bottom() + 2, 48, metrics_.height()),
                          Qt::AlignHCenter, QString::number(document_.plan().layer_id(l)));
    }
    painter_.setPen(theme_.grid);
    painter_.drawLine(plot_.bottomLeft(), plot_.bottomRight());
  }

 private:
  qreal y(double value) const {
    return plot_.bottom() - plot_.height() * std::clamp((value - 1) / (top_ - 1), 0.0, 1.0);
  }
  void axis() {
    painter_.setPen(theme_.muted_text);
    const QRectF side(area_.left(), 0, kLeft - 6, metrics_.height());
    painter_.drawText(side.translated(0, plot_.top() - 3), Qt::AlignRight,
                      QString::number(top_, 'f', 2));
    painter_.drawText(side.translated(0, plot_.bottom() - metrics_.height() + 3), Qt::AlignRight,
                      "1.00");
  }
  void mark(const QRectF& box) {
    QColor color = theme_.selection;
    color.setAlpha(70);
    painter_.fillRect(box.adjusted(0, -kTop, 0, metrics_.height() + 2), color);
  }
  void line(const QRectF& box, qreal gap, double value, const QColor& color, qreal width) {
    painter_.setPen(QPen(color, width));
    painter_.drawLine(QPointF(box.left() + gap, y(value)), QPointF(box.right() - gap, y(value)));
  }
  void figures(int l, const QRectF& box, qreal gap) {
    const LayerFigures now = document_.state().figures(l);
    const auto imbalance = now.imbalance();
    if (imbalance)
      painter_.fillRect(QRectF(box.left() + gap, y(*imbalance), box.width() - 2 * gap,
                               std::max(plot_.bottom() - y(*imbalance), 1.0)),
                        theme_.color(SpanClass::Dense));
    else
      paint_filled(painter_, box.adjusted(gap, 0, -gap, 0), theme_.alternate, Cue::Diagonal,
                   theme_);
    if (document_.before() != nullptr)
      if (const auto v = document_.before()->figures(l).imbalance(); v && v != imbalance)
        line(box, gap, *v, theme_.color(SpanClass::Dispatch), 2);
    if (now.bound && *now.bound > 1.001) line(box, gap, *now.bound, theme_.text, 1);
    const auto i = static_cast<std::size_t>(l);
    if (i < candidate_.size() && !std::isnan(candidate_[i]))
      line(box, gap, candidate_[i], theme_.color(SpanClass::Expert), 2);
    const auto& problems = document_.state().problems(l);
    if (!problems.empty())
      painter_.fillRect(QRectF(box.center().x() - 2, plot_.bottom() - 4, 4, 4),
                        has_errors(problems) ? theme_.ribbon_exposed : theme_.muted_text);
  }

  QPainter& painter_;
  QFontMetricsF metrics_;
  QRectF area_, plot_;
  const PlanDocument& document_;
  const std::vector<double>& candidate_;
  const Theme& theme_;
  double top_;
};

}  // namespace

LayerStrip::LayerStrip(PlanDocument& document, QWidget* parent)
    : QWidget(parent), document_(document) {
  setObjectName("layerStrip");
  setAccessibleName(tr("Imbalance of each layer"));
  setFocusPolicy(Qt::StrongFocus);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Maximum);
  for (const auto signal :
       {&PlanDocument::changed, &PlanDocument::figuresChanged, &PlanDocument::replaced})
    connect(&document_, signal, this, qOverload<>(&QWidget::update));
  // What is said of the layer follows, but not every step of a drag.
  for (const auto signal : {&PlanDocument::committed, &PlanDocument::figuresChanged})
    connect(&document_, signal, this, [this] { setAccessibleDescription(layerText(layer_)); });
}

void LayerStrip::setLayer(int layer) {
  layer_ = layer;
  setAccessibleDescription(document_.empty() ? QString() : layerText(layer));
  update();
}

void LayerStrip::setCandidate(std::vector<double> imbalance) {
  candidate_ = std::move(imbalance);
  update();
}

QRectF LayerStrip::column(int layer) const {
  return column_of(plot_of(rect(), fontMetrics().height()), layer, document_.plan().layers());
}

int LayerStrip::layerAt(QPointF point) const {
  if (document_.empty()) return -1;
  const int layers = document_.plan().layers();
  const QRectF plot = plot_of(rect(), fontMetrics().height());
  const int layer = static_cast<int>(std::floor((point.x() - plot.left()) / plot.width() * layers));
  return point.x() >= plot.left() - 4 ? std::clamp(layer, 0, layers - 1) : -1;
}

QString LayerStrip::layerText(int layer) const {
  if (document_.empty() || layer < 0 || layer >= document_.plan().layers()) return {};
  const LayerFigures now = document_.state().figures(layer);
  QString text = tr("Layer %1").arg(document_.plan().layer_id(layer));
  if (document_.plan().layer_id(layer) != layer) text += tr(" (row %1)").arg(layer);
  const auto value = [](const std::optional<double>& v) {
    return v ? QString::number(*v, 'f', 4) : tr("not known");
  };
  text += tr(": imbalance (max / mean GPU load) %1 %2")
              .arg(value(now.imbalance()), document_.underRule());
  if (document_.before() != nullptr && layer < document_.before()->plan().layers())
    text += tr(", before %1").arg(value(document_.before()->figures(layer).imbalance()));
  text += tr(", bound of any plan with these slots %1").arg(value(now.bound));
  if (now.no_load) text += tr("; the layer has no load");
  const auto problems = document_.state().problems(layer).size();
  if (problems > 0) text += tr("; %1 problems").arg(problems);
  return text;
}

void LayerStrip::paint(QPainter& painter, const QRectF& area, const PlanDocument& document,
                       int layer, const std::vector<double>& candidate, const Theme& theme) {
  StripPainter(painter, area, document, candidate, theme).paint(layer);
}

void LayerStrip::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const Theme& theme = Theme::of(palette());
  painter.fillRect(rect(), theme.background);
  if (document_.empty() || document_.plan().layers() == 0) return;
  paint(painter, rect(), document_, layer_, candidate_, theme);
  if (!hasFocus()) return;
  painter.setPen(QPen(theme.cursor, 1, Qt::DashLine));
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(rect().adjusted(0, 0, -1, -1));
}

void LayerStrip::mousePressEvent(QMouseEvent* event) {
  if (const int layer = layerAt(event->position()); layer >= 0) Q_EMIT layerChosen(layer);
}

void LayerStrip::mouseMoveEvent(QMouseEvent* event) {
  if (event->buttons() & Qt::LeftButton) mousePressEvent(event);
}

void LayerStrip::keyPressEvent(QKeyEvent* event) {
  if (document_.empty()) return QWidget::keyPressEvent(event);
  const int last = document_.plan().layers() - 1;
  switch (event->key()) {
    case Qt::Key_Left:
      Q_EMIT layerChosen(std::max(layer_ - 1, 0));
      return;
    case Qt::Key_Right:
      Q_EMIT layerChosen(std::min(layer_ + 1, last));
      return;
    case Qt::Key_Home:
      Q_EMIT layerChosen(0);
      return;
    case Qt::Key_End:
      Q_EMIT layerChosen(last);
      return;
    default:
      QWidget::keyPressEvent(event);
  }
}

bool LayerStrip::event(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    auto* help = static_cast<QHelpEvent*>(event);
    QString text = layerText(layerAt(help->pos()));
    if (!text.isEmpty())
      text +=
          tr("\nBar: now. Orange line: before. Black line: bound. Green line: best so far of "
             "the running solve. Square: the layer has problems, red when the plan "
             "cannot be used.");
    QToolTip::showText(help->globalPos(), text, this);
    return true;
  }
  return QWidget::event(event);
}

}  // namespace moescope
