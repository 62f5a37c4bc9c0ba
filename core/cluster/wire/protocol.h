// The protocol that client and node must agree on.
#pragma once

#include <cstdint>
#include <string>

#include "core/version.h"

namespace moescope {

/// Incremented when a message changes its meaning. 2: enums instead of words.
inline constexpr std::uint32_t kClusterProtocol = 2;

/// How a program identifies itself in the first call.
struct ProtocolPeer {
  std::uint32_t protocol = kClusterProtocol;
  std::string version = program_version();
};

/// Throws an Error when the versions differ: which version each side speaks, and which side to
/// update. Both sides use the client's wording: `source` is its name for the node.
void check_protocols(const std::string& source, const ProtocolPeer& node,
                     const ProtocolPeer& client);

}  // namespace moescope
