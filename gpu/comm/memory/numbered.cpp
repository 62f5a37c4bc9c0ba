#include "gpu/comm/memory/numbered.h"

#include <fmt/format.h>

#include <cstring>

#include "core/error.h"

namespace moescope::runtime {

std::vector<std::byte> Numbered::stamp(std::span<const std::byte> message) {
  std::vector<std::byte> stamped(sizeof next_ + message.size());
  std::memcpy(stamped.data(), &next_, sizeof next_);
  if (!message.empty()) std::memcpy(stamped.data() + sizeof next_, message.data(), message.size());
  ++next_;
  return stamped;
}

std::vector<std::byte> Numbered::check(std::span<const std::byte> message,
                                       const std::string& sender) {
  std::uint64_t number = 0;
  if (message.size() < sizeof number) throw Error(sender, "", "sent a message without a number");
  std::memcpy(&number, message.data(), sizeof number);
  if (number != next_)
    throw Error(sender, fmt::format("message {}", number),
                fmt::format("is not number {}, which was expected: {}", next_,
                            number > next_ ? "a message is lost" : "a message came twice"),
                "Start the run again");
  ++next_;
  return {message.begin() + sizeof number, message.end()};
}

}  // namespace moescope::runtime
