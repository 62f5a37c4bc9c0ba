// What changes of plan did to the runtime that is watched: predicted when one is applied, measured
// in the seconds after it.
#pragma once

#include <QObject>
#include <map>
#include <optional>

#include "core/cluster/live_source.h"
#include "core/cluster/node_engine.h"
#include "core/simulate/plan_forecast.h"
#include "views/common/job.h"
#include "views/workspace/load_document.h"

namespace moescope {

class PlanEffectWatch : public QObject {
  Q_OBJECT

 public:
  explicit PlanEffectWatch(QObject* parent = nullptr) : QObject(parent) {}

  /// `plan` is about to be applied to `engine`; engine.range is set here. The prediction is made in
  /// the background.
  void begin(RunningEngine engine, const PlanPtr& plan);
  /// The change came into force at `at` of the trace.
  void committed(quint64 ticket, TimeNs at);
  /// It did not, or was taken back.
  void drop();
  /// Another runtime is watched.
  void forget();
  /// What was recorded since. `imbalance`: as the runtime measures it now.
  void update(const LiveSnapshot& snapshot, std::optional<double> imbalance);
  /// By the ticket of the change, of this runtime.
  const std::map<quint64, PlanEffect>& effects() const { return effects_; }

 Q_SIGNALS:
  void changed(const moescope::PlanEffect& effect);

 private:
  void tell();
  void measureTraffic(const LiveSnapshot& snapshot, TimeRange range);

  std::optional<PlanEffect> effect_;
  std::map<quint64, PlanEffect> effects_;
  RuleSet rules_;
  std::optional<quint64> ticket_;  ///< once in force
  ImbalanceMeter recent_;          ///< of the last windows, whatever plan is in force
  SettledImbalance after_;
  TimeNs since_ = 0;          ///< trace time of the change
  TimeNs traffic_until_ = 0;  ///< traffic was measured up to there
  JobRunner forecast_job_, traffic_job_;
};

}  // namespace moescope
