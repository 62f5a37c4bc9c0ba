// The work behind the comparison that is shown: which two sides there are, and what differs. Sides
// of whole traces are kept, so that another alignment or the other way round costs little.
#pragma once

#include <QString>
#include <memory>
#include <optional>

#include "core/analysis/compare/compare.h"
#include "core/analysis/compare/placement/recorded.h"
#include "views/workspace/workspace.h"

namespace moescope {

using CompareSidePtr = std::shared_ptr<const CompareSide>;
using ComparisonPtr = std::shared_ptr<const Comparison>;

/// Expert loads that a recording holds, or why they cannot be read.
struct KeptLoads {
  LoadsOfUnits loads;
  std::string problem;  ///< empty: none
};
using KeptLoadsPtr = std::shared_ptr<const KeptLoads>;

/// Whole traces that were analysed for a comparison.
struct KeptSides {
  CompareSidePtr open;                   ///< of the open trace
  CompareSidePtr other;                  ///< of the one that it is held against
  std::string rules;                     ///< that `other` was classified by
  KeptLoadsPtr open_loads, other_loads;  ///< null: not read yet
};

/// One of the two that are compared.
struct ComparedPart {
  CompareSidePtr whole;  ///< null: loads or a plan
  TimeRange window;      ///< the part of it that is compared
  QString name;          ///< "before.json", "step 7", "before epoch 3"
};

struct CompareResult {
  KeptSides kept;
  ComparedPart a, b;
  ComparisonPtr comparison;
};

/// A job to be run in the background.
struct CompareWork {
  CompareDocument::Kind kind = CompareDocument::Kind::Nothing;
  TracePtr open, other;
  AnalysisPtr analysis;  ///< of the open trace
  RuleSet rules;
  bool growing = false;  ///< the open one
  QString open_name, other_name;
  QString open_file, other_file;  ///< of a trace that is one file; else empty
  ComparedSteps steps;
  std::uint64_t epoch = 0;
  LoadsPtr open_loads;
  std::vector<LoadsPtr> other_loads;
  PlanPtr open_plan, other_plan;
  std::optional<Alignment> by;
  bool swapped = false;
  KeptSides kept;  ///< what an earlier comparison made

  /// Throws Error, Cancelled.
  CompareResult run(Progress& progress) const;
};

/// Whether what `workspace` compares with something is open, and analysed.
bool ready_to_compare(const Workspace& workspace);
/// What `workspace` asks for, with `kept` as far as it holds for it.
CompareWork compare_work(Workspace& workspace, std::optional<Alignment> by, bool swapped,
                         KeptSides kept);

}  // namespace moescope
