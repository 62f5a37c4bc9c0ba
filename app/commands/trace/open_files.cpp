#include "app/commands/trace/open_files.h"

namespace moescope {
namespace {

constexpr auto kMergeHelp =
    "Merge files of different runs on one time axis anyway; the first note says so";
constexpr auto kSeparateHelp =
    "Show the files run by run, each on a separate time axis, for example to compare two "
    "recordings. With --json the documents are in a list \"runs\"";

/// The error in terms of the command line.
Error with_remedy(const SeveralRuns& error, bool can_separate) {
  return {
      error.source(), error.place(), error.problem(),
      can_separate
          ? "To compare them, or to see each by itself, add --separate; to put them on one time "
            "axis anyway, add --merge"
          : "Give the files of one run at a time; to compare them, moescope analyze "
            "--separate shows each by itself; to put them on one time axis anyway, add "
            "--merge"};
}

}  // namespace

void add_merge_option(CLI::App& command, RunChoice& choice) {
  command.add_flag("--merge", choice.merge, kMergeHelp);
}

void add_run_options(CLI::App& command, RunChoice& choice) {
  choice.can_separate = true;
  auto* merge = command.add_flag("--merge", choice.merge, kMergeHelp);
  command.add_flag("--separate", choice.separate, kSeparateHelp)->excludes(merge);
}

TracePtr open_files(const std::vector<std::string>& files, const ImportOptions& options,
                    const RunChoice& choice, Progress& progress) {
  try {
    return open_trace({files.begin(), files.end()}, options, progress,
                      choice.merge ? OtherRuns::Merged : OtherRuns::Refused);
  } catch (const SeveralRuns& error) {
    throw with_remedy(error, choice.can_separate);
  }
}

void open_each_run(const std::vector<std::string>& files, const ImportOptions& options,
                   const RunChoice& choice, Progress& progress,
                   const std::function<void(const TracePtr&)>& use) {
  if (!choice.separate) return use(open_files(files, options, choice, progress));
  std::vector<std::vector<std::filesystem::path>> runs;
  TracePtr only;
  try {
    only = open_trace({files.begin(), files.end()}, options, progress);
  } catch (const SeveralRuns& several) {
    runs = several.runs();
  }
  if (only) return use(only);
  for (const auto& run : runs) use(open_trace(run, options, progress));
}

}  // namespace moescope
