#include "views/details/area_details.h"

#include <QCoreApplication>
#include <algorithm>

#include "core/analysis/overlap/span_overlap.h"
#include "core/analysis/spans/gpu_work.h"
#include "core/analysis/spans/kernel_label.h"
#include "views/common/theme.h"
#include "views/common/units.h"

namespace moescope {
namespace {

constexpr std::size_t kMostDevices = 8, kMostNames = 8, kMostCauses = 3;

QString tr(const char* text) {
  return QCoreApplication::translate("AreaDetails", text);
}

void add_names(const FactRows& rows, const Trace& trace, const SelectionStatistics& statistics) {
  std::vector<const NameStatistics*> work;
  for (const NameStatistics& name : statistics.names)
    if (is_gpu_work(name.kind)) work.push_back(&name);
  if (work.empty()) return;
  const FactRows group =
      rows.add(tr("Top kernels"), counted(work.size(), tr("name"), tr("names")),
               tr("Kernels, copies and fills by the time inside the range, summed over streams"));
  for (std::size_t i = 0; i < std::min(work.size(), kMostNames); ++i) {
    const NameStatistics& name = *work[i];
    const std::string_view whole = trace.strings()[name.name];
    group
        .add(QString::fromStdString(kernel_label(whole)),
             tr("%1, %2").arg(format_time(name.durations.total),
                              counted(name.durations.count, tr("span"), tr("spans"))),
             tr("%1\n%2. Click to go to the longest.")
                 .arg(QString::fromUtf8(whole.data(), static_cast<qsizetype>(whole.size())),
                      class_label(name.classified.span_class, name.classified.waits)))
        .leadTo(kSpanRole, name.longest);
  }
}

}  // namespace

AreaDetails read_area_details(const TracePtr& trace, const AnalysisPtr& analysis,
                              const AreaSelection& area, Progress& progress) {
  AreaDetails details;
  details.trace = trace;
  details.range = area.range;
  const auto activity = activity_in_area(*trace, analysis->activity, area.range, area.tracks);
  details.devices = figures_by_exposed(activity, area.range);
  details.total = sum_of(details.devices);
  details.worst = worst_device(*trace, *analysis->classes, activity, analysis->scopes, progress);
  details.statistics =
      statistics_of(*trace, *analysis->classes, area.range, area.tracks, true, progress);
  return details;
}

void add_figures(const FactRows& rows, const OverlapFigures& figures) {
  rows.add(tr("Exposed"), time_of(figures.exposed, figures.comm),
           tr("Communication in which a device computes nothing, summed over the devices; of all "
              "their communication"));
  rows.add(tr("Hidden"), time_of(figures.overlap, figures.comm),
           tr("Communication beside compute, summed over the devices"));
  rows.add(tr("Compute"), time_of(figures.compute, figures.span),
           tr("Time with compute, summed over the devices; of their time"));
  rows.add(tr("Busy"), time_of(figures.busy, figures.span),
           tr("Time with any work, summed over the devices; the rest is idle"));
}

void add_worst(const FactRows& rows, const Trace& trace, const WorstDevice& worst) {
  const auto to = [&](const ExposedGroup& cause) {
    return AreaSelection{cause.longest, tracks_of(trace, worst.key)};
  };
  const FactRows group = rows.add(
      tr("Most exposed"),
      tr("%1, %2").arg(QString::fromStdString(device_text(trace, worst.key)),
                       format_time(worst.exposed)),
      tr("The device with the most exposed communication. Click to go to its longest stretch."));
  group.leadTo(kAreaRole, to(worst.causes.front()));
  for (std::size_t i = 0; i < std::min(worst.causes.size(), kMostCauses); ++i)
    group
        .add(QString::fromStdString(cause_text(worst.causes[i])),
             time_of(worst.causes[i].time, worst.exposed),
             tr("%1\nClick to go to its longest stretch.")
                 .arg(QString::fromStdString(cause_text(worst.causes[i]))))
        .leadTo(kAreaRole, to(worst.causes[i]));
}

void add_devices(const FactRows& rows, const Trace& trace,
                 const std::vector<DeviceOverlap>& devices) {
  if (devices.size() < 2) return;
  const FactRows group =
      rows.add(tr("Devices"), format_count(devices.size()), tr("Most exposed communication first"));
  for (std::size_t i = 0; i < std::min(devices.size(), kMostDevices); ++i) {
    const OverlapFigures& f = devices[i].figures;
    group.add(
        QString::fromStdString(device_text(trace, devices[i].key)),
        tr("exposed %1, busy %2").arg(format_time(f.exposed), time_of(f.busy, f.span)),
        tr("Exposed %1, hidden %2, busy %3")
            .arg(time_of(f.exposed, f.comm), time_of(f.overlap, f.comm), time_of(f.busy, f.span)));
  }
  if (devices.size() > kMostDevices)
    group.add(QStringLiteral("…"), tr("%1 more").arg(devices.size() - kMostDevices));
}

void add_area_rows(const FactRows& rows, const AreaDetails& details) {
  rows.add(tr("Length"), format_time(details.range.length()),
           format_time_full(details.range.length()));
  rows.add(tr("From"), format_position(details.range.begin, 1),
           format_time_full(details.range.begin));
  add_figures(rows, details.total);
  if (details.worst) add_worst(rows, *details.trace, *details.worst);
  add_devices(rows, *details.trace, details.devices);
  add_names(rows, *details.trace, details.statistics);
}

}  // namespace moescope
