// The units of an engine and the streams of their ranks.
#pragma once

#include <cstdint>

#include "core/node/unit_kind.h"

namespace moescope::runtime {

using moescope::UnitKind;

/// Streams of a rank. Decode keeps expert work apart from attention so that both can run at once.
enum class StreamId : std::uint8_t { Compute, Communication, Experts };
inline constexpr int kStreams = 3;

}  // namespace moescope::runtime
