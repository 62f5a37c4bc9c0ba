// The calls that query and change a node. Only for files that use gRPC.
#pragma once

#include "core/cluster/grpc/guard.h"
#include "core/cluster/grpc/work_lane.h"
#include "core/cluster/publisher.h"
#include "core/cluster/wire/cluster.grpc.pb.h"

namespace moescope {

/// The gRPC status of a call that failed with `problem`.
grpc::Status status_of(const std::exception& problem);

/// Callers are admitted on gRPC's threads, which is cheap; their requests then run in separate
/// lanes, so that reading, changing and rolling back never wait for each other.
class ControlService final : public wire::Control::CallbackService {
 public:
  /// `notices` returns what needs an operator's attention, for every status.
  ControlService(const Guard& guard, NodeControl& control, const Publisher& publisher,
                 std::function<std::vector<std::string>()> notices);

  grpc::ServerUnaryReactor* Hello(grpc::CallbackServerContext* context,
                                  const wire::HelloRequest* request,
                                  wire::HelloReply* reply) override;
  grpc::ServerUnaryReactor* Status(grpc::CallbackServerContext* context,
                                   const wire::StatusRequest* request,
                                   wire::NodeStatus* reply) override;
  grpc::ServerWriteReactor<wire::ApplyEvent>* Apply(grpc::CallbackServerContext* context,
                                                    const wire::ApplyRequest* request) override;
  grpc::ServerUnaryReactor* Rollback(grpc::CallbackServerContext* context, const wire::Empty*,
                                     wire::PlanOutcome* reply) override;
  grpc::ServerUnaryReactor* ReportEffect(grpc::CallbackServerContext* context,
                                         const wire::EffectReport* request, wire::Empty*) override;
  grpc::ServerUnaryReactor* Configure(grpc::CallbackServerContext* context,
                                      const wire::NodeSettings* request,
                                      wire::NodeStatus* reply) override;
  grpc::ServerUnaryReactor* Stop(grpc::CallbackServerContext* context, const wire::Empty*,
                                 wire::Empty*) override;

 private:
  grpc::Status admit(const grpc::CallbackServerContext& context, PeerRole needed,
                     Caller& caller) const;
  template <typename Work>
  grpc::ServerUnaryReactor* answer(grpc::CallbackServerContext& context, PeerRole needed,
                                   WorkLane* lane, Work work);
  void fill(bool with_plan, wire::NodeStatus& reply) const;

  const Guard& guard_;
  NodeControl& control_;
  const Publisher& publisher_;
  std::function<std::vector<std::string>()> notices_;
  WorkLane looks_, operations_, changes_, undoings_;
};

}  // namespace moescope
