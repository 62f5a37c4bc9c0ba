// The effect of a change of plan on a node: predicted when the change is requested, measured in the
// seconds after it. This is the one place that decides which seconds, windows and steps count; the
// window and the commands feed it and run its work.
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

  /// Takes the latest status of the node, nullptr before the first one, and what was recorded of
  /// it. To be called whenever something may be new; the last call defines the present.
  void feed(const NodeStatus* status, LiveSnapshotPtr recorded);

  /// The change from `running` to `plan` is about to be requested: the seconds until now are the
  /// "before" period. Spans are classified by `rules`. @pre feed() was called
  void begin(Plan running, Plan plan, RuleSet rules = RuleSet::built_in());
  /// The change came into force just now, or with the first record if there is none yet.
  void in_force(std::uint64_t ticket);
  /// The change did not come into force, or was rolled back.
  void drop();
  /// Another node is watched.
  void forget();

  /// What a piece of work found; for finish().
  struct Found {
    std::uint64_t change = 0;
    std::variant<PlanEffect, std::optional<StepTraffic>> figures;
  };
  /// A long-running computation. `run` does not access the meter and throws Cancelled.
  struct Work {
    const char* title = "";
    std::function<Found(Progress&)> run;
  };
  /// The work that is due: the prediction, or traffic recorded since. Ask again after finish();
  /// work that is taken and never finished is missing from the result.
  std::optional<Work> next_work();
  /// Ignored when the change has been dropped in the meantime.
  void finish(Found found);

  /// Effect of the current change; nullptr when there is none. Figures are nullopt until known.
  const PlanEffect* effect() const { return effect_ ? &*effect_ : nullptr; }
  /// Whether that change is in force.
  bool measuring() const { return ticket_.has_value(); }
  /// The whole window has been measured; the figures are final.
  bool complete() const { return since_ && traffic_until_ >= end(); }
  /// Effects of all changes that came into force, by ticket.
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
  RunningEngine engine_;  ///< from the latest status; without what was recorded
  LiveSnapshotPtr recorded_;
  ImbalanceMeter recent_;  ///< of the last windows, whichever plan is in force

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
