#pragma once

#include <string>

namespace moescope {

/// Which MoEscope this is, as "0.2.0": the version of the project in CMakeLists.txt.
const std::string& program_version();

}  // namespace moescope
