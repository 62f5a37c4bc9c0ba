// What a subcommand is. Each lives in a file of its own and registers itself in commands.cpp.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/analysis/classify.h"
#include "core/progress.h"

namespace moescope {

/// Adds a subcommand to `app`. Its callback does the work and throws Error when it fails.
using RegisterCommand = void (*)(CLI::App& app);

/// All subcommands in the order of --help; see commands.cpp.
const std::vector<RegisterCommand>& all_commands();

void register_analyze(CLI::App& app);
void register_info(CLI::App& app);
void register_import(CLI::App& app);
void register_record(CLI::App& app);
void register_simulate(CLI::App& app);
void register_sql(CLI::App& app);
void register_loads(CLI::App& app);
void register_plan(CLI::App& app);
void register_attach(CLI::App& app);
void register_apply(CLI::App& app);
void register_rollback(CLI::App& app);
void register_status(CLI::App& app);

/// Reads a classification rule file; throws Error naming the file and the rule.
RuleSet read_rules(const std::string& path);
/// The text of such a file, checked the same way.
std::string read_rule_file(const std::string& path);

#ifdef MOESCOPE_HAS_GUI
void register_export(CLI::App& app);
void register_report(CLI::App& app);
#endif

/// A Progress that writes to stderr when it is a terminal or --progress was given, else is silent.
/// Ctrl+C cancels it.
Progress& command_progress();
/// True when --progress was given.
bool progress_wanted();
/// Adds the options that every command has (--progress).
void add_common_options(CLI::App& command);

}  // namespace moescope
