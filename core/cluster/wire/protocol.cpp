#include "core/cluster/wire/protocol.h"

#include <fmt/format.h>

#include "core/cluster/wire/bounded_text.h"
#include "core/error.h"

namespace moescope {
namespace {

std::string spoken(const ProtocolPeer& peer) {
  constexpr std::size_t kMaxVersion = 64;
  return peer.version.empty() ? fmt::format("{}", peer.protocol)
                              : fmt::format("{} (MoEscope {})", peer.protocol,
                                            bounded_text(peer.version, kMaxVersion));
}

}  // namespace

void check_protocols(const std::string& source, const ProtocolPeer& node,
                     const ProtocolPeer& client) {
  if (node.protocol == client.protocol) return;
  throw Error(
      source, "",
      fmt::format("node speaks protocol {}, this program speaks {}", spoken(node), spoken(client)),
      node.protocol < client.protocol ? "Update the node" : "Update this program");
}

}  // namespace moescope
