// ClusterServer: offers a node to clients over gRPC.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/cluster/wire/node_types.h"
#include "core/cluster/wire/target.h"

namespace moescope {

class Publisher;

/// Listens from construction to destruction. Calls of clients run on threads of its own and go to
/// `control` and `publisher`, which outlive it.
class ClusterServer {
 public:
  /// Throws Error when the target needs files that are not given (check_security), is in use or
  /// cannot be listened on.
  ClusterServer(const NodeTarget& target, const PeerFiles& files, NodeControl& control,
                Publisher& publisher);
  /// Ends all calls and removes the socket. Viewers get the reason of Publisher::end() when that
  /// was called before.
  ~ClusterServer();
  /// What needs an operator's attention: that the node's certificate expires soon.
  std::vector<std::string> notices() const;
  /// The address as clients name it; with the real port when port 0 was requested.
  std::string address() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace moescope
