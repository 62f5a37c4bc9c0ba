#include "views/details/step_details.h"

#include <QCoreApplication>
#include <algorithm>

#include "views/common/units.h"

namespace moescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("StepDetails", text);
}

QString over_text(const StepStanding& standing) {
  const QString sign = standing.over_percent > 0 ? QStringLiteral("+") : QString();
  const QString over = sign + format_percent(standing.over_percent);
  return standing.outlier ? tr("%1, an outlier").arg(over) : over;
}

}  // namespace

std::optional<StepDetails> read_step_details(const TracePtr& trace, const AnalysisPtr& analysis,
                                             const TraceSteps& steps, std::uint64_t number,
                                             Progress& progress) {
  const auto index = step_of_number(steps, number);
  if (!index) return std::nullopt;
  StepDetails details;
  details.trace = trace;
  details.step = steps.steps[*index];
  details.standing = step_standing(steps, *index);
  details.how = steps.how;
  for (const StepOnDevice& device : details.step.devices)
    details.devices.push_back({device.key, device.figures});
  details.total = sum_of(details.devices);
  std::stable_sort(details.devices.begin(), details.devices.end(),
                   [](const DeviceOverlap& a, const DeviceOverlap& b) {
                     return a.figures.exposed > b.figures.exposed;
                   });
  details.worst =
      worst_device(*trace, *analysis->classes, activity_of_step(analysis->activity, details.step),
                   analysis->scopes, progress);
  return details;
}

void add_step_rows(const FactRows& rows, const StepDetails& details) {
  const TraceStep& step = details.step;
  const StepStanding& standing = details.standing;
  if (!step.phase.empty()) rows.add(tr("Phase"), QString::fromStdString(step.phase));
  rows.add(tr("Time"), format_time(step.range.length()), format_time_full(step.range.length()));
  rows.add(tr("Over median"), over_text(standing),
           tr("Against the median step of its phase, %1. An outlier is longer by over three median "
              "absolute deviations and by over 5 %.")
               .arg(format_time(standing.median)));
  rows.add(tr("Among its phase"),
           standing.rank == 1
               ? tr("the longest of %1").arg(format_count(standing.of))
               : tr("number %1 of %2").arg(format_count(standing.rank), format_count(standing.of)),
           tr("By time, longest first"));
  add_figures(rows, details.total);
  if (const auto imbalance = step.compute_imbalance())
    rows.add(tr("Imbalance"), QString::number(*imbalance, 'f', 2),
             tr("Compute of the busiest device over the mean of the devices"));
  if (details.worst) add_worst(rows, *details.trace, *details.worst);
  add_devices(rows, *details.trace, details.devices);
  rows.add(tr("Begin"), format_position(step.range.begin, 1), format_time_full(step.range.begin));
  rows.add(tr("Found by"), QString::fromStdString(details.how));
}

}  // namespace moescope
