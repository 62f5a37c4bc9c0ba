// The table of backends that `--backend` takes.
#pragma once

#include <string>
#include <vector>

#include "gpu/engine/backend.h"

namespace moescope::runtime {

/// In the order of backends.inc.
const std::vector<const Backend*>& backends();
/// Throws Error with the names there are.
const Backend& find_backend(const std::string& name);
/// For --help: every name and what the backend does.
std::string backends_help();
/// What every backend says of its devices, a part each.
std::string devices_text(bool json);

}  // namespace moescope::runtime
