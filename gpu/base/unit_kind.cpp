#include "gpu/base/unit_kind.h"

namespace moescope::runtime {

const char* to_string(UnitKind kind) {
  return kind == UnitKind::Prefill ? "prefill" : "decode";
}

}  // namespace moescope::runtime
