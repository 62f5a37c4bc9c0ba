#include "core/placement/plan.h"

#include <algorithm>

namespace moescope {

bool Plan::dead(int gpu) const {
  return std::binary_search(dead_gpus.begin(), dead_gpus.end(), gpu);
}

std::vector<std::vector<int>> slots_of_experts(const std::vector<int>& row, int experts) {
  std::vector<std::vector<int>> slots(static_cast<std::size_t>(experts));
  for (std::size_t s = 0; s < row.size(); ++s)
    if (row[s] >= 0 && row[s] < experts)
      slots[static_cast<std::size_t>(row[s])].push_back(static_cast<int>(s));
  return slots;
}

std::vector<int> replica_counts(const std::vector<int>& row, int experts) {
  std::vector<int> counts(static_cast<std::size_t>(experts), 0);
  for (const int e : row)
    if (e >= 0 && e < experts) ++counts[static_cast<std::size_t>(e)];
  return counts;
}

std::vector<std::vector<int>> logical_to_physical(const Plan& plan, int layer) {
  int width = 1;
  for (const auto& row : plan.physical_to_logical)
    for (const int n : replica_counts(row, plan.num_experts)) width = std::max(width, n);
  auto map = slots_of_experts(plan.physical_to_logical.at(static_cast<std::size_t>(layer)),
                              plan.num_experts);
  for (auto& slots : map) slots.resize(static_cast<std::size_t>(width), -1);
  return map;
}

std::vector<int> trivial_row(int experts, int slots) {
  std::vector<int> row;
  for (int s = 0; s < slots; ++s) row.push_back(s % experts);
  return row;
}

}  // namespace moescope
