// What a stretch of time on some devices is made of: a selected area, a step, a rank.
#pragma once

#include <optional>
#include <vector>

#include "core/analysis/headline/headline.h"
#include "core/analysis/overlap/overlap.h"
#include "core/analysis/results.h"
#include "core/analysis/spans/statistics.h"
#include "views/details/fact_rows.h"

namespace moescope {

struct AreaDetails {
  TracePtr trace;
  TimeRange range;
  std::vector<DeviceOverlap> devices;  ///< most exposed first; lengths cut to `range`
  OverlapFigures total;                ///< sums over the devices
  std::optional<WorstDevice> worst;    ///< none without exposed communication
  SelectionStatistics statistics;      ///< of the parts inside `range`
};

/// Of the devices of `tracks`, empty: all. For a job. Throws Cancelled, Error.
AreaDetails read_area_details(const TracePtr& trace, const AnalysisPtr& analysis,
                              const AreaSelection& area, Progress& progress);

/// Exposed, hidden and busy time over all devices.
void add_figures(const FactRows& rows, const OverlapFigures& figures);
/// The device with the most exposed communication and what causes it there.
void add_worst(const FactRows& rows, const Trace& trace, const WorstDevice& worst);
/// One row for each of the first devices.
void add_devices(const FactRows& rows, const Trace& trace,
                 const std::vector<DeviceOverlap>& devices);
void add_area_rows(const FactRows& rows, const AreaDetails& details);

}  // namespace moescope
