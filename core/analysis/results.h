// All analyses of a trace together, for complete and for growing traces.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "core/analysis/overlap/overlap.h"
#include "core/analysis/sm/sm_allocation.h"
#include "core/analysis/spans/classify.h"
#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// Everything computed from one trace and one rule set; immutable, made by a job.
struct AnalysisResults {
  ClassificationPtr classes;
  std::vector<DeviceActivity> activity;
  std::vector<DeviceOverlap> overlap;
  std::vector<ScopeOverlap> scopes;
  std::vector<SmAllocation> sm;
  std::array<bool, kSpanClassCount> used{};  ///< classes that the trace has, by SpanClass
  bool waits = false;                        ///< some communication only waits
};
using AnalysisPtr = std::shared_ptr<const AnalysisResults>;

/// Runs all analyses; for a background job. Throws Cancelled.
AnalysisPtr analyze_document(const Trace& trace, const RuleSet& rules,
                             Progress& progress = no_progress());

/// Same result as analyze_document() for each snapshot of a trace, at the cost of what was added
/// since the previous one and of copying the results. Thread-safe.
class GrowingAnalysis {
 public:
  GrowingAnalysis();
  ~GrowingAnalysis();

  /// Starts over when `generation` or the rules change. Throws Cancelled. @pre within a generation,
  /// each trace only adds spans and records to the previous one
  AnalysisPtr update(const Trace& trace, std::uint64_t generation, const RuleSet& rules,
                     Progress& progress = no_progress());

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace moescope
