#include "views/plot/panel.h"

#include <QPaintEngine>
#include <QPicture>
#include <algorithm>
#include <cmath>

#include "views/plot/ticks.h"

namespace moescope {
namespace {

constexpr int kTickLength = 4, kLabelGap = 3, kNameGap = 3;
constexpr int kAround = 400;  // px: room for labels outside the plot
constexpr int kTimeSpacing = 60;
constexpr qreal kPlaceGap = 12;  // px between the labels of places

QVector<double> moved(const QVector<double>& x, double by) {
  QVector<double> out = x;
  for (double& value : out) value -= by;
  return out;
}

QCPAxis::AxisType type_of(PlotPanel::Side side) {
  switch (side) {
    case PlotPanel::Side::Left:
      return QCPAxis::atLeft;
    case PlotPanel::Side::Right:
      return QCPAxis::atRight;
    case PlotPanel::Side::Bottom:
      break;
  }
  return QCPAxis::atBottom;
}

}  // namespace

PlotPanel::PlotPanel(const QRectF& plot, const QFont& font, const Theme& theme)
    : custom_(std::make_unique<QCustomPlot>()), plot_(plot.toRect()), font_(font), theme_(theme) {
  // Labels stand around the plot, so the picture is larger than it on all sides.
  const QRect whole = plot_.adjusted(-kAround, -kAround, kAround, kAround);
  custom_->setViewport(QRect(QPoint(0, 0), whole.size()));
  custom_->setBackground(Qt::NoBrush);
  custom_->setNotAntialiasedElements(QCP::aeAll);
  QCPAxisRect* rect = custom_->axisRect();
  rect->setAutoMargins(QCP::msNone);
  rect->setMinimumMargins(QMargins());
  rect->setMargins(QMargins(kAround, kAround, kAround, kAround));
  rect->setBackground(Qt::NoBrush);
  for (QCPAxis* axis : rect->axes()) {
    axis->setVisible(false);
    axis->grid()->setVisible(false);
    axis->setSubTicks(false);
  }
}

PlotPanel::~PlotPanel() = default;

QRectF PlotPanel::plot() const {
  return plot_;
}

QCPAxis& PlotPanel::axis(Side side) const {
  return *custom_->axisRect()->axis(type_of(side));
}

void PlotPanel::showAxis(Side side, const QVector<double>& ticks, const QVector<QString>& labels,
                         const QString& name) {
  QCPAxis& shown = axis(side);
  auto ticker = QSharedPointer<FixedTicker>::create();
  ticker->set(ticks, labels);
  shown.setTicker(ticker);
  shown.setVisible(true);
  shown.setBasePen(QPen(theme_.muted_text, 1));
  shown.setTickPen(QPen(theme_.muted_text, 1));
  shown.setTickLength(0, kTickLength);
  shown.setTickLabelFont(font_);
  shown.setTickLabelColor(theme_.text);
  shown.setTickLabelPadding(kLabelGap);
  shown.setLabelFont(font_);
  shown.setLabelColor(theme_.text);
  shown.setLabelPadding(kNameGap);
  const qreal length = side == Side::Bottom ? plot_.width() : plot_.height();
  shown.setLabel(QFontMetricsF(font_).elidedText(name, Qt::ElideRight, length + 8));
}

void PlotPanel::setTimesUnlabelled(const TimeAxis& times) {
  origin_ = static_cast<double>(times.range().begin);
  const double left = times.leftOffset();
  axis(Side::Bottom).setRange(left, left + plot_.width() * times.nsPerPixel());
}

void PlotPanel::setTimes(const TimeAxis& times) {
  setTimes(times, time_ticks(times.range(), plot_.width(), kTimeSpacing));
}

void PlotPanel::setTimes(const TimeAxis& times, const TimeTicks& ticks) {
  setTimesUnlabelled(times);
  const AxisTicks placed = time_axis_ticks(ticks, times.range().begin);
  showAxis(Side::Bottom, placed.at, placed.labels, time_axis_title(ticks.unit));
}

void PlotPanel::setValues(Side side, const ValueAxis& values) {
  const QFontMetricsF metrics(font_);
  const qreal length = side == Side::Bottom ? plot_.width() : plot_.height();
  const AxisTicks ticks = value_axis_ticks(values, length, metrics.height());
  const bool fits = values.cut_name || metrics.horizontalAdvance(values.name) <= length + 8;
  showAxis(side, ticks.at, ticks.labels, fits ? values.name : QString());
  QCPAxis& shown = axis(side);
  shown.setScaleType(values.logarithmic ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
  shown.setRange(values.low, values.high);
  if (side == Side::Right) axis(Side::Left).setRange(values.low, values.high);
  shown.grid()->setVisible(values.grid);
  shown.grid()->setPen(QPen(theme_.grid, 1));
  shown.grid()->setZeroLinePen(Qt::NoPen);
}

void PlotPanel::setPlaces(Side side, const PlaceAxis& places) {
  const QFontMetricsF metrics(font_);
  const bool across = side == Side::Bottom;
  const qreal room = across ? metrics.horizontalAdvance(places.label(places.count - 1)) + kPlaceGap
                            : metrics.height();
  const AxisTicks ticks = place_axis_ticks(places, across ? plot_.width() : plot_.height(), room);
  showAxis(side, ticks.at, ticks.labels, places.name);
  QCPAxis& shown = axis(side);
  shown.setRange(places.first, places.last);
  shown.setRangeReversed(!across);  // row 0 is at the top
}

qreal PlotPanel::x(double value) const {
  const QCPRange range = axis(Side::Bottom).range();
  return plot_.left() + (value - origin_ - range.lower) / range.size() * plot_.width();
}

qreal PlotPanel::y(double value) const {
  const QCPAxis& shown = axis(Side::Left);
  const QCPRange range = shown.range();
  double share = (value - range.lower) / range.size();
  if (shown.scaleType() == QCPAxis::stLogarithmic)
    share = std::log(value / range.lower) / std::log(range.upper / range.lower);
  if (shown.rangeReversed()) share = 1 - share;
  return plot_.top() + plot_.height() * (1 - share);
}

QCPGraph& PlotPanel::graph() {
  QCPGraph& added = *custom_->addGraph();
  added.setPen(Qt::NoPen);
  return added;
}

void PlotPanel::addLine(const QVector<double>& x, const QVector<double>& y, const QPen& pen) {
  QCPGraph& line = graph();
  line.setPen(pen);
  line.setAntialiased(true);
  line.setData(moved(x, origin_), y, true);
}

void PlotPanel::addMarks(const QVector<double>& x, const QVector<double>& y, Mark mark, qreal size,
                         const QColor& color) {
  QCPGraph& marks = graph();
  marks.setLineStyle(QCPGraph::lsNone);
  marks.setAntialiasedScatters(true);
  const QPen pen = mark == Mark::Cross ? QPen(color, 1.5) : QPen(color, 1);
  marks.setScatterStyle(QCPScatterStyle(
      mark == Mark::Cross ? QCPScatterStyle::ssCross : QCPScatterStyle::ssDisc, pen, color, size));
  marks.setData(moved(x, origin_), y);
}

QCPGraph& PlotPanel::steps(const QVector<double>& x, const QVector<double>& y) {
  QCPGraph& area = graph();
  area.setLineStyle(QCPGraph::lsStepLeft);
  area.setAntialiased(false);
  QVector<double> ends = y;
  if (!y.isEmpty()) ends.push_back(y.back());
  area.setData(moved(x, origin_), ends, true);
  return area;
}

void PlotPanel::addSteps(const QVector<double>& x, const QVector<double>& y, const QColor& fill) {
  steps(x, y).setBrush(fill);
}

void PlotPanel::addStepLine(const QVector<double>& x, const QVector<double>& y, const QPen& pen) {
  steps(x, y).setPen(pen);
}

void PlotPanel::addBars(const QVector<double>& x, const QVector<double>& y, double width,
                        double base, const QColor& fill) {
  auto* bars = new QCPBars(custom_->xAxis, custom_->yAxis);
  bars->setPen(Qt::NoPen);
  bars->setBrush(fill);
  bars->setBaseValue(base);
  // Bars of less than a pixel would be missing here and there.
  bars->setWidth(std::max(width, custom_->xAxis->range().size() / std::max(1, plot_.width())));
  QVector<double> keys, values;
  for (qsizetype i = 0; i < x.size(); ++i) {
    if (std::isnan(y[i])) continue;
    keys.push_back(x[i] - origin_);
    values.push_back(y[i] - base);  // QCustomPlot counts from the base
  }
  bars->setData(keys, values, true);
}

void PlotPanel::draw(QPainter& painter) {
  QPicture picture;
  QCPPainter recorder(&picture);
  const bool pixels =
      painter.paintEngine() != nullptr && painter.paintEngine()->type() == QPaintEngine::Raster;
  recorder.setMode(QCPPainter::pmVectorized, !pixels);
  const QSize size = custom_->viewport().size();
  custom_->toPainter(&recorder, size.width(), size.height());
  recorder.end();
  painter.drawPicture(plot_.topLeft() - QPoint(kAround, kAround), picture);
}

qreal value_axis_width(const QFontMetricsF& metrics, const ValueAxis& axis, qreal height) {
  qreal width = 0;
  for (const QString& label : value_axis_ticks(axis, height, metrics.height()).labels)
    width = std::max(width, metrics.horizontalAdvance(label));
  return width + kTickLength + kLabelGap + kNameGap + metrics.height() + 2;
}

qreal place_axis_height(const QFontMetricsF& metrics) {
  return 2 * metrics.height() + kTickLength + kLabelGap + kNameGap + 2;
}

}  // namespace moescope
