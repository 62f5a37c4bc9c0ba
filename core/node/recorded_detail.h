// Level of detail of a recording.
#pragma once

#include <cstdint>

namespace moescope {

enum class RecordedDetail : std::uint8_t {
  Spans,  ///< every span and worker record
  Steps,  ///< one summary per rank and step, while a consumer cannot keep up
};
const char* to_string(RecordedDetail detail);  ///< "spans", "steps"

}  // namespace moescope
