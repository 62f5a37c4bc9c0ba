#include "views/timeline/timeline_canvas.h"

#include <QGuiApplication>
#include <cmath>

#include "views/plot/axis/zoom_keys.h"
#include "views/plot/crosshair.h"
#include "views/plot/readout.h"
#include "views/timeline/loss_marks.h"
#include "views/timeline/span_text.h"
#include "views/timeline/timeline_accessible.h"
#include "views/workspace/documents/notes_model.h"

namespace moescope {
namespace {
constexpr int kTickSpacing = 80;     // logical pixels between labelled ticks, at least
constexpr double kLabelMargin = 24;  // labels nearer to the sides would be cut
}  // namespace

TimelineCanvas::TimelineCanvas(TimelineScene& scene, QWidget* parent)
    : QCustomPlot(parent),
      scene_(scene),
      interaction_(scene),
      overlay_(scene, interaction_),
      ticker_(new FixedTicker) {
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setMinimumSize(120, 60);
  axisRect()->setAutoMargins(QCP::msNone);
  axisRect()->setMargins(QMargins(0, kAxisHeight, 0, 0));
  axisRect()->setMinimumMargins(QMargins());
  for (auto* axis : {xAxis, yAxis, yAxis2, xAxis2}) {
    axis->setVisible(axis == xAxis2);
    axis->grid()->setVisible(false);
  }
  plotLayout()->setRowSpacing(0);
  xAxis2->setTicker(ticker_);
  xAxis2->setTickLength(5, 0);
  lanes_ = new LanePlottable(xAxis2, yAxis, scene);
  setTextOf(font());
  applyTheme();
  connect(&scene, &TimelineScene::changed, this, &TimelineCanvas::refresh);
  auto& selection = scene.selection();
  connect(&selection, &Selection::cursorChanged, this, &TimelineCanvas::moveCursor);
  connect(&selection, &Selection::hoveredChanged, this, qOverload<>(&QWidget::update));
  connect(&selection, &Selection::selectionChanged, this, qOverload<>(&QWidget::update));
  connect(&selection, &Selection::tokenFlowChanged, this, qOverload<>(&QWidget::update));
  install_timeline_accessibility();
  connect(&scene.flow(), &FlowLinks::changed, this, qOverload<>(&QWidget::update));
  connect(&scene, &TimelineScene::spansArrived, this, qOverload<>(&QWidget::update));
  connect(&scene.document().notes(), &NotesModel::notesChanged, this,
          qOverload<>(&QWidget::update));
  connect(&interaction_, &TimelineInteraction::overlayChanged, this, [this] {
    setCursor(interaction_.shape());
    update();
  });
  connect(this, &QCustomPlot::beforeReplot, this, [this] { lanes_stale_ = true; });
}

QRect TimelineCanvas::lanesRect() const {
  return QRect(0, axis_height_, width(), std::max(0, height() - axis_height_));
}

void TimelineCanvas::setOrigin(TimeNs origin) {
  if (origin == origin_) return;
  origin_ = origin;
  refresh();
}

void TimelineCanvas::setAxisShown(bool shown) {
  axis_height_ = shown ? kAxisHeight : 0;
  xAxis2->setVisible(shown);
  overlay_.setArea(lanesRect());
  scene_.setViewport(lanesRect().size(), devicePixelRatioF());
  refresh();
}

void TimelineCanvas::setTextOf(const QFont& font) {
  QFont small = font;
  small.setPointSizeF(std::max(7.5, small.pointSizeF() * 0.9));
  setFont(small);
  xAxis2->setTickLabelFont(small);
  lanes_stale_ = true;
  replot(QCustomPlot::rpQueuedReplot);
}

void TimelineCanvas::applyTheme() {
  const Theme& theme = Theme::of(palette());
  setBackground(theme.background);
  xAxis2->setBasePen(QPen(theme.grid));
  xAxis2->setTickPen(QPen(theme.muted_text));
  xAxis2->setTickLabelColor(theme.text);
  lanes_->setTheme(theme);
  overlay_.setTheme(theme);
}

void TimelineCanvas::refresh() {
  const TimeRange range = scene_.selection().range();
  ticks_ =
      time_ticks({range.begin - origin_, range.end - origin_}, lanesRect().width(), kTickSpacing);
  for (TimeTick& tick : ticks_.ticks) tick.time += origin_;
  const PixelMap map = scene_.map();
  lanes_->setTicks(ticks_);
  TimeTicks labelled = ticks_;
  for (auto& tick : labelled.ticks) {
    const double x = map.x(tick.time);
    if (x < kLabelMargin || x > map.width() - kLabelMargin) tick.label.clear();
  }
  AxisTicks placed = time_axis_ticks(labelled, range.begin);
  ticker_->set(std::move(placed.at), std::move(placed.labels));
  // The axis lies on the grid of the lanes, less than a pixel beside the range.
  const double left = scene_.axis().leftOffset();
  xAxis2->setRange(left, left + map.width() * map.nsPerPixel());
  Q_EMIT ticksChanged();
  lanes_stale_ = true;
  replot(QCustomPlot::rpQueuedReplot);
}

void TimelineCanvas::moveCursor() {
  update(cursor_shown_);
  cursor_shown_ = crosshair_rect(scene_.axis(), scene_.selection().cursor(), 0, height());
  update(cursor_shown_);
}

void TimelineCanvas::paintEvent(QPaintEvent* event) {
  QCustomPlot::paintEvent(event);  // the axis
  const QRect lanes = lanesRect();
  scene_.setViewport(lanes.size(), devicePixelRatioF());  // the screen may be another one now
  QPainter painter(this);
  if (scene_.hasTrace() && !lanes.isEmpty()) {
    if (lanes_stale_) lanes_->prepare(lanes.size(), devicePixelRatioF());
    lanes_stale_ = false;
    painter.drawImage(lanes, lanes_->picture());
  } else {
    painter.fillRect(lanes, Theme::of(palette()).background);
  }
  overlay_.paint(painter);
}

void TimelineCanvas::resizeEvent(QResizeEvent* event) {
  QCustomPlot::resizeEvent(event);
  setViewport(QRect(0, 0, width(), std::min(height(), kAxisHeight)));
  overlay_.setArea(lanesRect());
  scene_.setViewport(lanesRect().size(), devicePixelRatioF());
  refresh();
}

void TimelineCanvas::mousePressEvent(QMouseEvent* event) {
  setFocus(Qt::MouseFocusReason);
  interaction_.press(inLanes(event->position()), event->button(), event->modifiers());
  setCursor(interaction_.shape());
}

void TimelineCanvas::mouseMoveEvent(QMouseEvent* event) {
  interaction_.move(inLanes(event->position()), event->buttons());
  if (cursor().shape() != interaction_.shape()) setCursor(interaction_.shape());
}

void TimelineCanvas::mouseReleaseEvent(QMouseEvent* event) {
  interaction_.release(inLanes(event->position()), event->button(), event->modifiers());
  setCursor(interaction_.shape());
}

void TimelineCanvas::mouseDoubleClickEvent(QMouseEvent* event) {
  if (event->button() == Qt::LeftButton) interaction_.doubleClick(inLanes(event->position()));
}

void TimelineCanvas::wheelEvent(QWheelEvent* event) {
  interaction_.wheel(inLanes(event->position()), notches_of(*event), event->modifiers());
  event->accept();
}

void TimelineCanvas::keyPressEvent(QKeyEvent* event) {
  if (!interaction_.key(event->key(), event->modifiers())) QCustomPlot::keyPressEvent(event);
}

void TimelineCanvas::leaveEvent(QEvent* event) {
  interaction_.leave();
  QCustomPlot::leaveEvent(event);
}

void TimelineCanvas::contextMenuEvent(QContextMenuEvent* event) {
  if (event->reason() == QContextMenuEvent::Mouse)
    interaction_.move(inLanes(event->pos()), Qt::NoButton);
  Q_EMIT contextMenuWanted(event->globalPos());
}

void TimelineCanvas::changeEvent(QEvent* event) {
  QCustomPlot::changeEvent(event);
  if (event->type() != QEvent::PaletteChange && event->type() != QEvent::StyleChange) return;
  applyTheme();
  refresh();
}

QString TimelineCanvas::summary() const {
  return timeline_summary(scene_);
}

QString TimelineCanvas::toolTipAt(QPointF pos) {
  const QPointF at = inLanes(pos);
  if (!scene_.hasTrace()) return {};
  if (const QString note = overlay_.noteAt(at); !note.isEmpty()) return note;
  if (at.y() < 0)
    return tr(
        "Drag to zoom to a range. Ctrl+wheel zooms at the pointer, Shift+wheel pans, "
        "double-click shows everything.");
  const RowHit hit = scene_.layout().at(static_cast<int>(at.y()));
  const PixelMap map = scene_.map();
  QStringList texts;
  if (const auto found = scene_.spanAt(at))
    texts << span_tooltip(scene_, found->ref, found->span,
                          QGuiApplication::queryKeyboardModifiers() & Qt::ShiftModifier);
  else if (hit.row && hit.row->ribbon)
    texts << ribbon_tooltip(scene_, *hit.row, map.time(at.x()));
  const auto near = static_cast<TimeNs>(std::min(3 * map.nsPerPixel(), 1e18));
  if (hit.row) texts << loss_tooltip(*scene_.trace(), *hit.row, map.time(at.x()), near);
  texts.removeAll(QString());
  return texts.join("<hr>");
}

bool TimelineCanvas::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QCustomPlot::event(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  return show_readout(*this, *help, toolTipAt(help->pos()));
}

}  // namespace moescope
