// The stream of a node's recording to its viewers. Only for files that use gRPC.
#pragma once

#include "core/cluster/grpc/guard.h"
#include "core/cluster/publisher.h"
#include "core/cluster/wire/cluster.grpc.pb.h"

namespace moescope {

class TelemetryService final : public wire::Telemetry::CallbackService {
 public:
  TelemetryService(const Guard& guard, NodeControl& control, Publisher& publisher)
      : guard_(guard), control_(control), publisher_(publisher) {}

  grpc::ServerBidiReactor<wire::Credit, wire::Frame>* Subscribe(
      grpc::CallbackServerContext* context) override;

 private:
  const Guard& guard_;
  NodeControl& control_;
  Publisher& publisher_;
};

}  // namespace moescope
