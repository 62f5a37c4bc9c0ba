#include "core/node/node_status.h"

#include <array>

namespace moescope {

const char* to_string(UnitKind kind) {
  constexpr std::array names = {"prefill", "decode", "mixed"};
  return names.at(static_cast<std::size_t>(kind));
}

const char* to_string(RecordedDetail detail) {
  return detail == RecordedDetail::Spans ? "spans" : "steps";
}

const char* to_string(HangReason reason) {
  constexpr std::array names = {"its process is stopped", "its process gives no sign of life",
                                "it is blocked inside a step",
                                "it computes one part of a step without end"};
  return names.at(static_cast<std::size_t>(reason));
}

}  // namespace moescope
