#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "app/commands/command.h"
#include "app/commands/trace/open_files.h"
#include "core/analysis/spans/classify.h"
#include "core/files.h"
#include "core/trace/file/moetrace.h"
#include "core/trace/file/notes_file.h"

namespace moescope {
namespace {

struct ImportArguments {
  std::vector<std::string> files;
  RunChoice runs;
  std::filesystem::path out, rules;
};

void import_files(const ImportArguments& arguments) {
  refuse_to_overwrite(arguments.out, {arguments.files.begin(), arguments.files.end()});
  if (!arguments.rules.empty()) refuse_to_overwrite(arguments.out, {arguments.rules});
  MoetraceExtras extras;
  if (!arguments.rules.empty()) extras.rules_json = read_rule_file(arguments.rules);
  Progress& progress = command_progress();
  const TracePtr trace = open_files(arguments.files, ImportOptions{}, arguments.runs, progress);
  std::error_code ignored;
  if (const auto notes = notes_path({arguments.files.begin(), arguments.files.end()});
      std::filesystem::exists(notes, ignored))
    extras.notes = read_notes(notes, *trace);
  write_moetrace(*trace, arguments.out, progress, extras);
  std::uint64_t skipped = 0;
  for (const auto& [reason, count] : trace->info().skipped) skipped += count;
  std::fputs(fmt::format("{}: {} spans on {} tracks, {} events skipped\n", arguments.out.string(),
                         trace->span_count(), trace->tracks().size(), skipped)
                 .c_str(),
             stderr);
  for (const auto& warning : trace->info().warnings)
    std::fputs(fmt::format("moescope: {}\n", warning).c_str(), stderr);
}

}  // namespace

void register_import(CLI::App& app) {
  auto* command = app.add_subcommand(
      "import", "Convert traces to one .moetrace file, with the notes beside them");
  auto arguments = std::make_shared<ImportArguments>();
  command->add_option("FILE", arguments->files, "Trace files or folders")->required();
  command->add_option("-o,--output", arguments->out, "The .moetrace file to write")->required();
  command->add_option("--rules", arguments->rules, "Classification rules to save with the trace");
  add_merge_option(*command, arguments->runs);
  command->callback([arguments] { import_files(*arguments); });
}

}  // namespace moescope
