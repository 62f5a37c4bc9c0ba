// zstd frames with a checksum.
#pragma once

#include <string>
#include <string_view>

namespace moescope {

/// One frame. Each thread keeps its compression context between calls: creating one costs more than
/// compressing a small frame. Throws std::bad_alloc.
std::string zstd_frame(std::string_view raw, int level);

}  // namespace moescope
