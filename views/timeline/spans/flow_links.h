// Arrows of the selected span: between a launch and its kernels, between the ranks of a collective.
#pragma once

#include <QObject>
#include <vector>

#include "core/analysis/spans/flow.h"
#include "views/common/job.h"
#include "views/timeline/spans/span_query.h"
#include "views/workspace/documents/trace_document.h"
#include "views/workspace/selection.h"

namespace moescope {

struct FlowLink {
  enum class Kind { Launch, Collective };
  Kind kind = Kind::Launch;
  FoundSpan from, to;  ///< Launch: the call and the GPU work; Collective: the selected one, a peer
};

/// Finds the links of the current span. The index is built by a job when the first span is selected
/// and kept until the trace or its classes change; links are looked up by a job too.
class FlowLinks : public QObject {
  Q_OBJECT

 public:
  /// The index needs about 100 bytes per GPU span: beyond this, links are left out and overLimit()
  /// is true.
  static constexpr std::uint64_t kMaxSpans = 20'000'000;
  /// Most links that are drawn: a graph launch may own thousands of kernels.
  static constexpr std::size_t kMaxLinks = 256;

  FlowLinks(TraceDocument& document, Selection& selection, QObject* parent = nullptr);
  const std::vector<FlowLink>& links() const { return links_; }
  bool overLimit() const;
  bool busy() const { return job_.running(); }

 Q_SIGNALS:
  void changed();

 private:
  void refresh();
  void clear();

  TraceDocument& document_;
  Selection& selection_;
  JobRunner job_;
  std::shared_ptr<const FlowIndex> index_;
  TracePtr index_of_;  ///< the trace, when it was made
  bool other_rules_ = false;
  std::vector<FlowLink> links_;
  SpanRef of_;  ///< the span whose links these are
};

/// For a thread. Throws Cancelled.
std::vector<FlowLink> find_links(const Trace& trace, const FlowIndex& index, SpanRef span,
                                 Progress& progress);

}  // namespace moescope
