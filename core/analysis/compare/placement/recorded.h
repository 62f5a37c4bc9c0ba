// Plans and expert loads that recordings of the runtime hold beside their traces, as causes of what
// differs between these.
#pragma once

#include <filesystem>
#include <vector>

#include "core/analysis/compare/difference.h"
#include "core/loads/load_set.h"
#include "core/progress.h"
#include "core/trace/file/moetrace_loads.h"

namespace moescope {

using RecordedPlans = std::vector<PlanRow>;  ///< in order of time
using LoadsOfUnits = std::vector<LoadSet>;   ///< one set for each unit

/// Of a .moetrace; empty for every other file. Throws Error when it is damaged.
RecordedPlans read_recorded_plans(const std::filesystem::path& file);
/// The same. Throws Cancelled too.
LoadsOfUnits read_recorded_loads(const std::filesystem::path& file,
                                 Progress& progress = no_progress());

/// Adds rows and causes of the expert loads of every unit that both hold, behind those of the
/// traces. Says so as a cause when they are of different models.
void add_recorded_loads(const LoadsOfUnits& a, const LoadsOfUnits& b, Comparison& comparison);

/// Another plan is a cause before all others: that in force at `time_a` in one, at `time_b` in the
/// other. Nothing where either holds none, or both have the same. Throws Error when a plan cannot
/// be read.
void add_plan_cause(const RecordedPlans& a, TimeNs time_a, const RecordedPlans& b, TimeNs time_b,
                    Comparison& comparison);

}  // namespace moescope
