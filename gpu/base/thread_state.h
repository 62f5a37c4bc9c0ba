// State of a thread as reported by the kernel.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace moescope::runtime {

struct ThreadState {
  char state = 'S';  ///< as in /proc: R runs or could, S sleeps, D waits for a device, T stopped
  double processor = 0;  ///< seconds that it has run, in steps of a clock tick
  bool stopped() const { return state == 'T' || state == 't'; }
  /// Runnable, or waiting for a device.
  bool held_up() const { return state == 'R' || state == 'D'; }
};

/// State of a thread of a process on this host; nullopt when there is none.
std::optional<ThreadState> thread_state(std::int64_t process, std::int64_t thread);

std::int64_t this_thread();  ///< as the kernel numbers it
std::string host_name();

}  // namespace moescope::runtime
