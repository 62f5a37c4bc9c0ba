// Routes of a simulated gate with group-limited choice.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "core/placement/evaluate.h"
#include "tests/support/load_generator.h"

namespace moescope::test {

/// Scores are the logarithm of an expert's load plus Gumbel noise, so that an expert is chosen in
/// proportion to its load; a group's score is the sum of its two best, the `top_groups` best groups
/// are kept, and of their experts the `top_k` best.
inline Routes gate_routes(const LayerLoads& loads, int tokens, int groups, int top_groups,
                          int top_k, std::uint64_t seed) {
  Routes routes;
  routes.layers = static_cast<int>(loads.size());
  routes.top_k = top_k;
  LoadRandom random(seed);
  const std::size_t experts = loads[0].size(), size = experts / static_cast<std::size_t>(groups);
  std::vector<double> score(experts), group(static_cast<std::size_t>(groups));
  std::vector<std::size_t> order(group.size()), chosen;
  for (int t = 0; t < tokens; ++t)
    for (const auto& row : loads) {
      for (std::size_t e = 0; e < experts; ++e)
        score[e] = std::log(std::max(row[e], 1e-9)) - std::log(-std::log(1 - random.uniform()));
      for (std::size_t g = 0; g < group.size(); ++g) {
        double best = -1e300, second = -1e300;
        for (std::size_t e = g * size; e < (g + 1) * size; ++e)
          if (score[e] > best)
            second = std::exchange(best, score[e]);
          else
            second = std::max(second, score[e]);
        group[g] = best + second;
      }
      std::iota(order.begin(), order.end(), std::size_t{0});
      std::partial_sort(order.begin(), order.begin() + top_groups, order.end(),
                        [&](std::size_t a, std::size_t b) { return group[a] > group[b]; });
      chosen.clear();
      for (int g = 0; g < top_groups; ++g)
        for (std::size_t e = 0; e < size; ++e)
          chosen.push_back(order[static_cast<std::size_t>(g)] * size + e);
      std::partial_sort(chosen.begin(), chosen.begin() + top_k, chosen.end(),
                        [&](std::size_t a, std::size_t b) { return score[a] > score[b]; });
      for (int k = 0; k < top_k; ++k)
        routes.experts.push_back(static_cast<std::int16_t>(chosen[static_cast<std::size_t>(k)]));
    }
  return routes;
}

/// [layer][expert] choices in `routes`.
inline LayerLoads loads_of_routes(const Routes& routes, int experts) {
  LayerLoads loads(static_cast<std::size_t>(routes.layers),
                   std::vector<double>(static_cast<std::size_t>(experts), 0.0));
  const auto per_token = static_cast<std::size_t>(routes.layers * routes.top_k);
  for (std::size_t i = 0; i < routes.experts.size(); ++i)
    loads[i % per_token / static_cast<std::size_t>(routes.top_k)]
         [static_cast<std::size_t>(routes.experts[i])] += 1;
  return loads;
}

}  // namespace moescope::test
