// A selected span chooses its layer, micro-batch and step in the views of loads, plans and steps,
// and shows the way of its tokens.
#pragma once

#include <QObject>
#include <memory>

#include "core/analysis/steps/span_place.h"
#include "views/common/job.h"
#include "views/workspace/documents/load_document.h"
#include "views/workspace/documents/trace_document.h"
#include "views/workspace/selection.h"

namespace moescope {

/// What a span does not say stays as it is chosen: a call of the host changes nothing.
class PlaceLink : public QObject {
  Q_OBJECT

 public:
  PlaceLink(TraceDocument& trace, LoadDocument& loads, Selection& selection,
            QObject* parent = nullptr);

  /// While it sets the place: the span is what is selected, not the place.
  bool following() const { return following_; }
  /// Steps of the trace; null while they are not found yet.
  const std::shared_ptr<const TraceSteps>& foundSteps() const { return steps_; }
  /// The same, and asks for them: stepsFound() follows.
  const std::shared_ptr<const TraceSteps>& steps();
  bool busy() const { return steps_job_.running() || place_job_.running() || flow_job_.running(); }

 Q_SIGNALS:
  void stepsFound();

 private:
  void findSteps();
  void follow();
  void show(const SpanPlace& place);
  void followTokens();

  TraceDocument& trace_;
  LoadDocument& loads_;
  Selection& selection_;
  std::shared_ptr<const TraceSteps> steps_;
  AnalysisPtr steps_of_;  ///< that they are of
  SpanRef followed_;
  bool following_ = false;
  JobRunner steps_job_, place_job_, flow_job_;
};

}  // namespace moescope
