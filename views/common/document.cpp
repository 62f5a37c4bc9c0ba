#include "views/common/document.h"

namespace moescope {

AnalysisPtr analyze_document(const Trace& trace, const RuleSet& rules, Progress& progress) {
  auto results = std::make_shared<AnalysisResults>();
  progress.report(0, "classifying");
  results->classes = std::make_shared<const Classification>(trace, rules);
  auto overlap = analyze_overlap_and_scopes(trace, *results->classes, {}, progress);
  results->activity = std::move(overlap.activity);
  results->overlap = std::move(overlap.overlap);
  results->scopes = std::move(overlap.scopes);
  results->sm = analyze_sm_allocation(trace, *results->classes, {}, progress);
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
