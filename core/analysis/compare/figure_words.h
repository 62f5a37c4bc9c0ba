// Figures of comparisons in words.
#pragma once

#include <string>
#include <string_view>

namespace moescope {

/// "Exposed communication" for "exposed_comm_ns", "Prefill step, mean" for "prefill_step_ns"; the
/// name itself of a figure that no comparison has.
std::string figure_words(std::string_view figure);

}  // namespace moescope
