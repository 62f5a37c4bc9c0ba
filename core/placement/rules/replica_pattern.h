// Where replicas have to be so that a rule of ranks splits their tokens as it should.
//
// Under such rules the shares of replicas depend on the nodes that they are on. With the replicas
// of an expert on different nodes each rank of a node with one takes that one, wherever on the node
// it is: the nodes fix the shares, and GPUs of a node can be exchanged freely afterwards. So it is
// also in SGLang's draws, which only depend on what came before.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/placement/evaluate.h"
#include "core/placement/rules/replica_rule.h"
#include "core/placement/rules/sglang_static.h"
#include "core/random.h"

namespace moescope {

/// The replicas of an expert that has several, in the order of their slots.
struct ReplicaGroup {
  int expert = 0;
  bool on_gpus = false;    ///< units are GPUs: on one node, or where there are more than nodes
  std::vector<int> units;  ///< ascending, nodes or GPUs
  std::vector<std::vector<double>> shares;  ///< [rule][replica]
};

/// Chooses the patterns of one layer after the other: SGLang's generators run through them all.
class PatternChooser {
 public:
  PatternChooser(int gpus, int nodes, int slots_per_gpu, std::vector<ReplicaRule> rules);

  /// Most replicas that the rules can spread evenly.
  int most_replicas() const;
  /// Replicas with which an expert needs no draw: one for each node, with one node for each GPU.
  int covering_replicas() const { return nodes_ > 1 ? nodes_ : gpus_; }

  /// For each expert with several replicas those nodes (or GPUs) that make its shares most even,
  /// and the loads of the nodes after that.
  /// @param loads [expert], the mean GPU load is 1
  /// @param sources [rank][expert] tokens; nullptr: every rank sends the same share
  std::vector<ReplicaGroup> choose(std::span<const double> loads, const std::vector<int>& counts,
                                   const std::vector<std::vector<double>>* sources);

  /// A row that is as it is: a dense layer of the model.
  void pass(const std::vector<int>& row, int experts);

 private:
  struct Made {  ///< a draw for `ranks` ranks by a generator at `before`
    std::size_t before, after;
    int ranks;
    std::vector<int> choices;
  };
  struct Load {  ///< of a node or GPU, by replicas that are placed
    double tokens = 0;
    int slots = 0;
  };
  ReplicaGroup best_of(int expert, int count, double load);
  bool has_room(const ReplicaGroup& group) const;
  void rate(ReplicaGroup& group, std::vector<std::size_t>* places);
  void find_nearest(const ReplicaGroup& group);
  std::vector<double> shares_under(ReplicaRule rule, std::size_t replicas,
                                   std::vector<std::size_t>* places);
  double cost(const ReplicaGroup& group, double load) const;
  void take(const ReplicaGroup& group, double load);
  std::vector<std::vector<int>> candidates(int count, bool on_gpus);
  const Made& drawn(int replicas, int ranks, std::size_t place);

  int gpus_, nodes_, slots_per_gpu_;
  std::vector<ReplicaRule> rules_;
  SglangStatic draws_;
  std::vector<Made> made_;  ///< for the expert at hand
  /// For the set of nodes or GPUs at hand: the replica nearest to each rank, -1 for none, and the
  /// ranks that have none.
  std::vector<int> nearest_, drawing_;
  std::vector<double> source_;  ///< [rank] share of its tokens
  std::vector<Load> on_node_, on_gpu_;
  Random random_{1};
};

}  // namespace moescope
