// What a plan was made from, kept inside its file, so that it can be judged on other loads later.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/placement/evaluate.h"

namespace moescope {

struct PlanOrigin {
  std::string loads;         ///< file name, for display
  std::uint64_t digest = 0;  ///< of all windows, see digest_of_loads()
  int first = 0, last = 0;   ///< windows [first, last) made the plan
  friend bool operator==(const PlanOrigin&, const PlanOrigin&) = default;
};

/// Identifies loads; the same on every machine.
std::uint64_t digest_of_loads(const std::vector<LayerLoads>& windows);

/// A plan file's text with the origin inside: "made_from": {"loads", "digest", "windows": [first,
/// last]}. Readers of plans ignore it. @pre `text` is what plan_json() makes
std::string with_origin(std::string text, const PlanOrigin& origin);
/// The origin inside a plan file; nullopt when it has none, or one that cannot be understood.
std::optional<PlanOrigin> origin_of(std::string_view text);

}  // namespace moescope
