// zstd frames with a checksum.
#pragma once

#include <string>
#include <string_view>

namespace moescope {

/// One frame. Threads keep what compression needs between calls: to recreate it costs more than a
/// small frame does. Throws std::bad_alloc.
std::string zstd_frame(std::string_view raw, int level);

}  // namespace moescope
