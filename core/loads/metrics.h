// Unevenness of loads, by every measure that engines print, and drift.
#pragma once

#include <vector>

#include "core/loads/load_set.h"

namespace moescope {

/// Measures of the values of one layer, per expert or per GPU. Without load all are as if balanced.
struct Unevenness {
  double total = 0, mean = 0, max = 0;
  double max_over_mean = 1;  ///< imbalance
  double mean_over_max = 1;  ///< balancedness of one layer; engines: see engine_figures()
  double excess = 0;         ///< (max - mean) / mean
  double gini = 0;           ///< 0 all alike .. 1 one has all
  double cv = 0;             ///< standard deviation / mean
};
Unevenness unevenness(const std::vector<double>& values);

enum class BalanceMetric { MaxOverMean, MeanOverMax, Excess, Gini, Cv };
inline constexpr BalanceMetric kBalanceMetrics[] = {
    BalanceMetric::MaxOverMean, BalanceMetric::MeanOverMax, BalanceMetric::Excess,
    BalanceMetric::Gini, BalanceMetric::Cv};
double value_of(const Unevenness& u, BalanceMetric metric);
/// Value of loads that are all alike: 1 or 0.
double balanced_value(BalanceMetric metric);

/// Indices of the highest values first (or lowest), at most `count`; ties by index.
std::vector<int> hottest(const std::vector<double>& values, int count);
std::vector<int> coldest(const std::vector<double>& values, int count);

/// Share of tokens of a layer that would have to change expert to turn one distribution into the
/// other (total variation distance), 0..1. 0 when either has no load.
double drift(const std::vector<double>& before, const std::vector<double>& after);

}  // namespace moescope
