// The clocks of the runtime. All recorded times are of the steady clock.
#pragma once

#include <cstdint>

namespace moescope::runtime {

/// ns of the steady clock.
std::int64_t steady_now();
/// Processor time of the calling thread so far, ns.
std::int64_t thread_processor_time();

}  // namespace moescope::runtime
