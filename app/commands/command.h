// Subcommands. Each has its own file, which defines register_NAME(), and a line in commands.inc.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/analysis/spans/classify.h"
#include "core/progress.h"

namespace moescope {

/// Adds a subcommand to `app`. Its callback does the work and throws Error when it fails.
using RegisterCommand = void (*)(CLI::App& app);

/// All subcommands in the order of --help, which is that of commands.inc.
const std::vector<RegisterCommand>& all_commands();

/// Reads a classification rule file; throws Error naming the file and the rule.
RuleSet read_rules(const std::string& path);
/// The text of such a file, checked the same way.
std::string read_rule_file(const std::string& path);

/// A Progress that writes to stderr when that is a terminal or --progress was given. Ctrl+C cancels
/// it.
Progress& command_progress();
/// True when --progress was given.
bool progress_wanted();
/// Adds the options that every command has (--progress).
void add_common_options(CLI::App& command);

}  // namespace moescope
