// All that is open and what is looked at in it: one trace, loads, a plan, and the selection in all
// three. The window has one of these; a report or a command that draws has its own.
#pragma once

#include "views/workspace/documents/compare_document.h"
#include "views/workspace/documents/load_document.h"
#include "views/workspace/documents/plan_document.h"
#include "views/workspace/documents/trace_document.h"
#include "views/workspace/place_link.h"
#include "views/workspace/selection.h"
#include "views/workspace/window_follow.h"

namespace moescope {

/// Keeps the selection true to the documents: another trace resets times and spans, other loads
/// drop what they do not have. It hears of both before any view does.
class Workspace : public QObject {
  Q_OBJECT

 public:
  explicit Workspace(QObject* parent = nullptr);

  TraceDocument& trace() { return trace_; }
  LoadDocument& loads() { return loads_; }
  PlanDocument& plan() { return plan_; }
  CompareDocument& compare() { return compare_; }
  Selection& selection() { return selection_; }
  PlaceLink& placeLink() { return place_link_; }
  const TraceDocument& trace() const { return trace_; }
  const LoadDocument& loads() const { return loads_; }
  const PlanDocument& plan() const { return plan_; }
  const CompareDocument& compare() const { return compare_; }
  const PlaceLink& placeLink() const { return place_link_; }

 private:
  void followTrace();

  Selection selection_;
  TraceDocument trace_;
  LoadDocument loads_;
  PlanDocument plan_{loads_};
  CompareDocument compare_;
  // These set the selection and the windows: after all that they listen to.
  PlaceLink place_link_{trace_, loads_, selection_};
  WindowFollow window_follow_{trace_, loads_, selection_};
};

/// For ViewSpec::make of a view of the trace.
template <typename View>
QWidget* make_trace_view(Workspace& workspace) {
  return new View(workspace.trace(), workspace.selection());
}

}  // namespace moescope
