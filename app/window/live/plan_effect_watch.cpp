#include "app/window/live/plan_effect_watch.h"

#include <utility>

namespace moescope {

void PlanEffectWatch::update(const NodeStatus* status, const LiveSnapshotPtr& snapshot) {
  meter_.feed(status, snapshot);
  work();
  notify();
}

void PlanEffectWatch::begin(const Plan& running, const Plan& plan, const RuleSet& rules) {
  job_.abandon();
  meter_.begin(running, plan, rules);
  work();
}

void PlanEffectWatch::committed(quint64 ticket) {
  meter_.in_force(ticket);
  notify();
}

void PlanEffectWatch::drop() {
  job_.abandon();
  meter_.drop();
}

void PlanEffectWatch::forget() {
  job_.abandon();
  meter_.forget();
}

void PlanEffectWatch::work() {
  if (job_.running()) return;
  auto due = meter_.next_work();
  if (!due) return;
  job_.start(tr(due->title), std::move(due->run), [this](EffectMeter::Found found) {
    meter_.finish(std::move(found));
    notify();
    work();
  });
}

void PlanEffectWatch::notify() {
  if (meter_.measuring()) Q_EMIT changed(*meter_.effect());
}

}  // namespace moescope
