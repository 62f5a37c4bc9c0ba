// A plan being edited: every edit updates only the figures of what it touched.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/placement/edit/plan_edit.h"
#include "core/placement/evaluate.h"
#include "core/placement/plan.h"
#include "core/placement/remote_nodes.h"
#include "core/placement/rules/slot_shares.h"
#include "core/placement/validate.h"

namespace moescope {

/// Figures of one layer; what is not known is absent.
struct LayerFigures {
  std::optional<double> equal;     ///< imbalance with equal shares; absent without loads
  std::optional<double> weighted;  ///< with the plan's replica weights, when it has them
  /// Under the rule of the state; absent where the rule cannot be followed.
  std::optional<double> under_rule;
  std::optional<double> bound;  ///< of any plan with that many slots, under the rule
  std::optional<double> bound_hierarchical;
  std::optional<int> copies;  ///< against the reference plan
  bool no_load = false;

  /// What the plan does when it is served.
  std::optional<double> imbalance() const { return under_rule; }
};

/// Holds a plan, the loads and the replica rule it is judged by, and the plan it is compared with.
/// The cost of an edit is proportional to the hosts of the experts it moves; under rules whose
/// shares depend on more than replica counts the touched layers are followed again when they are
/// asked for, under SGLang's static also those after them. Figures equal those of evaluate_plan()
/// with the shares of slot_shares() bit by bit. A plan with problems can be held and fixed: rows
/// whose slots do not divide over the GPUs have no figures.
class PlanState {
 public:
  /// Throws Error when not even the machine of the plan is sound, see machine_is_sound().
  explicit PlanState(Plan plan);

  const Plan& plan() const { return plan_; }
  /// Null: not known. Throws Error when they do not fit the plan; the state stays as it was.
  void set_loads(std::shared_ptr<const LayerLoads> loads);
  void set_routes(std::shared_ptr<const Routes> routes);
  void set_reference(std::shared_ptr<const Plan> reference);
  void set_expected(PlanExpectation expected);
  /// At first the plan's replica weights, else equal shares.
  /// @param by_source of the tokens, for rules of ranks; null: every rank sends the same share.
  /// Throws Error when they do not fit the plan; the state stays as it was.
  void set_rule(ReplicaRule rule, std::shared_ptr<const SourceLoads> by_source = nullptr);
  ReplicaRule rule() const { return rule_; }
  bool knows_sources() const { return by_source_ != nullptr; }
  /// Why the rule cannot be followed for this plan; empty when it can.
  std::string rule_problem() const;
  bool has_loads() const { return loads_ != nullptr; }
  const std::shared_ptr<const LayerLoads>& loads() const { return loads_; }
  const std::shared_ptr<const Plan>& reference() const { return reference_; }
  const PlanExpectation& expected() const { return expected_; }

  /// Throws Error when the edit does not fit.
  void apply(const PlanEdit& edit);

  /// Slots of a GPU in this layer; 0 when they do not divide.
  int slots_per_gpu(int layer) const { return at(layer).per_gpu; }
  /// Slots that hold `expert`, ascending.
  const std::vector<int>& hosts(int layer, int expert) const;
  /// Tokens that reach the slot under the rule; nullopt without loads or where it cannot be
  /// followed.
  std::optional<double> slot_load(int layer, int slot) const;
  /// Tokens of each GPU under the rule; empty without loads or where it cannot be followed.
  const std::vector<double>& gpu_loads(int layer) const;
  /// Over the live GPUs; 0 without loads.
  double mean_gpu_load(int layer) const { return at(layer).mean; }

  LayerFigures figures(int layer) const;
  /// The plan as under_rule() makes it: predictions of it are under the rule. Throws Error where
  /// the rule cannot be followed in all layers. @pre has_loads()
  Plan ruled_plan() const;
  /// The best possible split of this layer; searched again after an edit of the layer (about 1 ms).
  std::optional<double> best_split(int layer) const;
  /// Nodes a token of the routes visits beyond its own. nullopt without routes or on one node.
  /// The first call for a layer sorts its tokens by expert.
  std::optional<double> remote_nodes(int layer) const;
  /// Tokens that remote_nodes() counts; more are sampled evenly.
  static constexpr std::size_t kCountedTokens = 8192;

  const std::vector<PlanProblem>& shape_problems() const { return shape_problems_; }
  const std::vector<PlanProblem>& problems(int layer) const;
  /// All of them, in the order of validate_plan().
  std::vector<PlanProblem> problems() const;
  std::int64_t copies() const;  ///< against the reference, over all layers; 0 without one

 private:
  struct Layer {
    int per_gpu = 0;
    std::vector<std::vector<int>> hosts;  ///< [expert]
    std::vector<double> equal, weighted;  ///< [gpu]
    double mean = 0;
    std::vector<int> copies_of_gpu;
    int copies = 0;
    mutable std::optional<double> bound, bound_hierarchical, best_split;
    mutable bool bounds_known = false, problems_known = false;
    mutable std::vector<PlanProblem> problems;
    mutable std::optional<RemoteCounter> remote;
    mutable bool shares_known = false;
    mutable std::vector<double> shares;  ///< [slot]; empty where the rule has no figures here
    mutable std::vector<double> ruled;   ///< [gpu], tokens by these shares
  };
  const Layer& at(int layer) const { return layers_.at(static_cast<std::size_t>(layer)); }
  bool judged(const Layer& layer) const { return loads_ != nullptr && layer.per_gpu > 0; }
  void rebuild();
  void rebuild_layer(int layer);
  void touch(int layer, const std::vector<int>& experts, const std::vector<int>& slots);
  void weigh_gpu(int layer, int gpu);
  void count_copies(int layer, int gpu);
  void find_bounds(int layer) const;
  bool rule_has_shares() const;
  bool can_split_best(int layer) const;
  void find_shares(int layer) const;
  void find_shares_of_layer(int layer) const;
  void find_shares_of_plan() const;
  const SlotShares& followed() const;
  void take_shares(int layer, std::vector<double> shares) const;
  void forget_shares();

  Plan plan_;
  std::shared_ptr<const LayerLoads> loads_;
  std::shared_ptr<const Routes> routes_;
  std::shared_ptr<const Plan> reference_;
  PlanExpectation expected_;
  ReplicaRule rule_ = ReplicaRule::Weights;
  std::shared_ptr<const SourceLoads> by_source_;
  /// Rows that SGLang's static was followed for, the newest first: a drag alternates between the
  /// plan and its preview.
  struct Followed {
    std::vector<std::vector<int>> rows;
    SlotShares shares;
    std::string problem;
  };
  mutable std::vector<Followed> followed_;
  std::vector<Layer> layers_;
  std::vector<PlanProblem> shape_problems_;
};

}  // namespace moescope
