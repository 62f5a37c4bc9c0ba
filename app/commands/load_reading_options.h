// Options that say how to read loads whose bytes do not tell.
#pragma once

#include <CLI/CLI.hpp>

#include "core/loads/load_reading.h"

namespace moescope {

/// Adds --as, --top-k, --layers, --experts and --in-order, which fill `reading`.
void add_reading_options(CLI::App& command, LoadReading& reading);

}  // namespace moescope
