#include "views/workspace/documents/trace_document.h"

namespace moescope {

void TraceDocument::setTrace(TracePtr trace, QStringList files) {
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

void TraceDocument::completeTrace(TracePtr trace, QStringList files, AnalysisPtr analysis) {
  completing_ = true;
  setTrace(std::move(trace), std::move(files));
  setAnalysis(std::move(analysis));
  completing_ = false;
}

void TraceDocument::growTrace(TracePtr trace, bool evicted) {
  if (!trace_ || !trace || trace == trace_) return;
  trace_ = std::move(trace);
  if (evicted) ++trace_number_;
  growing_ = true;
  notes_.grow(trace_);
  Q_EMIT traceGrown(evicted);
}

void TraceDocument::setAnalysis(AnalysisPtr analysis) {
  analysis_ = std::move(analysis);
  Q_EMIT analysisChanged();
}

void TraceDocument::setRules(RuleSet rules) {
  rules_ = std::move(rules);
  Q_EMIT rulesChanged();
}

}  // namespace moescope
