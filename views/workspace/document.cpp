#include "views/workspace/document.h"

namespace moescope {

void Document::setTrace(TracePtr trace, QStringList files) {
  Q_EMIT traceAboutToChange();
  trace_ = std::move(trace);
  ++trace_number_;
  growing_ = false;
  files_ = std::move(files);
  analysis_.reset();
  undo_.clear();
  notes_.reset(trace_);
  Q_EMIT traceChanged();
}

void Document::growTrace(TracePtr trace, bool forgot) {
  if (!trace_ || !trace || trace == trace_) return;
  trace_ = std::move(trace);
  if (forgot) ++trace_number_;
  growing_ = true;
  notes_.grow(trace_);
  Q_EMIT traceGrown(forgot);
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
