// The solver of one layer: constraints, first placement, search, connection.
#pragma once

#include <vector>

#include "core/placement/solve/construct.h"
#include "core/placement/solve/search.h"
#include "core/placement/solve/solve.h"

namespace moescope {

class LayerSolver {
 public:
  /// @pre the options were checked against the loads, see solve_plan()
  LayerSolver(const std::vector<LayerLoads>& windows, const SolveOptions& options, int layer);

  /// Throws Error when the constraints leave no plan; a cancelled Progress ends
  /// it early.
  SolvedLayer solve(const Progress& progress);
  const std::vector<int>& row() const { return row_; }

 private:
  void scale_loads(const std::vector<LayerLoads>& windows);
  void allow_all_but_forbidden();
  void constrain();
  void bind_groups();
  std::vector<int> homes_of_previous() const;
  std::vector<Cell> cells() const;
  void start();
  void start_from_previous();
  void search(const Progress& progress);
  void search_pairs(const Progress& progress);
  void spend_copies(const Progress& progress);
  void descend_prices(const std::vector<char>& free, const std::vector<double>& prices,
                      const Progress& progress);
  void loosen_hierarchy(const Progress& progress);
  void connect(const Progress& progress);
  std::vector<std::vector<double>> drift_samples();
  void adopt(const LayerSearch& search);
  void improve(const std::vector<int>& from, LayerSearch::Schedule schedule,
               const Progress& progress);
  bool robust() const { return problem_.loads.size() > 1; }
  double max_load(const std::vector<int>& row) const;
  double cost(const std::vector<int>& row) const;
  std::uint64_t next_seed();

  const SolveOptions& options_;
  int layer_;
  SearchProblem problem_;
  std::vector<double> totals_,
      mean_loads_;  ///< tokens; scaled, mean over windows
  std::vector<PinnedSlot> pins_;
  std::vector<int> node_of_group_;  ///< empty without a hierarchy
  double bound_ = 1, target_ = 1;
  std::vector<int> row_;
  double best_ = 0;  ///< cost of row_
  std::uint64_t seed_;
};

}  // namespace moescope
