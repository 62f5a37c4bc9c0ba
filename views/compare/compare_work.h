// The work behind the comparison that is shown: which two sides there are, and what differs. Sides
// of whole traces are kept, so that another alignment or the other way round costs little.
#pragma once

#include <QString>
#include <memory>
#include <optional>

#include "core/analysis/compare/compare.h"
#include "views/workspace/workspace.h"

namespace moescope {

using CompareSidePtr = std::shared_ptr<const CompareSide>;
using ComparisonPtr = std::shared_ptr<const Comparison>;

/// Whole traces that were analysed for a comparison.
struct KeptSides {
  CompareSidePtr open;   ///< of the open trace
  CompareSidePtr other;  ///< of the one that it is held against
  std::string rules;     ///< that `other` was classified by
};

/// One of the two that are compared.
struct ComparedPart {
  CompareSidePtr whole;
  TimeRange window;  ///< the part of it that is compared
  QString name;      ///< "before.json", "step 7", "before epoch 3"
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
  QString open_name, other_name;
  ComparedSteps steps;
  std::uint64_t epoch = 0;
  std::optional<Alignment> by;
  bool swapped = false;
  KeptSides kept;  ///< what an earlier comparison made

  /// Throws Error, Cancelled.
  CompareResult run(Progress& progress) const;
};

/// What `workspace` asks for, with `kept` as far as it holds for it.
CompareWork compare_work(Workspace& workspace, std::optional<Alignment> by, bool swapped,
                         KeptSides kept);

}  // namespace moescope
