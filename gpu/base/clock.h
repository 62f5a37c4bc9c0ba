// The clocks of the runtime. Every time that it records is of the steady one.
#pragma once

#include <cstdint>

namespace moescope::runtime {

/// ns of the steady clock.
std::int64_t steady_now();
/// What the calling thread has computed so far, ns on a processor.
std::int64_t thread_processor_time();

}  // namespace moescope::runtime
