#ifdef MOESCOPE_HAS_GUI
#include "app/commands/command.h"
#include "app/commands/gui_headless.h"
#include "app/window/report_maker.h"

namespace moescope {
namespace {

struct ReportOptions {
  std::vector<std::string> files;
  std::string output, rules;
};

void make_report(const ReportOptions& options) {
  const auto application = headless_application();
  HeadlessDocument opened(options.files, options.rules);
  const Trace& trace = *opened.document.trace();
  write_trace_report(opened.document,
                     statistics_of(trace, *opened.document.analysis()->classes, trace.range(), {},
                                   false, command_progress()),
                     QString::fromStdString(options.output));
}

}  // namespace

void register_report(CLI::App& app) {
  auto options = std::make_shared<ReportOptions>();
  auto* command = app.add_subcommand("report", "Write a report as one HTML or PDF file");
  command->add_option("FILE", options->files, "Trace files or folders")->required();
  command->add_option("-o,--output", options->output, "File to write: .html or .pdf")->required();
  command->add_option("--rules", options->rules, "Rule file for the classes of kernels");
  command->callback([options] { make_report(*options); });
}

}  // namespace moescope
#endif
