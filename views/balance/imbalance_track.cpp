#include "views/balance/imbalance_track.h"

#include <QPainter>
#include <algorithm>

#include "core/loads/rule_of_loads.h"
#include "core/placement/rules/replica_rule.h"
#include "views/common/units.h"

namespace moescope {

ImbalanceTrack::ImbalanceTrack(LoadDocument& loads, Selection& selection, QWidget* parent)
    : TimeTrack(QStringLiteral("imbalance"), tr("Imbalance of GPUs"), selection, parent),
      loads_(loads) {
  for (const auto changed : {&LoadDocument::loadsChanged, &LoadDocument::planChanged,
                             &LoadDocument::ruleChanged, &LoadDocument::assumedChanged})
    connect(&loads, changed, this, &ImbalanceTrack::reload);
  reload();
}

void ImbalanceTrack::reload() {
  const LoadsPtr loads = loads_.loads();
  const PlacementOfLoads* placement = loads_.placement();
  if (!loads || loads->times.empty() || placement == nullptr) {
    job_.abandon();
    series_.clear();
    return setChanged();
  }
  job_.start(
      tr("Imbalance over time"),
      [loads, plan = placement->plan, rule = loads_.rule()](Progress& progress) {
        return imbalance_over_time(*loads, rule ? under_rule(plan, *rule, *loads) : plan, progress);
      },
      [this](std::vector<WindowImbalance> series) {
        series_ = std::move(series);
        setChanged();
      });
}

double ImbalanceTrack::highest() const {
  double highest = 1;
  for (const WindowImbalance& window : series_) highest = std::max(highest, window.worst);
  return highest;
}

QString ImbalanceTrack::note() const {
  return tr("mean of layers, dashed: worst\nscale 1.00 to %1").arg(highest(), 0, 'f', 2);
}

QString ImbalanceTrack::summary() const {
  if (series_.empty()) return tr("No load windows with times.");
  double mean = 0;
  for (const WindowImbalance& window : series_) mean += window.mean;
  const QString rule =
      loads_.rule() ? tr(", replicas by %1").arg(QString::fromStdString(rule_title(*loads_.rule())))
                    : QString();
  return tr("Imbalance of the GPUs in %1: %2 on average, %3 at worst%4.")
      .arg(counted(series_.size(), tr("load window"), tr("load windows")))
      .arg(mean / static_cast<double>(series_.size()), 0, 'f', 2)
      .arg(highest(), 0, 'f', 2)
      .arg(rule);
}

TimeAxis ImbalanceTrack::paintPicture(QPainter& painter, const QRectF& area, const Theme& theme) {
  const TimeAxis times = wholeWidth(area, painter);
  if (series_.empty() || times.empty()) return {};
  PlotPanel panel(times.plot(), painter.font(), theme);
  prepareStrip(panel, times, 1, 1 + (highest() - 1) * 1.08 + 0.01);
  QVector<double> x, mean, worst;
  for (const WindowImbalance& window : series_) {
    // A step as long as the window: what was counted is of all of it.
    for (const TimeNs time : {window.time.begin, window.time.end}) {
      x.push_back(static_cast<double>(time));
      mean.push_back(window.mean);
      worst.push_back(window.worst);
    }
  }
  panel.addLine(x, worst, QPen(theme.muted_text, 1, Qt::DashLine));
  panel.addLine(x, mean, QPen(theme.text, 1.5));
  panel.draw(painter);
  return times;
}

QString ImbalanceTrack::readout(QPointF pos) const {
  if (axis().empty()) return {};
  const TimeNs time = axis().time(pos.x());
  for (const WindowImbalance& window : series_)
    if (window.time.begin <= time && time < window.time.end)
      return tr("Imbalance %1, worst %2 in layer %3\nload window of %4")
          .arg(window.mean, 0, 'f', 4)
          .arg(window.worst, 0, 'f', 4)
          .arg(window.worst_layer)
          .arg(format_time(window.time.end - window.time.begin));
  return {};
}

}  // namespace moescope
