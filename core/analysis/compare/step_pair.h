// Two steps of one trace held against each other.
#pragma once

#include "core/analysis/compare/compare.h"

namespace moescope {

/// One step as a side: its figures, and as samples of noise the other steps of its phase.
/// @param beside a further step that is no sample: the one that it is compared with
/// @pre `index` and `beside` are indices in whole.steps. Throws Cancelled, Error.
CompareSide step_side(const CompareSide& whole, std::size_t index, std::size_t beside,
                      Progress& progress = no_progress());

/// What differs between step `a` and step `b`, indices in whole.steps: the rows of two traces. A
/// difference is noise when it is within what the other steps of the phase differ among themselves.
/// Throws Error when there is no such step, Cancelled.
Comparison compare_steps(const CompareSide& whole, std::size_t a, std::size_t b,
                         Progress& progress = no_progress());

/// "step 7", "decode step 7".
std::string step_words(const TraceStep& step);

}  // namespace moescope
