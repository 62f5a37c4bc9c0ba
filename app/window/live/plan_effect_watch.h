// Runs the work of an EffectMeter in the background and reports changes.
#pragma once

#include <QObject>
#include <map>

#include "core/cluster/effect/effect_meter.h"
#include "views/common/job.h"

namespace moescope {

class PlanEffectWatch : public QObject {
  Q_OBJECT

 public:
  explicit PlanEffectWatch(QObject* parent = nullptr) : QObject(parent) {}

  /// Takes the status of the runtime, nullptr before the first one, and what was recorded of it.
  void update(const NodeStatus* status, const LiveSnapshotPtr& snapshot);
  /// `plan` is about to replace `running`.
  void begin(const Plan& running, const Plan& plan, const RuleSet& rules);
  /// The change came into force.
  void committed(quint64 ticket);
  /// The change did not come into force, or was rolled back.
  void drop();
  /// Another runtime is watched.
  void forget();
  /// By the ticket of the change, of this runtime.
  const std::map<std::uint64_t, PlanEffect>& effects() const { return meter_.effects(); }

 Q_SIGNALS:
  void changed(const moescope::PlanEffect& effect);

 private:
  void work();
  void notify();

  EffectMeter meter_;
  JobRunner job_;
};

}  // namespace moescope
