// What differs between two traces: figure by figure, with what is noise, and the causes in words.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/analysis/compare/difference.h"
#include "core/analysis/compare/side.h"

namespace moescope {

/// @param by nullopt: by steps where both traces have some, else by layers, else not
/// Throws Error when the traces cannot be aligned as asked, Cancelled.
Comparison compare_traces(const CompareSide& a, const CompareSide& b,
                          std::optional<Alignment> by = {}, Progress& progress = no_progress());

}  // namespace moescope
