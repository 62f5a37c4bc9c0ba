#pragma once

#include <string>

namespace moescope {

/// Version of MoEscope, e.g. "0.2.0", from CMakeLists.txt.
const std::string& program_version();

}  // namespace moescope
