// What a change of plan did to a node: predicted when it is asked for, measured in the seconds
// after it. The one place that decides which seconds, windows and steps count; window and command
// line feed it and run its work.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <variant>

#include "core/analysis/serving/plan_effect.h"
#include "core/analysis/serving/step_traffic.h"
#include "core/cluster/effect/node_engine.h"
#include "core/cluster/live_source.h"
#include "core/node/node_status.h"
#include "core/progress.h"
#include "core/simulate/plan_forecast.h"

namespace moescope {

/// One change at a time, of one node. Calls come from one thread; times are those of the recording.
class EffectMeter {
 public:
  /// A change is measured for `window` after it has settled.
  explicit EffectMeter(TimeNs window = kEffectWindow) : window_(window) {}

  /// What the node tells of itself, nullptr as long as it has not, and what was recorded of it,
  /// both as of now. As often as something may be new; what was fed last counts as the present.
  void feed(const NodeStatus* status, LiveSnapshotPtr recorded);

  /// The change from `running` to `plan` is about to be asked for: the seconds until now are those
  /// before it. Spans are classed by `rules`. @pre something was fed
  void begin(Plan running, Plan plan, RuleSet rules = RuleSet::built_in());
  /// It came into force just now, or when the first record comes if none came so far.
  void in_force(std::uint64_t ticket);
  /// It did not, or was taken back.
  void drop();
  /// Another node is watched.
  void forget();

  /// What a piece of work found; for finish().
  struct Found {
    std::uint64_t change = 0;
    std::variant<PlanEffect, std::optional<StepTraffic>> figures;
  };
  /// Something that takes time. `run` needs nothing of the meter and throws Cancelled.
  struct Work {
    const char* title = "";
    std::function<Found(Progress&)> run;
  };
  /// What is due now: the prediction, or traffic that was recorded since. Ask again after finish();
  /// what is asked for and not finished is missing.
  std::optional<Work> next_work();
  /// Of a change that was dropped meanwhile it does nothing.
  void finish(Found found);

  /// Of the change that was begun; nullptr when there is none. Figures are nullopt until known.
  const PlanEffect* effect() const { return effect_ ? &*effect_ : nullptr; }
  /// Whether that change is in force.
  bool measuring() const { return ticket_.has_value(); }
  /// The whole window was measured: nothing changes any more.
  bool complete() const { return since_ && traffic_until_ >= end(); }
  /// Of all changes that came into force, by ticket.
  const std::map<std::uint64_t, PlanEffect>& effects() const { return effects_; }

 private:
  struct Asked {
    RunningEngine engine;
    Plan plan;
  };

  TimeNs now() const { return recorded_->trace->range().end; }
  TimeNs end() const { return *since_ + kEffectSettle + window_; }
  void start();
  void measure(std::optional<double> imbalance);
  void add_steps();
  std::optional<TimeRange> traffic_due() const;
  void add_traffic(const StepTraffic& traffic);
  void keep();

  TimeNs window_;
  RunningEngine engine_;  ///< as the node told last; without what was recorded
  LiveSnapshotPtr recorded_;
  ImbalanceMeter recent_;  ///< of the last windows, whatever plan is in force

  std::uint64_t change_ = 0;  ///< counts those that were begun or dropped
  std::optional<Asked> asked_;
  std::optional<PlanEffect> effect_;
  std::map<std::uint64_t, PlanEffect> effects_;
  RuleSet rules_;

  std::optional<std::uint64_t> ticket_;  ///< once in force
  std::optional<TimeNs> since_;          ///< once in force and recorded
  SettledImbalance after_;
  std::optional<std::uint32_t> last_step_;  ///< number of the last decode step that counts
  double step_time_ = 0, step_count_ = 0;
  TimeNs traffic_until_ = 0;
  StepTraffic traffic_;  ///< of all pieces that were measured
};

}  // namespace moescope
