// Goes from layer to layer in time.
#pragma once

#include <QObject>
#include <functional>
#include <memory>

#include "core/analysis/overlap/layer_visits.h"
#include "views/common/job.h"
#include "views/workspace/documents/trace_document.h"
#include "views/workspace/selection.h"

namespace moescope {

class LayerNavigator : public QObject {
  Q_OBJECT

 public:
  LayerNavigator(TraceDocument& document, Selection& selection, QObject* parent = nullptr);

  /// Shows the next run of this layer, after the visible range's begin; around the end. Emits
  /// missed() when the trace has none.
  void goTo(int layer);
  /// Shows the layer that ran after (1) or before (-1) the one that is visible first.
  void move(int by);
  bool busy() const { return job_.running(); }

 Q_SIGNALS:
  void missed(const QString& why);

 private:
  using Visits = std::vector<LayerVisit>;
  /// Calls `use` with the visits of the present analysis, now or when they are found.
  void withVisits(std::function<void(const Visits&)> use);
  void show(const LayerVisit& visit);
  TimeNs here() const;

  TraceDocument& document_;
  Selection& selection_;
  std::shared_ptr<const Visits> visits_;
  AnalysisPtr visits_of_;
  std::optional<LayerVisit> shown_;  ///< while the range is as it was left
  TimeRange shown_range_;
  JobRunner job_;
};

}  // namespace moescope
