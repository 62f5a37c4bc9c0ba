#include <QRegularExpression>
#include <cstdio>
#include <filesystem>

#include "app/commands/command.h"
#include "app/commands/trace/gui_export_loads.h"
#include "app/commands/trace/gui_headless.h"
#include "app/commands/trace/open_files.h"
#include "core/error.h"
#include "core/export/chrome_json.h"
#include "core/files.h"
#include "views/common/theme.h"
#include "views/overlap/overlap_file_chart.h"
#include "views/plot/chart.h"
#include "views/sm/sm_file_chart.h"
#include "views/timeline/timeline_chart.h"

namespace moescope {
namespace {

struct ExportOptions {
  std::vector<std::string> files;
  RunChoice runs;
  std::string chart, output, rules, chrome, size = "1280x720", theme = "light";
  std::optional<TimeNs> from, to;
  LoadChartOptions loads;
};

QSize parse_size(const std::string& text) {
  static const QRegularExpression pattern("^([1-9][0-9]{0,4})x([1-9][0-9]{0,4})$");
  const auto match = pattern.match(QString::fromStdString(text));
  if (!match.hasMatch()) throw CLI::ValidationError("--size", "expected WxH, for example 1280x720");
  return {match.captured(1).toInt(), match.captured(2).toInt()};
}

std::optional<TimeRange> window_of(const ExportOptions& options, TimeRange full) {
  if (!options.from && !options.to) return {};
  const TimeRange window{std::max(options.from.value_or(full.begin), full.begin),
                         std::min(options.to.value_or(full.end), full.end)};
  if (window.empty()) {
    throw Error(options.files.front(), "--from, --to", "the range lies outside the trace",
                "the trace reaches from 0 to " + std::to_string(full.end) + " ns");
  }
  return window;
}

void export_chrome(const ExportOptions& options) {
  for (const auto& file : options.files) {
    std::error_code ignored;
    if (std::filesystem::equivalent(file, options.chrome, ignored))
      throw Error(options.chrome, "", "is one of the files to export",
                  "Choose another name for --chrome");
  }
  Progress& progress = command_progress();
  refuse_to_overwrite(options.chrome, {options.files.begin(), options.files.end()});
  const TracePtr trace = open_files(options.files, ImportOptions{}, options.runs, progress);
  write_chrome_json(*trace, options.chrome, progress);
  for (const auto& lost : lost_in_chrome_json(*trace))
    std::fprintf(stderr, "moescope: Chrome JSON cannot hold %s\n", lost.c_str());
}

OverlapChartInput overlap_input(const TraceDocument& document,
                                const std::optional<TimeRange>& window) {
  const TracePtr& trace = document.trace();
  const AnalysisResults& all = *document.analysis();
  if (!window) return {trace.get(), all.overlap, {}, false};
  const OverlapResults cut =
      cut_overlap(*trace, *all.classes, all.scopes, *window, command_progress());
  return {trace.get(), cut.overlap, window, false};
}

/// Throws Error.
void export_trace_chart(const ExportOptions& options, const QString& path, QSize size,
                        const Theme& theme) {
  HeadlessDocument opened(options.files, options.runs, options.rules);
  const auto window = window_of(options, opened.selection.full());
  if (window) opened.selection.setRange(*window);
  if (options.chart == "sm") {
    SmFileChart chart(opened.document.trace(), opened.document.analysis(), opened.selection.range(),
                      command_progress());
    return export_chart(chart, path, size, theme);
  }
  if (options.chart == "timeline") {
    TimelineScene scene(opened.document, opened.selection);
    TimelineChart chart(scene);
    return export_chart(chart, path, size, theme);
  }
  OverlapFileChart chart(opened.document.trace(), overlap_input(opened.document, window));
  export_chart(chart, path, size, theme);
}

void export_file(const ExportOptions& options) {
  if (options.chrome.empty() == options.chart.empty())
    throw CLI::ValidationError("export", "give either --chart and -o, or --chrome OUT.json");
  if (!options.chrome.empty()) return export_chrome(options);
  if (options.output.empty()) throw CLI::RequiredError("-o");
  refuse_to_overwrite(options.output, {options.files.begin(), options.files.end()});
  const QSize size = parse_size(options.size);
  const auto application = headless_application();
  const Theme& theme = options.theme == "dark" ? Theme::dark_theme() : Theme::light();
  const QString path = QString::fromStdString(options.output);
  if (options.chart == "load" || options.chart == "balance")
    return export_load_chart(options.files, options.chart, options.loads, path, size, theme);
  export_trace_chart(options, path, size, theme);
}

}  // namespace

void register_export(CLI::App& app) {
  auto options = std::make_shared<ExportOptions>();
  auto* command = app.add_subcommand(
      "export", "Write a chart as PNG, SVG, PDF or CSV, or the trace as Chrome JSON");
  command
      ->add_option("FILE", options->files,
                   "Trace files or folders; load dumps and logs for load and balance")
      ->required();
  command->add_option("--chart", options->chart, "Chart to write")
      ->check(CLI::IsMember({"timeline", "overlap", "sm", "load", "balance"}));
  command->add_option("-o,--output", options->output, "File to write: .png, .svg, .pdf or .csv");
  command->add_option("--chrome", options->chrome,
                      "Write the whole trace as Chrome JSON, for Perfetto and other tools");
  command->add_option("--size", options->size, "Width x height in pixels");
  command->add_option("--theme", options->theme, "Colours")
      ->check(CLI::IsMember({"light", "dark"}));
  command->add_option("--from", options->from, "Start of the range, ns from the trace start");
  command->add_option("--to", options->to, "End of the range, ns from the trace start");
  add_load_chart_options(*command, options->loads);
  add_merge_option(*command, options->runs);
  command->add_option("--rules", options->rules, "Rule file for the classes of kernels");
  command->callback([options] { export_file(*options); });
}

}  // namespace moescope
