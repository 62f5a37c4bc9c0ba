// Comparing files, whatever they are: for `compare` and `report`.
#pragma once

#include <optional>
#include <string>

#include "app/commands/json_output.h"
#include "core/analysis/compare/compare.h"

namespace moescope {

struct CompareRequest {
  std::string a, b;  ///< `b` is empty for before and after a change of plan in `a`
  std::string rules;
  std::optional<Alignment> by;
  std::optional<std::uint64_t> epoch;  ///< of the change; the last one without
};

/// A comparison, and what is said of both sides in JSON and in words.
struct Compared {
  Comparison comparison;
  Json a, b;
  std::string a_words, b_words;
};

/// Traces, load dumps or plans; two of a kind. Throws Error.
Compared compare_files(const CompareRequest& request);

}  // namespace moescope
