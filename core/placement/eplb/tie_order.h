// In which order sorts of other libraries leave equal keys. Serving engines sort loads with sorts
// that are not stable, and a plan equals theirs slot for slot only when equal loads come out as
// they do there. The steps are written out here, so that the order depends on no standard library.
#pragma once

#include <cstddef>
#include <vector>

namespace moescope {

enum class TieOrder {
  Stable,  ///< equal keys keep their order
  Torch,   ///< torch.sort on a CPU, not stable: the introsort of GCC's standard library
  Numpy    ///< numpy.argsort of the negated keys, numpy 2 on x86 processors with AVX-512; up to 256
           ///< keys also with AVX2
};

/// Indices of `keys` from the greatest to the smallest.
/// @pre no key is NaN
std::vector<std::size_t> descending_order(const std::vector<double>& keys, TieOrder ties);

}  // namespace moescope
