// How likely a token has an expert in a place, held against all sets of groups and experts.
#include "core/simulate/step/gate_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <numeric>

#include "core/random.h"

namespace moescope {
namespace {

ModelShape shape(int experts, int groups, int top_groups, int top_k) {
  ModelShape model;
  model.experts = experts;
  model.groups = groups;
  model.top_groups = top_groups;
  model.top_k = top_k;
  return model;
}

std::vector<double> loads(int experts) {
  Random random(7);
  std::vector<double> load(static_cast<std::size_t>(experts));
  for (double& share : load) share = 1 + random.below(100);
  const double all = std::accumulate(load.begin(), load.end(), 0.0);
  for (double& share : load) share /= all;
  return load;
}

/// Odds of an expert being taken, given that its group is; all sets of groups are counted.
std::vector<double> odds_of(const ModelShape& m, const std::vector<double>& load) {
  const int size = m.experts / m.groups;
  std::vector<double> group(static_cast<std::size_t>(m.groups), 0.0), with = group, odds = load;
  for (int e = 0; e < m.experts; ++e) group[e / size] += load[e];
  double all = 0;
  for (unsigned set = 0; set < 1U << m.groups; ++set) {
    if (std::popcount(set) != m.top_groups) continue;
    double weight = 1;
    for (int g = 0; g < m.groups; ++g)
      if (set >> g & 1U) weight *= group[g];
    all += weight;
    for (int g = 0; g < m.groups; ++g)
      if (set >> g & 1U) with[g] += weight;
  }
  for (int e = 0; e < m.experts; ++e) {
    const double taken = std::min(m.top_k * load[e] * all / with[e / size], 0.999);
    odds[e] = taken / (1 - taken);
  }
  return odds;
}

/// Every set of groups with every choice of experts that takes one of each group at least.
double none_by_hand(const ModelShape& m, const std::vector<double>& load,
                    const std::vector<ExpertPart>& place) {
  const int size = m.experts / m.groups;
  const auto odds = odds_of(m, load);
  std::vector<double> group(static_cast<std::size_t>(m.groups), 0.0), left = odds;
  for (int e = 0; e < m.experts; ++e) group[e / size] += load[e];
  for (const auto& [expert, part] : place) left[expert] *= 1 - part;
  double none = 0, sum = 0;
  for (unsigned set = 0; set < 1U << m.groups; ++set) {
    if (std::popcount(set) != m.top_groups) continue;
    double weight = 1, ways = 0, outside = 0;
    for (int g = 0; g < m.groups; ++g)
      if (set >> g & 1U) weight *= group[g];
    for (unsigned chosen = 0; chosen < 1U << m.experts; ++chosen) {
      if (std::popcount(chosen) != m.top_k) continue;
      unsigned groups = 0;
      double all = 1, free = 1;
      for (int e = 0; e < m.experts; ++e) {
        if ((chosen >> e & 1U) == 0) continue;
        groups |= 1U << (e / size);
        all *= odds[e];
        free *= left[e];
      }
      if (groups != set) continue;
      ways += all;
      outside += free;
    }
    none += weight * outside / ways;
    sum += weight;
  }
  return none / sum;
}

TEST(GateModel, EqualsTheSumOverAllChoices) {
  for (const auto& model : {shape(12, 4, 2, 4), shape(12, 3, 3, 4), shape(8, 1, 1, 3),
                            shape(12, 4, 2, 2), shape(10, 5, 1, 2)}) {
    const auto load = loads(model.experts);
    const GateModel gate(model, load);
    GateModel::Scratch scratch;
    const auto last = static_cast<std::size_t>(model.experts - 1);
    for (const std::vector<ExpertPart>& place : {std::vector<ExpertPart>{},
                                                 {{0, 1}},
                                                 {{last, 0.5}},
                                                 {{1, 0.25}, {2, 1}},
                                                 {{0, 0.5}, {4, 0.5}, {last, 1}},
                                                 {{3, 0}}})
      EXPECT_NEAR(gate.none(place, scratch), none_by_hand(model, load, place), 1e-12)
          << model.experts << " experts, " << model.groups << " groups, " << place.size();
  }
}

TEST(GateModel, APlaceWithEveryExpertIsVisitedByAll) {
  const auto model = shape(12, 4, 2, 4);
  const GateModel gate(model, loads(12));
  GateModel::Scratch scratch;
  std::vector<ExpertPart> all;
  for (std::size_t e = 0; e < 12; ++e) all.push_back({e, 1});
  EXPECT_EQ(gate.none(all, scratch), 0);
  EXPECT_EQ(gate.none({}, scratch), 1);
}

/// Fewer experts than groups: no choice is possible, so no place is visited.
TEST(GateModel, WithoutAChoiceNothingIsVisited) {
  const GateModel gate(shape(12, 4, 3, 2), loads(12));
  GateModel::Scratch scratch;
  EXPECT_EQ(gate.none({{0, 1}}, scratch), 1);
}

TEST(GateModel, LayersWithoutLoadHaveNoVisits) {
  const GateModel gate(shape(12, 4, 2, 4), std::vector<double>(12, 0.0));
  GateModel::Scratch scratch;
  EXPECT_EQ(gate.none({{0, 1}}, scratch), 1);
}

}  // namespace
}  // namespace moescope
