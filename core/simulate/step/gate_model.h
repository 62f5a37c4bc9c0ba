// A gate with groups: how likely a token has none of its experts in a place.
#pragma once

#include <cstddef>
#include <vector>

#include "core/simulate/model/model.h"

namespace moescope {

/// Part of an expert's tokens that a place gets.
struct ExpertPart {
  std::size_t expert = 0;
  double part = 0;
};

/// A gate that takes `top_groups` groups, each set of them with a weight of the product of their
/// loads, and then `top_k` experts of these at once, each set of them with a weight of the product
/// of the experts' odds. The odds are those of being taken, given that the group is: for sets of
/// fixed size that comes close to the loads the odds were made from.
///
/// Sets are counted by polynomials: element n of a group's is the sum over all choices of n + 1 of
/// its experts, because a group is taken for one of its experts at least. What no place changes is
/// computed once: a place that lies in one or two groups changes the sum over all sets by what
/// these groups' polynomials change, times what the rest of their sets keeps.
class GateModel {
 public:
  /// @param load [expert] share of all assignments
  GateModel(const ModelShape& model, const std::vector<double>& load);

  /// Memory that none() works in; one for each thread.
  struct Scratch {
    std::vector<double> groups, taken;
    std::vector<char> changed;
  };
  /// How likely none of a token's experts lies in a place that gets these parts of them.
  /// @param place by expert, none twice
  double none(const std::vector<ExpertPart>& place, Scratch& scratch) const;

 private:
  struct Walk;
  void set_odds(std::size_t group, double all);
  void keep_groups();
  void keep_sets(const double* taken, double weight, std::vector<std::size_t>& chosen);
  void keep_rests(const std::vector<std::size_t>& set, double weight);
  const double* rest(std::size_t group, std::size_t other) const;
  double with_few_changed(const Scratch& scratch, std::size_t first, std::size_t second) const;
  void walk(Walk& walk, const double* taken, bool changed, std::size_t next,
            std::size_t chosen) const;

  std::size_t size_, top_groups_, top_k_;
  std::size_t terms_;  ///< of a polynomial: choices that leave every other group an expert
  std::vector<double> odds_, group_;
  /// [expert][term] product of the experts of its group before it; [group][term] of all of them.
  std::vector<double> before_, groups_;
  std::vector<double> taken_;  ///< [inner node of the walk][term], in its order
  std::vector<double> ways_;   ///< [set] sum over its ways to take experts
  std::vector<double> sets_;   ///< [set] weight over its ways
  /// [group][group][term] sum over the sets with both groups, of what their other groups give.
  std::vector<double> rests_;
  double sum_ = 0;   ///< of the sets' weights
  double kept_ = 0;  ///< sum over the sets, of weight times ways
};

}  // namespace moescope
