#include "views/details/rank_details.h"

#include <QCoreApplication>

#include "core/analysis/overlap/span_overlap.h"
#include "core/analysis/spans/gpu_work.h"
#include "views/common/units.h"

namespace moescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("RankDetails", text);
}

void add_process(const FactRows& rows, const Process& process) {
  if (!process.name.empty()) rows.add(tr("Program"), QString::fromStdString(process.name));
  if (!process.pid.empty()) rows.add(tr("Process"), QString::fromStdString(process.pid));
  if (process.node >= 0) rows.add(tr("Node"), QString::number(process.node));
}

}  // namespace

RankDetails read_rank_details(const TracePtr& trace, const AnalysisPtr& analysis, ProcessId process,
                              Progress& progress) {
  RankDetails details;
  details.trace = trace;
  details.process = process;
  details.of = analysis->overlap.size();
  for (const DeviceOverlap& device : analysis->overlap) {
    if (device.key.process != process) continue;
    details.devices.push_back(device);
    details.ranks.push_back(exposed_rank(analysis->overlap, device.key));
  }
  std::vector<DeviceActivity> activity;
  for (const DeviceActivity& device : analysis->activity)
    if (device.key.process == process) activity.push_back(device);
  details.worst = worst_device(*trace, *analysis->classes, activity, analysis->scopes, progress);
  return details;
}

void add_rank_rows(const FactRows& rows, const RankDetails& details) {
  const Trace& trace = *details.trace;
  add_process(rows, trace.processes().at(details.process));
  if (details.devices.empty()) {
    rows.add(tr("Devices"), tr("no work on a device"));
    return;
  }
  add_figures(rows, sum_of(details.devices));
  for (std::size_t i = 0; i < details.devices.size() && details.of > 1; ++i)
    rows.add(QString::fromStdString(device_word(trace, details.devices[i].key)),
             details.ranks[i] == 1
                 ? tr("the most exposed of %1").arg(details.of)
                 : tr("exposed: number %1 of %2").arg(details.ranks[i]).arg(details.of),
             tr("By exposed communication in the whole trace, most first"));
  if (details.worst) add_worst(rows, trace, *details.worst);
}

}  // namespace moescope
