#include "views/common/document.h"

namespace moescope {

AnalysisPtr analyze_document(const Trace& trace, const RuleSet& rules) {
  auto results = std::make_shared<AnalysisResults>();
  results->classes = std::make_shared<const Classification>(trace, rules);
  results->activity = device_activity(trace, *results->classes);
  results->overlap = analyze_overlap(trace, *results->classes);
  results->scopes = analyze_scopes(trace, *results->classes);
  results->sm = analyze_sm_allocation(trace, *results->classes);
  return results;
}

void Document::setTrace(TracePtr trace, QStringList files) {
  trace_ = std::move(trace);
  files_ = std::move(files);
  analysis_.reset();
  Q_EMIT traceChanged();
}

void Document::setAnalysis(AnalysisPtr analysis) {
  analysis_ = std::move(analysis);
  Q_EMIT analysisChanged();
}

void Document::setRules(RuleSet rules) {
  rules_ = std::move(rules);
  Q_EMIT rulesChanged();
}

}  // namespace moescope
