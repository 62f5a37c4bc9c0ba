// How much of what ranks log goes into a recording.
#pragma once

#include <cstdint>

namespace moescope {

enum class RecordedDetail : std::uint8_t {
  Spans,  ///< every span and worker record
  Steps,  ///< one summary a rank and step, while somebody cannot keep up
};
const char* to_string(RecordedDetail detail);  ///< "spans", "steps"

}  // namespace moescope
