#include "core/version.h"

namespace moescope {

const std::string& program_version() {
  static const std::string version = MOESCOPE_VERSION;
  return version;
}

}  // namespace moescope
