#include "views/counters/counter_track.h"

#include <QContextMenuEvent>
#include <QMenu>
#include <QPainter>
#include <algorithm>
#include <limits>

#include "core/analysis/spans/gpu_work.h"
#include "views/common/units.h"

namespace moescope {
namespace {

/// Colours and dashes that lines beside each other differ by, in print too.
QPen pen_of(std::size_t place, const Theme& theme) {
  const SpanClass colors[] = {SpanClass::Attention, SpanClass::Expert, SpanClass::Gate,
                              SpanClass::Dispatch};
  const Qt::PenStyle styles[] = {Qt::SolidLine, Qt::DashLine, Qt::DotLine, Qt::DashDotLine};
  return QPen(theme.color(colors[place % 4]), 1.5, styles[place % 4]);
}

QString value_text(double value, const std::string& unit) {
  const QString number = QString::number(value, 'g', 4);
  return unit.empty() ? number : QStringLiteral("%1 %2").arg(number, QString::fromStdString(unit));
}

std::vector<double> highest_of(const std::vector<CounterSeries>& series) {
  std::vector<double> result;
  for (const CounterSeries& one : series) {
    double highest = std::numeric_limits<double>::min();
    for (const double value : one.values) highest = std::max(highest, value);
    result.push_back(highest);
  }
  return result;
}

/// Adds the visible samples of `series`, each held until the next one, as shares of `highest`.
void add_series(PlotPanel& panel, const CounterSeries& series, TimeRange range, double highest,
                const QPen& pen) {
  const auto& times = series.times;
  auto first = std::upper_bound(times.begin(), times.end(), range.begin);
  if (first != times.begin()) --first;
  QVector<double> x, y;
  for (auto k = static_cast<std::size_t>(first - times.begin()); k < times.size(); ++k) {
    if (!y.empty()) {
      x.push_back(static_cast<double>(times[k]));
      y.push_back(y.back());
    }
    x.push_back(static_cast<double>(times[k]));
    y.push_back(series.values[k] / highest);
    if (times[k] > range.end) break;
  }
  panel.addLine(x, y, pen);
}

}  // namespace

CounterTrack::CounterTrack(TraceDocument& document, Selection& selection, QWidget* parent)
    : TimeTrack(QStringLiteral("counters"), tr("Counters"), selection, parent),
      document_(document) {
  connect(&document, &TraceDocument::traceChanged, this, &CounterTrack::reload);
  reload();
}

const std::vector<CounterSeries>& CounterTrack::series() const {
  static const std::vector<CounterSeries> kNone;
  return read_ ? read_->counters() : kNone;
}

void CounterTrack::reload() {
  read_.reset();
  shown_.clear();
  setChanged();
  job_.abandon();
  const TracePtr trace = document_.trace();
  if (!trace) return;
  job_.start(
      tr("Reading counters"), [trace](Progress&) { return highest_of(trace->counters()); },
      [this, trace](std::vector<double> highest) {
        read_ = trace;
        highest_ = std::move(highest);
        for (std::size_t i = 0; i < series().size() && shown_.size() < kShownAtFirst; ++i)
          if (!series()[i].times.empty()) shown_.insert(i);
        setChanged();
      });
}

void CounterTrack::setShown(std::size_t series, bool shown) {
  if (shown)
    shown_.insert(series);
  else
    shown_.erase(series);
  setChanged();
}

bool CounterTrack::hasData() const {
  return !series().empty();
}

QString CounterTrack::nameOf(const CounterSeries& series) const {
  const QString name = QString::fromStdString(series.name);
  if (read_->processes().size() < 2 && series.device <= 0) return name;
  const std::string device = series.device < 0
                                 ? read_->processes().at(series.process).label
                                 : device_text(*read_, {series.process, series.device});
  return tr("%1, %2").arg(name, QString::fromStdString(device));
}

QString CounterTrack::note() const {
  QStringList lines;
  for (const std::size_t i : shown_)
    lines << tr("%1: 0 to %2").arg(nameOf(series()[i]), value_text(highest_[i], series()[i].unit));
  const auto more = series().size() - shown_.size();
  if (more > 0) lines << tr("%1 more: right-click").arg(more);
  return lines.join('\n');
}

QString CounterTrack::summary() const {
  return hasData() ? tr("Counters: %1.").arg(note().replace('\n', "; "))
                   : tr("No counters in the trace.");
}

TimeAxis CounterTrack::paintPicture(QPainter& painter, const QRectF& area, const Theme& theme) {
  const TimeAxis times = wholeWidth(area, painter);
  if (!hasData() || times.empty()) return {};
  PlotPanel panel(times.plot(), painter.font(), theme);
  prepareStrip(panel, times, 0, 1.05);
  std::size_t place = 0;
  for (const std::size_t i : shown_)
    add_series(panel, series()[i], visible(), highest_[i], pen_of(place++, theme));
  panel.draw(painter);
  return times;
}

QString CounterTrack::readout(QPointF pos) const {
  if (axis().empty()) return {};
  const TimeNs time = axis().time(pos.x());
  QStringList lines;
  for (const std::size_t i : shown_) {
    const CounterSeries& one = series()[i];
    const auto after = std::upper_bound(one.times.begin(), one.times.end(), time);
    if (after == one.times.begin()) continue;
    const auto k = static_cast<std::size_t>(after - one.times.begin()) - 1;
    lines << QStringLiteral("%1: %2").arg(nameOf(one), value_text(one.values[k], one.unit));
  }
  return lines.join('\n');
}

void CounterTrack::contextMenuEvent(QContextMenuEvent* event) {
  if (!hasData()) return;
  QMenu menu;
  for (std::size_t i = 0; i < series().size(); ++i) {
    QAction* action = menu.addAction(nameOf(series()[i]));
    action->setCheckable(true);
    action->setChecked(shown_.contains(i));
    connect(action, &QAction::toggled, this, [this, i](bool on) { setShown(i, on); });
  }
  menu.exec(event->globalPos());
}

}  // namespace moescope
