// What a node answers over the wire: an engine's control in the terms of core/cluster.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "core/cluster/node_types.h"
#include "gpu/engine/control.h"

namespace moescope::runtime {

/// What does not change while a node runs.
struct NodeFacts {
  std::string model, backend;
  int experts = 0;                 ///< logical, of a layer
  std::uint64_t expert_bytes = 0;  ///< weights of one expert of one layer
};

/// Safe from several threads. `control` outlives it.
class NodeService final : public NodeControl {
 public:
  /// `stop` is called when a client asks the node to end.
  NodeService(Control& control, NodeFacts facts, std::function<void()> stop);
  ~NodeService() override;

  NodeStatus status(bool with_plan) override;
  PlanOutcome apply(const PlanRequest& request, const std::string& who,
                    const PlanListener& listener) override;
  PlanOutcome rollback(const std::string& who) override;
  void tell_effect(std::uint64_t ticket, const PlanEffect& effect) override;
  void configure(const NodeSettings& settings) override;
  void stop() override;

  /// The engine no longer runs: calls that wait for a change of plan return.
  void close();

 private:
  PlanOutcome wait(PlanTicket ticket, const PlanListener& listener);
  PlanOutcome dry_run(const Plan& plan, const PlanRequest& request, const std::string& who) const;

  Control& control_;
  NodeFacts facts_;
  std::function<void()> stop_;

  std::mutex mutex_;  ///< guards the rest
  std::condition_variable changed_;
  std::uint64_t changes_ = 0;  ///< counts notices of the control
  std::uint64_t proposals_ = 0;
  std::map<PlanTicket, PlanEffect> effects_;  ///< of the last changes, as clients told
  bool closed_ = false;
};

}  // namespace moescope::runtime
