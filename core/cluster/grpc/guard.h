// Who calls a node, and what they may do. Only for files that use gRPC.
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>

#include "core/cluster/wire/node_types.h"

namespace moescope {

struct Caller {
  PeerRole role = PeerRole::Viewer;
  std::string name;  ///< for the history and the list of viewers, at most kMaxNameBytes
  /// What limits count by: the certificate, else the connection; empty on a Unix socket, where all
  /// callers are one user.
  std::string identity;
};

class Guard {
 public:
  Guard(bool tls, std::string token) : tls_(tls), token_(std::move(token)) {}

  /// Fills `caller`; not OK when the peer may not call at all. Takes microseconds and does not
  /// block.
  grpc::Status admit(const grpc::CallbackServerContext& context, Caller& caller) const;

 private:
  bool tls_;
  std::string token_;
};

}  // namespace moescope
