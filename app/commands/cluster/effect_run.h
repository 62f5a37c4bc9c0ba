// Predicts the effect of a change of plan for `moescope apply` and `rollback`, measures it
// afterwards and stores it in the node's history.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "app/commands/cluster/apply_effect.h"
#include "core/cluster/client.h"
#include "core/cluster/effect/effect_meter.h"
#include "core/placement/plan.h"

namespace moescope {

class EffectRun {
 public:
  EffectRun(const EffectOptions& options, std::shared_ptr<ClusterClient> client);

  /// By the loads and, of a recording, by its last steps; without loads the node is watched for the
  /// seconds to measure. Does nothing when neither is given. Throws Error, Cancelled.
  void predict(const NodeStatus& status, const Plan& running, const Plan& plan);
  /// Discards the prediction.
  void drop() { meter_.drop(); }
  /// After the change `ticket` came into force: watches the node for the seconds to measure, if
  /// any, fills in what was measured, and has the node keep it all for its history. Prints a note
  /// on stderr when the node cannot keep it.
  void follow(std::uint64_t ticket);

  /// nullptr when nothing is predicted.
  const PlanEffect* effect() const { return meter_.effect(); }

 private:
  void feed();
  void work();
  void watch(const char* doing, double seconds, const std::function<bool()>& done);
  void keep(std::uint64_t ticket) const;

  EffectOptions options_;
  std::shared_ptr<ClusterClient> client_;
  std::optional<LiveSource> source_;  ///< while there is something to measure
  EffectMeter meter_;
};

}  // namespace moescope
