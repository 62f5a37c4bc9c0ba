#include "views/workspace/layer_navigator.h"

#include <algorithm>

namespace moescope {

LayerNavigator::LayerNavigator(TraceDocument& document, Selection& selection, QObject* parent)
    : QObject(parent), document_(document), selection_(selection) {
  connect(&document_, &TraceDocument::traceChanged, this, [this] {
    job_.abandon();
    visits_.reset();
    visits_of_.reset();
    shown_.reset();
  });
}

void LayerNavigator::withVisits(std::function<void(const Visits&)> use) {
  const AnalysisPtr analysis = document_.analysis();
  if (!analysis) return Q_EMIT missed(tr("No trace is open and analysed."));
  if (visits_ && analysis == visits_of_) return use(*visits_);
  job_.start(
      tr("Finding layers"),
      [analysis](Progress&) {
        return std::make_shared<const Visits>(layer_visits(analysis->scopes));
      },
      [this, analysis, use = std::move(use)](std::shared_ptr<const Visits> visits) {
        visits_ = std::move(visits);
        visits_of_ = analysis;
        use(*visits_);
      });
}

/// Begin of the layer that was shown last, else of what is visible.
TimeNs LayerNavigator::here() const {
  return shown_ && selection_.range() == shown_range_ ? shown_->range.begin
                                                      : selection_.range().begin;
}

void LayerNavigator::goTo(int layer) {
  withVisits([this, layer](const Visits& visits) {
    const LayerVisit* visit = visit_after(visits, std::to_string(layer), here());
    if (visit != nullptr) return show(*visit);
    Q_EMIT missed(visits.empty() ? tr("This trace names no layers: nothing is annotated as one, "
                                      "and no engine recorded them.")
                                 : tr("This trace has no layer %1.").arg(layer));
  });
}

void LayerNavigator::move(int by) {
  withVisits([this, by](const Visits& visits) {
    if (const LayerVisit* visit = visit_beside(visits, here(), by)) return show(*visit);
    if (visits.empty()) Q_EMIT missed(tr("This trace names no layers."));
  });
}

void LayerNavigator::show(const LayerVisit& visit) {
  const TimeNs margin = std::max<TimeNs>(visit.range.length() / 10, 1);
  selection_.setRange({visit.range.begin - margin, visit.range.end + margin});
  shown_ = visit;
  shown_range_ = selection_.range();
}

}  // namespace moescope
