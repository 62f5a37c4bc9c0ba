// Placement plans that balance better than the greedy procedure of current engines.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/placement/evaluate.h"
#include "core/placement/plan.h"
#include "core/placement/rules/replica_rule.h"
#include "core/progress.h"

namespace moescope {

enum class Hierarchy {
  Hard,  ///< every replica of a routing group stays on the group's node
  Soft,  ///< replicas leave the node only as far as balance needs it
  Off    ///< groups are ignored
};

/// An expert that must stay in a slot, or that must not live on a GPU.
struct SlotPin {
  int layer = -1;  ///< row; -1 for all
  int slot = 0, expert = 0;
  friend bool operator==(const SlotPin&, const SlotPin&) = default;
};
struct Forbidden {
  int layer = -1;
  int gpu = 0, expert = 0;
  friend bool operator==(const Forbidden&, const Forbidden&) = default;
};

struct SolveOptions {
  int gpus = 1, nodes = 1, groups = 1;
  int slot_count = 0;  ///< physical experts of a layer
  Hierarchy hierarchy = Hierarchy::Off;
  bool connected = false;         ///< join all GPUs by shared experts, so that a new
                                  ///< split can follow drift
  bool split_best = false;        ///< write replica weights of the best split
  const Plan* from = nullptr;     ///< the plan that runs now
  std::optional<int> max_copies;  ///< per layer, against `from`
  bool rebuild = false;           ///< rebuild from scratch, ignoring `from`; its GPUs and slots are
                                  ///< then renamed so that it copies little, see relabel_row()
  std::vector<SlotPin> pinned;
  std::vector<Forbidden> forbidden;
  std::vector<int> dead_gpus;
  std::vector<int> layer_ids;
  /// Accepted excess over the bound; with Soft and with copies to save, the
  /// search stops there.
  std::optional<double> tolerance;
  /// Imbalance from which further balance is worth nothing: the search stops there too, so that a
  /// running plan is copied less and with Soft fewer replicas leave their node.
  std::optional<double> good_enough;
  /// Rules under which the plan has to be good; of several the worst counts.
  std::vector<ReplicaRule> rules = {ReplicaRule::Even};
  SourceLoads by_source;  ///< of the tokens, for rules of ranks; empty: all ranks send the same
  std::uint64_t seed = 1;
  int threads = 0;  ///< 0 = all cores; the plan does not depend on it
  /// The imbalance at which a layer is done: as near to its bound as is asked for, `usual` where
  /// nobody asks, or good enough.
  double target(double bound, double usual) const {
    return std::max(bound * (1 + tolerance.value_or(usual)), good_enough.value_or(0));
  }
  /// Called after each layer from worker threads, one call at a time.
  std::function<void(int layer, const std::vector<int>& row)> on_layer;
};

struct SolvedLayer {
  double imbalance = 1;  ///< of all windows together, under the worst of the rules
  double target = 1;     ///< what the search aimed at: bound and tolerance
  int copies = 0;        ///< against `from`
  bool reached = false;
};

struct SolveResult {
  Plan plan;
  std::vector<SolvedLayer> layers;
  /// The plan was made for equal shares, because no other is made with these options or none was
  /// better; the rules judge it all the same.
  bool for_equal_shares = false;
  bool cancelled = false;  ///< the plan is valid, but the search was cut short
};

/// Solves all layers, in parallel, with the same result for the same seed
/// whatever the threads. Several windows: the plan is good for each of them,
/// not only for their sum.
/// @param windows [window][layer][expert]
/// A cancelled Progress ends the search with the best plan so far. Throws Error
/// when the numbers do not divide or the constraints leave no plan.
SolveResult solve_plan(const std::vector<LayerLoads>& windows, const SolveOptions& options,
                       Progress& progress);

/// Sum of windows of the same shape. @pre not empty
LayerLoads sum_of(const std::vector<LayerLoads>& windows);

/// Writes the replica weights of the best split for `loads` into `plan`; no
/// weights move.
void resplit(Plan& plan, const LayerLoads& loads, int threads, Progress& progress);

/// Lower bounds by number of slots: where more redundancy helps.
struct SlotBound {
  int slot_count = 0;
  Summary bound;
};
/// For every multiple of `gpus` from the experts up to `max_slots`, see rule_bound().
std::vector<SlotBound> bound_curve(const LayerLoads& loads, int gpus, int max_slots,
                                   ReplicaRule rule = ReplicaRule::Even,
                                   const SourceLoads& by_source = {});

}  // namespace moescope
