// One of two traces that are compared: its figures, and how they vary from step to step.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/analysis/overlap/overlap.h"
#include "core/analysis/sm/sm_allocation.h"
#include "core/analysis/spans/classify.h"
#include "core/analysis/steps/steps.h"
#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// GPU work of one name or class over all devices. Times are sums of durations, ns: spans that
/// overlap add up.
struct WorkSum {
  SpanClass span_class = SpanClass::OtherCompute;
  std::string label;  ///< for people; the key of a kernel has its namespaces too
  std::uint64_t count = 0;
  TimeNs total = 0;
  std::vector<double> per_step;  ///< ns that began in each step; empty when steps are not known
};

/// Everything that is compared of a trace. The trace must outlive it.
struct CompareSide {
  TracePtr trace;
  ClassificationPtr classes;
  OverlapResults overlap;
  std::vector<SmAllocation> sm;
  TraceSteps steps;
  std::map<std::string, WorkSum> kernels;  ///< by kernel_key(); copies and fills by their name
  std::map<SpanClass, WorkSum> by_class;
};

/// For a background job. Throws Cancelled, Error.
CompareSide compare_side(TracePtr trace, const RuleSet& rules, Progress& progress = no_progress());

}  // namespace moescope
