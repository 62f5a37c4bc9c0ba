// A comparison in words.
#pragma once

#include <string>
#include <vector>

#include "core/analysis/compare/compare.h"

namespace moescope {

/// Sentences without full stops: what became of the whole, what was set up differently, and the
/// largest significant changes of kernels that explain it, at most `most` of them. One that says so
/// when nothing differs.
std::vector<std::string> causes_of(const Comparison& comparison, std::size_t most = 8);

}  // namespace moescope
