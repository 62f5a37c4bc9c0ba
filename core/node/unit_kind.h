// The units of a serving engine: the ranks that serve one phase together.
#pragma once

#include <cstdint>

namespace moescope {

/// `Mixed`: ranks of a serving engine of others that serve both phases.
enum class UnitKind : std::uint8_t { Prefill, Decode, Mixed };
const char* to_string(UnitKind kind);  ///< "prefill", "decode", "mixed"

}  // namespace moescope
