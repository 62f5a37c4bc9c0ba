// Forms of engines by name.
#pragma once

#include "core/placement/engines/engine_form.h"

namespace moescope::test {

/// @pre there is one of this name
inline const EngineForm& form(std::string_view name) {
  return *engine_form(name);
}

}  // namespace moescope::test
