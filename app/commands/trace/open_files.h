// Opening the FILEs of a command: one run, several runs merged on request, or run by run.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "core/import/open.h"

namespace moescope {

/// What to do with files that are not of one run.
struct RunChoice {
  bool merge = false;         ///< --merge
  bool separate = false;      ///< --separate
  bool can_separate = false;  ///< the command has --separate
};

/// Adds --merge, for a command with a single result.
void add_merge_option(CLI::App& command, RunChoice& choice);
/// Adds --merge and --separate, for a command that can answer run by run.
void add_run_options(CLI::App& command, RunChoice& choice);

/// Opens `files` as one trace. Throws Error; for several runs without --merge it says why they are
/// separate and what the user can do.
TracePtr open_files(const std::vector<std::string>& files, const ImportOptions& options,
                    const RunChoice& choice, Progress& progress);
/// Calls `use` with the trace of every run, one after the other; without --separate there is one.
/// Throws Error.
void open_each_run(const std::vector<std::string>& files, const ImportOptions& options,
                   const RunChoice& choice, Progress& progress,
                   const std::function<void(const TracePtr&)>& use);

}  // namespace moescope
