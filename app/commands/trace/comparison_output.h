// A comparison as commands print it.
#pragma once

#include <string>
#include <vector>

#include "app/commands/json_output.h"
#include "core/analysis/compare/compare.h"
#include "core/analysis/compare/condition.h"

namespace moescope {

/// What became of a condition.
struct Outcome {
  std::string condition;
  bool holds = false;
};

/// Files, devices and steps of one side.
Json side_json(const CompareSide& side);
/// What every comparison has; `a` and `b` say what was compared.
Json comparison_json(Json a, Json b, const Comparison& comparison,
                     const std::vector<Outcome>& outcomes = {});
/// Prints causes, the rows of the whole, and of those of parts the `most` that changed most.
void print_comparison(const std::string& a, const std::string& b, const Comparison& comparison,
                      int most);

}  // namespace moescope
