// Which slot of an expert serves a token, the same on every rank, CPU or GPU.
#pragma once

#include <cstdint>

#include "gpu/base/device_code.h"

namespace moescope::runtime {

MOESCOPE_SHARED inline std::uint64_t mix(std::uint64_t x) {  // the finaliser of SplitMix64
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

/// One of `count` slots of `expert`: keys spread by `upto`, cumulative shares that end with 1.
MOESCOPE_SHARED inline int choose_replica(const std::int32_t* slots, const double* upto, int count,
                                          int expert, std::uint64_t key) {
  if (count == 1) return slots[0];
  const std::uint64_t drawn = mix(key ^ static_cast<std::uint64_t>(expert) << 40) >> 11;
  const double u = static_cast<double>(drawn) * 0x1p-53;
  int i = 0;
  while (i + 1 < count && u >= upto[i]) ++i;
  return slots[i];
}

/// The slots of all experts of a layer: those of e are slots[first[e]], ... slots[first[e + 1] -
/// 1].
struct ReplicaView {
  const std::int32_t* first = nullptr;
  const std::int32_t* slots = nullptr;
  const double* upto = nullptr;  ///< cumulative shares, as slots

  MOESCOPE_SHARED int choose(int expert, std::uint64_t key) const {
    const std::int32_t begin = first[expert];
    return choose_replica(slots + begin, upto + begin, first[expert + 1] - begin, expert, key);
  }
  /// The slot of replica `number`, modulo how many there are.
  MOESCOPE_SHARED int replica(int expert, int number) const {
    const std::int32_t begin = first[expert];
    return slots[begin + number % (first[expert + 1] - begin)];
  }
};

}  // namespace moescope::runtime
