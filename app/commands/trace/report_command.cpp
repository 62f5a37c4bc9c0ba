#ifdef MOESCOPE_HAS_GUI
#include "app/commands/command.h"
#include "app/commands/trace/gui_headless.h"
#include "app/commands/trace/open_files.h"
#include "app/window/output/report_maker.h"
#include "core/files.h"
#include "core/loads/open/sniff.h"

namespace moescope {
namespace {

struct ReportOptions {
  std::vector<std::string> files;
  RunChoice runs;
  std::string output, rules;
};

/// What of the files are traces, and what are loads or logs; a recording can be both.
struct ReportFiles {
  std::vector<std::string> traces, loads;
};

ReportFiles sort_files(const std::vector<std::string>& files) {
  ReportFiles sorted;
  for (const auto& file : files) {
    const auto input = sniff_load_input(file);
    const bool recording = input == LoadInput::Recording;
    if (input == LoadInput::None || recording) sorted.traces.push_back(file);
    if (recording ? has_recorded_loads(file) : input != LoadInput::None)
      sorted.loads.push_back(file);
  }
  return sorted;
}

void make_report(const ReportOptions& options) {
  refuse_to_overwrite(options.output, {options.files.begin(), options.files.end()});
  const auto files = sort_files(options.files);
  const auto application = headless_application();
  LoadDocument loads;
  for (const auto& file : files.loads)
    loads.setContent(open_loads(file, command_progress()), {QString::fromStdString(file)});
  const QString output = QString::fromStdString(options.output);
  if (files.traces.empty()) return write_report_of(Document(), loads, {}, output);
  HeadlessDocument opened(files.traces, options.runs, options.rules);
  const Trace& trace = *opened.document.trace();
  write_report_of(opened.document, loads,
                  statistics_of(trace, *opened.document.analysis()->classes, trace.range(), {},
                                false, command_progress()),
                  output);
}

}  // namespace

void register_report(CLI::App& app) {
  auto options = std::make_shared<ReportOptions>();
  auto* command = app.add_subcommand("report", "Write a report as one HTML or PDF file");
  command->add_option("FILE", options->files, "Trace files or folders, load dumps, logs")
      ->required();
  command->add_option("-o,--output", options->output, "File to write: .html or .pdf")->required();
  command->add_option("--rules", options->rules, "Rule file for the classes of kernels");
  add_merge_option(*command, options->runs);
  command->callback([options] { make_report(*options); });
}

}  // namespace moescope
#endif
