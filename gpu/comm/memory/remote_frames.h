// What processes without shared memory send each other; for the sources of RemoteProcesses only.
#pragma once

#include <chrono>

#include "gpu/comm/memory/remote_processes.h"

namespace moescope::runtime {

enum class RemoteProcesses::Kind : std::int32_t {
  Put,   ///< bytes for a place
  Add,   ///< `value` for the counter at a place; `more`: 1 + offset of its notify event, 0: none
  Get,   ///< asks for `more` bytes at a place, as question `value`
  Got,   ///< the requested bytes
  Post,  ///< a message for mailbox `number`
  Size,  ///< `value` bytes that the sender has in region `number`
  Barrier,
  Ping,  ///< `value`: time of the sender
  Pong,  ///< `value` of the ping, `more`: time of the answering process
  Fail,  ///< the reason
};

/// What comes before the bytes of everything that is sent.
struct RemoteProcesses::Front {
  Kind kind = Kind::Barrier;
  std::int32_t number = 0;  ///< of a region or a mailbox
  std::uint64_t offset = 0, value = 0, more = 0;
  std::uint64_t rest = 0;  ///< bytes that follow
};

struct RemoteProcesses::Peer {
  std::vector<std::byte> waiting;  ///< guarded by out_mutex_

  // Of the wire thread alone.
  std::vector<std::byte> sending, arriving;
  std::size_t begun = 0;  ///< of `sending`
  std::int64_t heard = 0;

  std::atomic<bool> lost{false};

  // Guarded by in_mutex_.
  std::map<int, std::size_t> sizes;  ///< by region
  std::uint64_t barriers = 0;
  int pongs = 0;
  ClockOffset clock_at_start;
  std::deque<ClockOffset> clock;
};

inline std::int64_t wire_now_ns() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace moescope::runtime
