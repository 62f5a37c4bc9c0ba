#include "core/cluster/grpc/control_service.h"

#include <fmt/format.h>

#include <mutex>

#include "core/cluster/wire/bounded_text.h"
#include "core/cluster/wire/protocol.h"
#include "core/cluster/wire/wire_enums.h"
#include "core/cluster/wire/wire_types.h"
#include "core/error.h"
#include "core/version.h"

namespace moescope {
namespace {

constexpr WorkLane::Limits kLooks{.threads = 1, .all = 64, .of_one = 4};
constexpr WorkLane::Limits kOperations{.threads = 2, .all = 256, .of_one = 32};
/// A change is waited for by the thread that asked for it.
constexpr WorkLane::Limits kChanges{.threads = 4, .all = 16, .of_one = 4};
constexpr WorkLane::Limits kUndoings{.threads = 1, .all = 8, .of_one = 2};

grpc::Status busy() {
  return {grpc::StatusCode::RESOURCE_EXHAUSTED, "the node has too many calls",
          "Try again in a moment"};
}

/// A change of plan that streams its progress. A client that reads slowly misses some updates but
/// delays nothing.
class ApplyCall final : public grpc::ServerWriteReactor<wire::ApplyEvent> {
 public:
  void send(const NodePlanChange& change) {
    {
      std::lock_guard lock(mutex_);
      encode(change, *next_.mutable_progress());
      has_next_ = true;
      if (writing_) return;
      take();
    }
    StartWrite(&event_);
  }
  /// The last call, from the thread that calls send(); the object must not be used afterwards.
  void end(const grpc::Status& status, const PlanOutcome* outcome) {
    {
      std::lock_guard lock(mutex_);
      ended_ = true;
      status_ = status;
      if (outcome != nullptr) encode(*outcome, *last_.mutable_outcome());
      has_last_ = outcome != nullptr;
      if (writing_) return;
      writing_ = true;
    }
    finish();
  }
  void OnWriteDone(bool) override {
    bool ends = false;
    {
      std::lock_guard lock(mutex_);
      ends = ended_;
      if (!ends && !has_next_) {
        writing_ = false;
        return;
      }
      if (!ends) take();
    }
    if (ends)
      finish();
    else
      StartWrite(&event_);
  }
  void OnDone() override { delete this; }

 private:
  void take() {
    event_.Swap(&next_);
    has_next_ = false;
    writing_ = true;
  }
  void finish() {
    if (has_last_)
      StartWriteAndFinish(&last_, grpc::WriteOptions(), status_);
    else
      Finish(status_);
  }

  std::mutex mutex_;
  wire::ApplyEvent event_, next_, last_;  ///< being written, to be written, the outcome
  bool writing_ = false, has_next_ = false, has_last_ = false, ended_ = false;
  grpc::Status status_;
};

}  // namespace

grpc::Status status_of(const std::exception& problem) {
  if (dynamic_cast<const NotServing*>(&problem) != nullptr)
    return {grpc::StatusCode::FAILED_PRECONDITION, problem.what(), "Try again in a moment"};
  if (const auto* error = dynamic_cast<const Error*>(&problem))
    return {grpc::StatusCode::INVALID_ARGUMENT, error->problem(), error->remedy()};
  return {grpc::StatusCode::INTERNAL, problem.what()};
}

ControlService::ControlService(const Guard& guard, NodeControl& control, const Publisher& publisher,
                               std::function<std::vector<std::string>()> notices)
    : guard_(guard),
      control_(control),
      publisher_(publisher),
      notices_(std::move(notices)),
      looks_(kLooks),
      operations_(kOperations),
      changes_(kChanges),
      undoings_(kUndoings) {}

grpc::Status ControlService::admit(const grpc::CallbackServerContext& context, PeerRole needed,
                                   Caller& caller) const {
  if (auto status = guard_.admit(context, caller); !status.ok()) return status;
  if (needed == PeerRole::Operator && caller.role != PeerRole::Operator)
    return {grpc::StatusCode::PERMISSION_DENIED, "a viewer may not change the node"};
  return grpc::Status::OK;
}

/// Does `work(caller)` in `lane`, at once when there is none. Without a given lane of their own
/// viewers look in one, operators in another.
template <typename Work>
grpc::ServerUnaryReactor* ControlService::answer(grpc::CallbackServerContext& context,
                                                 PeerRole needed, WorkLane* lane, Work work) {
  grpc::ServerUnaryReactor* reactor = context.DefaultReactor();
  Caller caller;
  if (auto status = admit(context, needed, caller); !status.ok()) {
    reactor->Finish(status);
    return reactor;
  }
  if (lane == &looks_ && caller.role == PeerRole::Operator) lane = &operations_;
  const auto call = [&context, reactor, caller, work] {
    if (context.IsCancelled()) return reactor->Finish(grpc::Status::CANCELLED);
    try {
      work(caller);
    } catch (const std::exception& problem) {
      return reactor->Finish(status_of(problem));
    }
    reactor->Finish(grpc::Status::OK);
  };
  if (lane == nullptr)
    call();
  else if (!lane->submit(caller.identity, call))
    reactor->Finish(busy());
  return reactor;
}

grpc::ServerUnaryReactor* ControlService::Hello(grpc::CallbackServerContext* context,
                                                const wire::HelloRequest* request,
                                                wire::HelloReply* reply) {
  return answer(*context, PeerRole::Viewer, nullptr, [this, request, reply](const Caller& caller) {
    check_protocols("", {}, {request->protocol(), request->version()});
    control_.check_serving();
    reply->set_protocol(kClusterProtocol);
    reply->set_version(program_version());
    reply->set_run(publisher_.run());
    reply->set_role(wire_number(caller.role));
  });
}

grpc::ServerUnaryReactor* ControlService::Status(grpc::CallbackServerContext* context,
                                                 const wire::StatusRequest* request,
                                                 wire::NodeStatus* reply) {
  return answer(*context, PeerRole::Viewer, &looks_,
                [this, request, reply](const Caller&) { fill(request->with_plan(), *reply); });
}

grpc::ServerWriteReactor<wire::ApplyEvent>* ControlService::Apply(
    grpc::CallbackServerContext* context, const wire::ApplyRequest* request) {
  auto* call = new ApplyCall;  // deletes itself
  Caller caller;
  if (auto status = admit(*context, PeerRole::Operator, caller); !status.ok()) {
    call->Finish(status);
    return call;
  }
  if (request->name().size() > kMaxNameBytes) {
    call->Finish({grpc::StatusCode::INVALID_ARGUMENT,
                  fmt::format("the name of a plan has at most {} bytes, this one {}", kMaxNameBytes,
                              request->name().size()),
                  "Give it a shorter name"});
    return call;
  }
  PlanRequest plan = decode(*request);
  plan.name = bounded_text(plan.name, kMaxNameBytes);
  const bool taken = changes_.submit(caller.identity, [this, call, context, caller, plan] {
    if (context->IsCancelled()) return call->end(grpc::Status::CANCELLED, nullptr);
    PlanOutcome outcome;
    try {
      // The change goes on when its client goes away: the outcome is in the history.
      outcome = control_.apply(plan, caller.name, [call](const NodePlanChange& change) {
        call->send(change);
        return true;
      });
    } catch (const std::exception& problem) {
      return call->end(status_of(problem), nullptr);
    }
    call->end(grpc::Status::OK, &outcome);
  });
  if (!taken) call->Finish(busy());
  return call;
}

grpc::ServerUnaryReactor* ControlService::Rollback(grpc::CallbackServerContext* context,
                                                   const wire::Empty*, wire::PlanOutcome* reply) {
  return answer(*context, PeerRole::Operator, &undoings_, [this, reply](const Caller& caller) {
    encode(control_.rollback(caller.name), *reply);
  });
}

grpc::ServerUnaryReactor* ControlService::ReportEffect(grpc::CallbackServerContext* context,
                                                       const wire::EffectReport* request,
                                                       wire::Empty*) {
  return answer(*context, PeerRole::Operator, &operations_, [this, request](const Caller&) {
    control_.report_effect(request->ticket(), decode(request->effect()));
  });
}

grpc::ServerUnaryReactor* ControlService::Configure(grpc::CallbackServerContext* context,
                                                    const wire::NodeSettings* request,
                                                    wire::NodeStatus* reply) {
  return answer(*context, PeerRole::Operator, &operations_, [this, request, reply](const Caller&) {
    control_.configure(decode(*request));
    fill(false, *reply);
  });
}

grpc::ServerUnaryReactor* ControlService::Stop(grpc::CallbackServerContext* context,
                                               const wire::Empty*, wire::Empty*) {
  return answer(*context, PeerRole::Operator, &operations_,
                [this](const Caller&) { control_.stop(); });
}

void ControlService::fill(bool with_plan, wire::NodeStatus& reply) const {
  NodeStatus status = control_.status(with_plan);
  status.run = publisher_.run();
  status.viewers = publisher_.viewers();
  for (std::string& notice : notices_()) status.notices.push_back(std::move(notice));
  encode(status, reply);
  fit_status(reply, kMaxStatusBytes);
}

}  // namespace moescope
