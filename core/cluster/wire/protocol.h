// The protocol that client and node must agree on.
#pragma once

#include <cstdint>
#include <string>

#include "core/version.h"

namespace moescope {

/// Raised when a message changes its meaning. 2: enums in the place of words.
inline constexpr std::uint32_t kClusterProtocol = 2;

/// What a program says of itself in the first call.
struct ProtocolPeer {
  std::uint32_t protocol = kClusterProtocol;
  std::string version = program_version();
};

/// Throws Error when they speak different ones: what each speaks, and which to update. Both sides
/// say it in the same words, those of the client: `source` is what it calls the node.
void check_protocols(const std::string& source, const ProtocolPeer& node,
                     const ProtocolPeer& client);

}  // namespace moescope
