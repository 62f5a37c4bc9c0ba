#ifdef MOESCOPE_HAS_GUI
#include <QDateTime>

#include "app/commands/command.h"
#include "app/commands/gui_headless.h"
#include "views/overlap/overlap_view.h"
#include "views/report/report.h"
#include "views/sm/sm_view.h"
#include "views/timeline/timeline_view.h"

namespace moescope {
namespace {

struct ReportOptions {
  std::vector<std::string> files;
  std::string output, rules;
};

void make_report(const ReportOptions& options) {
  const auto application = headless_application();
  HeadlessDocument opened(options.files, options.rules);
  OverlapView overlap(opened.document, opened.context);
  SmView sm(opened.document, opened.context);
  sm.showAllDevices();
  TimelineView timeline(opened.document, opened.context);
  ReportInput input;
  input.trace = opened.document.trace();
  input.analysis = opened.document.analysis();
  input.files = opened.document.files();
  input.statistics = statistics_of(*input.trace, *input.analysis->classes, input.trace->range(), {},
                                   false, command_progress());
  input.charts = {&timeline, &overlap, &sm};
  input.date = QDateTime::currentDateTime().toString(Qt::ISODate);
  write_report(input, QString::fromStdString(options.output));
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
