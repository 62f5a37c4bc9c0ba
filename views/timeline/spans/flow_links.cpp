#include "views/timeline/spans/flow_links.h"

namespace moescope {

std::vector<FlowLink> find_links(const Trace& trace, const FlowIndex& index, SpanRef ref,
                                 Progress& progress) {
  std::vector<FlowLink> links;
  const FoundSpan self{ref, trace.span(ref)};
  const bool work = is_gpu_work(self.span.kind);
  for (const SpanRef other : index.partners(trace, ref)) {
    if (links.size() == FlowLinks::kMaxLinks) return links;
    progress.check();
    const FoundSpan found{other, trace.span(other)};
    links.push_back({FlowLink::Kind::Launch, work ? found : self, work ? self : found});
  }
  for (const SpanRef peer : index.peers(trace, ref)) {
    if (links.size() == FlowLinks::kMaxLinks) return links;
    progress.check();
    links.push_back({FlowLink::Kind::Collective, self, {peer, trace.span(peer)}});
  }
  return links;
}

FlowLinks::FlowLinks(TraceDocument& document, Selection& selection, QObject* parent)
    : QObject(parent), document_(document), selection_(selection) {
  connect(&document, &TraceDocument::traceChanged, this, &FlowLinks::clear);
  connect(&document, &TraceDocument::traceGrown, this, [this](bool evicted) {
    if (evicted) clear();
  });
  connect(&document, &TraceDocument::rulesChanged, this, [this] { other_rules_ = true; });
  connect(&document, &TraceDocument::analysisChanged, this, [this] {
    if (index_ && !other_rules_) return;  // the same trace, grown: links of its spans stay
    other_rules_ = false;
    clear();
    refresh();
  });
  connect(&selection, &Selection::selectionChanged, this, &FlowLinks::refresh);
}

bool FlowLinks::overLimit() const {
  return document_.trace() && document_.trace()->span_count() > kMaxSpans;
}

void FlowLinks::clear() {
  job_.abandon();
  index_.reset();
  index_of_.reset();
  links_.clear();
  of_ = {};
  Q_EMIT changed();
}

void FlowLinks::refresh() {
  const SpanRef span = selection_.currentSpan();
  if (span == of_) return;
  of_ = span;
  links_.clear();
  Q_EMIT changed();
  const TracePtr trace = document_.trace();
  const AnalysisPtr analysis = document_.analysis();
  if (!span.valid() || !trace || !analysis || !analysis->classes || overLimit()) {
    if (trace && span.valid() && !analysis) of_ = {};  // again when the analysis is there
    job_.abandon();
    return;
  }
  const bool newer = index_of_ && (span.track >= index_of_->tracks().size() ||
                                   span.index >= index_of_->span_count(span.track));
  if (newer) index_.reset();
  using Found = std::pair<std::shared_ptr<const FlowIndex>, std::vector<FlowLink>>;
  job_.start(
      tr("Following launches"),
      [trace, classes = analysis->classes, index = index_, span](Progress& progress) {
        auto made = index ? index : std::make_shared<const FlowIndex>(*trace, *classes, progress);
        return Found{made, find_links(*trace, *made, span, progress)};
      },
      [this, trace, span, number = document_.traceNumber()](const Found& found) {
        if (number != document_.traceNumber()) return;
        if (index_ != found.first) index_of_ = trace;
        index_ = found.first;
        if (span != of_) return;
        links_ = found.second;
        Q_EMIT changed();
      });
}

}  // namespace moescope
