#include "app/commands/trace/gui_headless.h"

#include "app/commands/command.h"

namespace moescope {
std::unique_ptr<QApplication> headless_application() {
  if (QCoreApplication::instance() != nullptr) return nullptr;
  qputenv("QT_QPA_PLATFORM", "offscreen");
  static int argc = 1;
  static char name[] = "moescope";
  static char* argv[] = {name, nullptr};
  return std::make_unique<QApplication>(argc, argv);
}

HeadlessDocument::HeadlessDocument(const std::vector<std::string>& files, const RunChoice& runs,
                                   const std::string& rules) {
  const RuleSet rule_set = rules.empty() ? RuleSet::built_in() : read_rules(rules);
  ImportOptions options;
  options.keep_args = false;
  const TracePtr trace = open_files(files, options, runs, command_progress());
  QStringList names;
  for (const std::string& file : files) names << QString::fromStdString(file);
  document.setRules(rule_set);
  document.setTrace(trace, names);
  document.setAnalysis(analyze_document(*trace, rule_set, command_progress()));
}

}  // namespace moescope
