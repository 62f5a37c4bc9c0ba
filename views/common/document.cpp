#include "views/common/document.h"

namespace moescope {

namespace {

/// Which classes occur: every pair of kind and name is looked up once.
void find_used_classes(const Trace& trace, AnalysisResults& results, Progress& progress) {
  std::vector<bool> seen(trace.strings().size());
  const auto use = [&](SpanClass c) { results.used[static_cast<std::size_t>(c)] = true; };
  for (TrackId track = 0; track < trace.tracks().size(); ++track) {
    if (trace.tracks()[track].type != TrackType::DeviceStream) {
      if (trace.span_count(track) > 0) use(SpanClass::Host);
      continue;
    }
    trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t) {
      progress.check();
      const SpanColumns& c = chunk.columns();
      for (std::size_t row = 0; row < c.size(); ++row) {
        if (c.kind[row] == SpanKind::Memcpy || c.kind[row] == SpanKind::Memset)
          use(SpanClass::Memory);
        if (c.kind[row] != SpanKind::Kernel || c.name[row] >= seen.size() || seen[c.name[row]])
          continue;
        seen[c.name[row]] = true;
        const ClassifiedName named = results.classes->of(c.kind[row], c.name[row]);
        use(named.span_class);
        results.waits |= named.waits;
      }
      return true;
    });
  }
}

}  // namespace

AnalysisPtr analyze_document(const Trace& trace, const RuleSet& rules, Progress& progress) {
  auto results = std::make_shared<AnalysisResults>();
  progress.report(0, "classifying");
  results->classes = std::make_shared<const Classification>(trace, rules, progress);
  auto overlap = analyze_overlap_and_scopes(trace, *results->classes, {}, progress);
  results->activity = std::move(overlap.activity);
  results->overlap = std::move(overlap.overlap);
  results->scopes = std::move(overlap.scopes);
  results->sm = analyze_sm_allocation(trace, *results->classes, {}, progress);
  find_used_classes(trace, *results, progress);
  return results;
}

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
