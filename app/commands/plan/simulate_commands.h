// Subcommands of `moescope simulate`.
#pragma once

#include <CLI/CLI.hpp>

namespace moescope {

void register_simulate_cost(CLI::App& simulate);
void register_simulate_fit(CLI::App& simulate);
void register_simulate_sweep(CLI::App& simulate);

}  // namespace moescope
