// What a node answers over the wire: an engine's control in the terms of core/cluster.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "core/cluster/wire/node_types.h"
#include "gpu/engine/plan/control.h"

namespace moescope::runtime {

/// What does not change while a node runs.
struct NodeFacts {
  std::string model, backend;
  int experts = 0;                 ///< logical, of a layer
  std::uint64_t expert_bytes = 0;  ///< weights of one expert of one layer
};

/// Safe from several threads. Lives longer than the engine that it speaks for: until serve() and
/// after leave() every call throws NotServing.
class NodeService final : public NodeControl {
 public:
  /// Answers for `control` from here on. `stop` is called when a client asks the node to end.
  void serve(Control& control, NodeFacts facts, std::function<void()> stop);
  /// Forgets the control. Calls that wait for a change of plan return at once, and all have
  /// returned when this does.
  void leave();

  void check_serving() override;
  NodeStatus status(bool with_plan) override;
  PlanOutcome apply(const PlanRequest& request, const std::string& who,
                    const PlanListener& listener) override;
  PlanOutcome rollback(const std::string& who) override;
  void report_effect(std::uint64_t ticket, const PlanEffect& effect) override;
  void configure(const NodeSettings& settings) override;
  void stop() override;

 private:
  /// A call that goes on; the control stays as long.
  class Use;
  NodeStatus read_status(const Use& use, bool with_plan);
  PlanOutcome wait(Control& control, PlanTicket ticket, const PlanListener& listener);
  PlanOutcome dry_run(const Control& control, const Plan& plan, const PlanRequest& request,
                      const std::string& who) const;

  NodeFacts facts_;  ///< these two change only while nobody calls
  std::function<void()> stop_;

  std::mutex mutex_;  ///< guards the rest
  std::condition_variable changed_;
  Control* control_ = nullptr;
  int users_ = 0;
  std::uint64_t changes_ = 0;  ///< counts notices of the control
  std::uint64_t proposals_ = 0;
  std::map<PlanTicket, PlanEffect> effects_;  ///< of the last changes, as clients reported
  bool left_ = false;
};

}  // namespace moescope::runtime
