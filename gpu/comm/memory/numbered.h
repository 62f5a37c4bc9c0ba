// Sequence numbers of messages, so that a lost or duplicated message is detected.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace moescope::runtime {

/// One direction between two processes: each end has one, and every message goes through it.
class Numbered {
 public:
  /// `message` with the next number in front.
  std::vector<std::byte> stamp(std::span<const std::byte> message);
  /// What stamp() was given. Throws Error when the number is not the next one: a message from
  /// `sender` is missing, came twice or is too short to have a number.
  std::vector<std::byte> check(std::span<const std::byte> message, const std::string& sender);

 private:
  std::uint64_t next_ = 1;
};

}  // namespace moescope::runtime
