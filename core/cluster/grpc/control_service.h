// The calls that ask a node for its state and for changes. Only for files that speak gRPC.
#pragma once

#include "core/cluster/grpc/guard.h"
#include "core/cluster/grpc/work_lane.h"
#include "core/cluster/publisher.h"
#include "core/cluster/wire/cluster.grpc.pb.h"

namespace moescope {

/// The status of a call that ended by `problem`.
grpc::Status status_of(const std::exception& problem);

/// Callers are admitted on gRPC's threads, which costs next to nothing; what they ask for is then
/// done in lanes of its own, so that no caller can use up what others need: looking, changing and
/// undoing a change never wait for each other.
class ControlService final : public wire::Control::CallbackService {
 public:
  /// `notices` gives what an operator should see to, for every status.
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
