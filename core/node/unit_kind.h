// The units of a serving engine: the ranks that serve one phase together.
#pragma once

#include <cstdint>

namespace moescope {

enum class UnitKind : std::uint8_t { Prefill, Decode };
const char* to_string(UnitKind kind);  ///< "prefill", "decode"

}  // namespace moescope
