#include "app/commands/command.h"
#include "app/commands/trace/compare_files.h"
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
  std::string output, rules, against;
};

ReportComparison comparison_of(const ReportOptions& options, Comparison comparison) {
  return {QString::fromStdString(options.against), QString::fromStdString(options.files.front()),
          std::make_shared<const Comparison>(std::move(comparison))};
}

/// Of plans and loads, where nothing else but the files is needed.
ReportComparison compare_files_for(const ReportOptions& options) {
  if (options.against.empty()) return {};
  return comparison_of(
      options, compare_files({options.against, options.files.front(), {}, {}, {}}).comparison);
}

ReportComparison compare_trace_for(const ReportOptions& options, const TraceDocument& document) {
  if (options.against.empty()) return {};
  ImportOptions import;
  import.keep_args = false;
  const CompareSide before =
      compare_side(open_files({options.against}, import, options.runs, command_progress()),
                   document.rules(), command_progress());
  const CompareSide now = compare_side(document.trace(), document.analysis(), command_progress());
  return comparison_of(options, compare_traces(before, now, {}, command_progress()));
}

/// Throws Error when there is not one thing to hold against another.
void check_against(const ReportOptions& options) {
  if (options.against.empty()) return;
  refuse_to_overwrite(options.output, {options.against});
  if (options.files.size() > 1)
    throw Error(options.files[1], "--against", "only one file is held against another one",
                "Give one FILE");
}

void make_report(const ReportOptions& options) {
  refuse_to_overwrite(options.output, {options.files.begin(), options.files.end()});
  check_against(options);
  const auto files = sort_files({options.files.begin(), options.files.end()}, command_progress());
  const QString output = QString::fromStdString(options.output);
  if (!files.plans.empty() && !options.against.empty()) {
    const auto application = headless_application();
    return write_report_of(TraceDocument(), LoadDocument(), {}, output, compare_files_for(options));
  }
  if (!files.plans.empty())
    throw Error(files.plans.front().string(), "", "is a plan, which reports do not support",
                "Leave it out, hold it against another plan with --against, or see moescope plan "
                "evaluate");
  const auto application = headless_application();
  LoadDocument loads;
  const auto show_loads = [&loads](const std::filesystem::path& file) {
    loads.setContent(open_loads(file, command_progress()), {QString::fromStdString(file.string())});
  };
  for (const auto& file : files.recordings)
    if (has_recorded_loads(file)) show_loads(file);
  for (const auto& file : files.loads) show_loads(file);
  if (files.traces.empty())
    return write_report_of(TraceDocument(), loads, {}, output, compare_files_for(options));
  std::vector<std::string> traces;
  for (const auto& file : files.traces) traces.push_back(file.string());
  HeadlessDocument opened(traces, options.runs, options.rules);
  const Trace& trace = *opened.document.trace();
  write_report_of(opened.document, loads,
                  statistics_of(trace, *opened.document.analysis()->classes, trace.range(), {},
                                false, command_progress()),
                  output, compare_trace_for(options, opened.document));
}

}  // namespace

void register_report(CLI::App& app) {
  auto options = std::make_shared<ReportOptions>();
  auto* command = app.add_subcommand("report", "Write a report as one HTML or PDF file");
  command->add_option("FILE", options->files, "Trace files or folders, load dumps, logs")
      ->required();
  command->add_option("-o,--output", options->output, "File to write: .html or .pdf")->required();
  command->add_option("--against", options->against,
                      "What was before: a trace, load dump or plan; what differs stands below the "
                      "headline");
  command->add_option("--rules", options->rules, "Rule file for the classes of kernels");
  add_merge_option(*command, options->runs);
  command->callback([options] { make_report(*options); });
}

}  // namespace moescope
