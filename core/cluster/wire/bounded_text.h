// Text from peers, sanitised for keeping, showing and forwarding.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace moescope {

/// Longest name of a plan or of a peer.
inline constexpr std::size_t kMaxNameBytes = 256;
/// Longest reason of a refusal that is kept.
inline constexpr std::size_t kMaxReasonBytes = 1024;

/// `text` as valid UTF-8 of at most `limit` bytes (of 3 and more). Invalid bytes and control
/// characters become '?'; truncated text ends in "...".
std::string bounded_text(std::string_view text, std::size_t limit);

}  // namespace moescope
