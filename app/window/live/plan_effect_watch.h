// Runs the work of an EffectMeter in the background and tells what changed.
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

  /// What the runtime tells, nullptr as long as it has not, and what was recorded of it.
  void update(const NodeStatus* status, const LiveSnapshotPtr& snapshot);
  /// `plan` is about to be applied in the place of `running`.
  void begin(const Plan& running, const Plan& plan, const RuleSet& rules);
  /// The change came into force.
  void committed(quint64 ticket);
  /// It did not, or was taken back.
  void drop();
  /// Another runtime is watched.
  void forget();
  /// By the ticket of the change, of this runtime.
  const std::map<std::uint64_t, PlanEffect>& effects() const { return meter_.effects(); }

 Q_SIGNALS:
  void changed(const moescope::PlanEffect& effect);

 private:
  void work();
  void tell();

  EffectMeter meter_;
  JobRunner job_;
};

}  // namespace moescope
