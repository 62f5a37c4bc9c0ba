// Which physical slot of which rank serves an expert of a layer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace moescope::runtime {

/// Slots are global and rank-major: slot s is on rank s / slots_per_rank.
class Placement {
 public:
  /// The experts in order, spread evenly. Throws Error when they cannot be.
  static Placement contiguous(int layers, int experts, int ranks);
  /// `slots[layer][slot]` is the expert in each slot; `weights` likewise says how its tokens split
  /// over an expert's slots (empty: equally). Throws Error naming layer and slot when a layer has
  /// another number of slots, an unknown expert, or an expert without a slot.
  Placement(std::vector<std::vector<int>> slots, std::vector<std::vector<double>> weights,
            int experts, int ranks, const std::string& source = "plan");

  int layers() const { return static_cast<int>(slots_.size()); }
  int slots() const { return static_cast<int>(slots_.front().size()); }
  int ranks() const { return ranks_; }
  int slots_per_rank() const { return slots() / ranks_; }
  int expert(int layer, int slot) const {
    return slots_[static_cast<std::size_t>(layer)][static_cast<std::size_t>(slot)];
  }
  /// The slot that serves `expert` for the token with this key; keys spread by the split weights.
  int choose(int layer, int expert, std::uint64_t key) const;
  /// The slots of an expert, ascending.
  const std::vector<int>& replicas(int layer, int expert) const {
    return replicas_[static_cast<std::size_t>(layer)][static_cast<std::size_t>(expert)].slots;
  }
  /// Cumulative shares of the tokens of those slots, the last is 1.
  const std::vector<double>& shares(int layer, int expert) const {
    return replicas_[static_cast<std::size_t>(layer)][static_cast<std::size_t>(expert)].upto;
  }
  int experts() const { return static_cast<int>(replicas_.front().size()); }
  const std::vector<std::vector<int>>& table() const { return slots_; }
  /// Split weights [layer][slot]; empty: equal.
  const std::vector<std::vector<double>>& weights() const { return weights_; }
  friend bool operator==(const Placement& a, const Placement& b) {
    return a.ranks_ == b.ranks_ && a.slots_ == b.slots_ && a.weights_ == b.weights_;
  }

 private:
  struct Replicas {
    std::vector<int> slots;
    std::vector<double> upto;  ///< cumulative share of the tokens, the last is 1
  };
  void index(int experts, const std::string& source);

  std::vector<std::vector<int>> slots_;
  std::vector<std::vector<double>> weights_;
  int ranks_;
  std::vector<std::vector<Replicas>> replicas_;  ///< [layer][expert]
};

/// A key that is the same for a token in every batch, layout and run.
std::uint64_t token_key(std::uint64_t request, int position, int layer);

}  // namespace moescope::runtime
