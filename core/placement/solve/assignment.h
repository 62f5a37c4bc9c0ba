// The assignment problem: rows to columns, one to one, at the least total cost.
#pragma once

#include <vector>

namespace moescope {

/// Column of each row. The Hungarian method with potentials, at most O(size^3); the same answer for
/// the same costs. @param cost [row * size + column], sums must not overflow
std::vector<int> cheapest_assignment(const std::vector<long>& cost, int size);

}  // namespace moescope
