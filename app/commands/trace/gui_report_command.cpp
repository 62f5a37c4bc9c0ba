#include "app/commands/command.h"
#include "app/commands/trace/gui_headless.h"
#include "app/commands/trace/open_files.h"
#include "app/window/output/report_maker.h"
#include "core/error.h"
#include "core/files.h"
#include "core/loads/open/open_loads.h"
#include "core/open/file_kind.h"

namespace moescope {
namespace {

struct ReportOptions {
  std::vector<std::string> files;
  RunChoice runs;
  std::string output, rules;
};

void make_report(const ReportOptions& options) {
  refuse_to_overwrite(options.output, {options.files.begin(), options.files.end()});
  const auto files = sort_files({options.files.begin(), options.files.end()}, command_progress());
  if (!files.plans.empty())
    throw Error(files.plans.front().string(), "", "is a plan, which reports do not support",
                "Leave it out, or see moescope plan evaluate");
  const auto application = headless_application();
  LoadDocument loads;
  const auto show_loads = [&loads](const std::filesystem::path& file) {
    loads.setContent(open_loads(file, command_progress()), {QString::fromStdString(file.string())});
  };
  for (const auto& file : files.recordings)
    if (has_recorded_loads(file)) show_loads(file);
  for (const auto& file : files.loads) show_loads(file);
  const QString output = QString::fromStdString(options.output);
  if (files.traces.empty()) return write_report_of(TraceDocument(), loads, {}, output);
  std::vector<std::string> traces;
  for (const auto& file : files.traces) traces.push_back(file.string());
  HeadlessDocument opened(traces, options.runs, options.rules);
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
