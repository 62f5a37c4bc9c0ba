// Local search for the placement of one layer: replica counts and packing at
// once.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "core/progress.h"
#include "core/random.h"

namespace moescope {

/// One layer. The caller keeps it alive for the search. Loads are scaled so
/// that the mean GPU load of each window is 1.
struct SearchProblem {
  int experts = 0, gpus = 0, slots_per_gpu = 0;
  std::vector<std::vector<double>> loads;  ///< [window][expert]
  std::vector<double> weight;              ///< [window] in the objective; empty: all 1
  std::vector<char> fixed;    ///< [slot], nonzero: the slot keeps its expert; may be empty
  std::vector<char> allowed;  ///< [expert * gpus + gpu]; empty: every expert may
                              ///< live everywhere
  std::vector<char> held;     ///< [expert * gpus + gpu], pairs that need no copy; empty: all
  int max_copies = std::numeric_limits<int>::max();
  int block_gpus = 0;           ///< exchanges stay in blocks of that many GPUs; 0: everywhere
  std::vector<double> penalty;  ///< [expert * gpus + gpu], added to the objective; may be empty

  int slot_count() const { return gpus * slots_per_gpu; }
};

/// Simulated annealing on sum of max(0, GPU load - target)^2 over GPUs and
/// windows, with moves that exchange two slots or give a slot to another
/// expert. Deterministic for a seed.
class LayerSearch {
 public:
  LayerSearch(const SearchProblem& problem, std::vector<int> row, std::uint64_t seed);

  struct Schedule {
    double target = 1;       ///< GPU load that need not be improved
    std::int64_t moves = 0;  ///< proposals
    /// Temperatures, in units of the objective.
    double initial_temperature = 0, final_temperature = 0;
  };
  /// Improves the placement; ends early when the target is reached or the work
  /// is cancelled. Returns true when no GPU exceeds the target.
  bool anneal(const Schedule& schedule, const Progress& progress);

  /// Greedy descent for plans where each copy counts: of all moves that touch
  /// the hottest GPU makes the one with the most relief per copy, until the
  /// target is reached, the budget is spent or no move helps. Returns true when
  /// no GPU exceeds the target.
  bool relieve(double target, const Progress& progress);

  /// The best placement so far.
  const std::vector<int>& best_row() const { return best_row_; }
  int copies() const { return copies_; }

 private:
  struct Change {
    std::size_t index;
    double old_load;
  };
  int gpu_of(int slot) const { return gpu_of_[static_cast<std::size_t>(slot)]; }
  std::size_t pair(int expert, int gpu) const {
    return static_cast<std::size_t>(expert) * static_cast<std::size_t>(problem_.gpus) +
           static_cast<std::size_t>(gpu);
  }
  bool may_host(int expert, int gpu) const {
    return present_[pair(expert, gpu)] == 0 &&
           (problem_.allowed.empty() || problem_.allowed[pair(expert, gpu)] != 0);
  }
  int copy_cost(int expert, int gpu) const {
    return problem_.held.empty() || problem_.held[pair(expert, gpu)] != 0 ? 0 : 1;
  }
  double penalty(int expert, int gpu) const {
    return problem_.penalty.empty() ? 0 : problem_.penalty[pair(expert, gpu)];
  }
  double weight(int window) const {
    return problem_.weight.empty() ? 1 : problem_.weight[static_cast<std::size_t>(window)];
  }
  double excess(double load) const {
    const double over = load - target_;
    return over > 0 ? over * over : 0;
  }
  void reset(std::vector<int> row);
  void restore_best();
  int hot_gpu();
  template <bool kOne>
  bool try_swap(int s, int t, double threshold);
  template <bool kOne>
  bool step(double temperature);
  void recount(int expert, int by);
  std::size_t at(int window, int gpu) const {
    return static_cast<std::size_t>(window * problem_.gpus + gpu);
  }
  double share(int window, int expert) const {
    return share_[static_cast<std::size_t>(window * problem_.experts + expert)];
  }

  bool try_replace(int slot, int expert, double threshold);
  struct Move {
    double score = 0;  ///< change of the objective per copy, negative is better
    int slot = -1, other = -1,
        expert = -1;  ///< exchange with other, or give to expert
  };
  Move best_move(int gpu);
  void consider_swap(int s, int t, Move& best) const;
  void consider_replace(int slot, int expert, Move& best);
  bool lightens(int slot, int expert) const;
  double change_loads(int slot, int expert);
  void undo_loads();
  double replace_delta(int slot, int expert);
  double swap_delta(int s, int t) const;
  int swap_copies(int s, int t) const;
  int replace_copies(int slot, int expert) const;
  void note_best();
  double objective() const;
  double max_load() const;
  void place(int slot, int expert);

  const SearchProblem& problem_;
  Random random_;
  int windows_;
  std::vector<int> row_, count_;
  std::vector<double> share_;            ///< [window * experts + expert] load of one replica
  std::vector<std::vector<int>> hosts_;  ///< [expert] slots
  std::vector<std::uint16_t> present_;   ///< [expert * gpus + gpu] copies
  std::vector<double> load_;             ///< [window * gpus + gpu]
  std::vector<int> gpu_of_;              ///< [slot]
  std::vector<Change> undo_;
  int copies_ = 0;
  double target_ = 1, objective_ = 0, penalty_sum_ = 0;
  double best_objective_ = 0, best_max_ = 0;
  std::vector<int> best_row_;
};

}  // namespace moescope
