// bf16: the upper half of a float.
#pragma once

#include <cstdint>
#include <cstring>

#include "gpu/base/device_code.h"

namespace moescope::runtime {

MOESCOPE_SHARED inline float from_bfloat16(std::uint16_t value) {
  const std::uint32_t bits = static_cast<std::uint32_t>(value) << 16;
  float result = 0;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}

/// To the nearest, to even on a tie. Not for what is not a number.
MOESCOPE_SHARED inline std::uint16_t to_bfloat16(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

}  // namespace moescope::runtime
