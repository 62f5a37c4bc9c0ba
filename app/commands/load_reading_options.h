// Options for reading loads whose content is ambiguous.
#pragma once

#include <CLI/CLI.hpp>

#include "core/loads/load_reading.h"
#include "core/loads/load_set.h"

namespace moescope {

/// Adds --as, --top-k, --layers, --experts and --in-order, which fill `reading`.
void add_reading_options(CLI::App& command, LoadReading& reading);

/// Which of these options could correct how `loads` were read; "" when none applies.
std::string reading_hint(const LoadSet& loads);

}  // namespace moescope
