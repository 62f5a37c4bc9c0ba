#include "core/advise/actions.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/advise/engine_changes.h"
#include "core/advise/stages.h"
#include "core/loads/judged_windows.h"
#include "core/loads/rule_of_loads.h"
#include "core/placement/solve/solve.h"

namespace moescope {
namespace {

using Index = std::size_t;

constexpr int kBatches = 6;     ///< of a prediction; the same seed for both sides of a gain
constexpr int kMostGroups = 8;  ///< of windows that a plan is made from
constexpr int kMostJudged = 4;  ///< windows, or changes of periodic balancing: the latest

/// Windows [first, last) of `loads`.
LoadSet part_of(const LoadSet& loads, int first, int last) {
  LoadSet part = loads;
  part.windows.assign(loads.windows.begin() + first, loads.windows.begin() + last);
  part.routes = {};
  if (!loads.times.empty())
    part.times.assign(loads.times.begin() + first, loads.times.begin() + last);
  return part;
}

struct Step {
  Prediction prediction;
  double imbalance = 1;
};

Step step_of(const Deployment& d, const Plan& plan, ReplicaRule rule, const LoadSet& loads,
             Progress& progress) {
  const Plan split = under_rule(plan, rule, loads);
  PredictOptions options;
  options.batches = kBatches;
  Step out{predict(d.hardware, d.model, d.unit, split, loads, options, progress), 0};
  for (const auto& layer : out.prediction.layers)
    out.imbalance += layer.imbalance / static_cast<double>(out.prediction.layers.size());
  return out;
}

/// Gain of a plan over the one in force, in each of the windows that judge it.
class Gains {
 public:
  void add(const Step& now, const Step& then) {
    const double gain = 1 - then.prediction.step_ns / now.prediction.step_ns;
    gains_.push_back(gain);
    const double noise = std::hypot(now.prediction.batch_noise_ns, then.prediction.batch_noise_ns) /
                         now.prediction.step_ns / std::sqrt(kBatches);
    noise_ += noise * noise;
    model_ = std::max(model_, now.prediction.model_error_ns / now.prediction.step_ns);
    imbalance_ += then.imbalance;
  }
  double mean() const {
    return std::accumulate(gains_.begin(), gains_.end(), 0.0) / static_cast<double>(gains_.size());
  }
  double imbalance() const { return imbalance_ / static_cast<double>(gains_.size()); }
  /// Scatter over windows, drawn batches, and the model's relative error of the gain itself.
  double error() const {
    const auto n = static_cast<double>(gains_.size());
    double scatter = 0;
    for (const double g : gains_) scatter += (g - mean()) * (g - mean());
    scatter = n > 1 ? scatter / (n - 1) / n : 0;
    return std::sqrt(scatter + noise_ / (n * n)) + model_ * std::abs(mean());
  }

 private:
  std::vector<double> gains_;
  double noise_ = 0, model_ = 0, imbalance_ = 0;
};

/// The numbers of the latest windows that judge, none of which made the plans where that can be.
std::vector<int> judging_windows(const LoadSet& loads) {
  const int count = static_cast<int>(loads.windows.size());
  const auto judged = judged_windows(count, std::pair(0, windows_to_make_from(count)));
  std::vector<int> out;
  for (int w = std::max(judged.first, judged.last - kMostJudged); w < judged.last; ++w)
    out.push_back(w);
  return out;
}

class Advisor {
 public:
  Advisor(const Deployment& deployment, const LoadSet& loads, const AdviseOptions& options,
          Progress& progress)
      : d_(deployment),
        loads_(loads),
        options_(options),
        stages_(progress),
        progress_(stages_.part()),
        changes_(engine_changes(deployment.engine)),
        judging_(judging_windows(loads)) {
    stages_.next(0.1, "the plan in force");
    for (const int w : judging_) now_.push_back(step(d_.plan, d_.rule, w));
  }

  std::vector<AdvisedAction> all() {
    std::vector<AdvisedAction> out;
    stages_.next(0.15, "another split");
    if (auto action = resplit()) out.push_back(std::move(*action));
    stages_.next(0.35, "a bounded migration");
    out.push_back(bounded_migration());
    stages_.next(0.5, "a new plan");
    out.push_back(full_plan());
    stages_.next(0.7, "more redundant experts");
    if (auto action = more_redundancy()) out.push_back(std::move(*action));
    stages_.next(1, "periodic balancing");
    if (auto action = periodic()) out.push_back(std::move(*action));
    return out;
  }

 private:
  Step step(const Plan& plan, ReplicaRule rule, int window) const {
    return step_of(d_, plan, rule, part_of(loads_, window, window + 1), progress_);
  }
  std::vector<LayerLoads> made_from() const {
    const int windows = windows_to_make_from(static_cast<int>(loads_.windows.size()));
    return group_windows(part_of(loads_, 0, windows), std::min(windows, kMostGroups));
  }
  SolveOptions solve_options() const {
    SolveOptions o;
    o.gpus = d_.plan.num_gpus;
    o.nodes = d_.plan.num_nodes;
    o.groups = d_.plan.num_groups;
    o.slot_count = d_.plan.slot_count();
    o.layer_ids = d_.plan.layer_ids;
    o.dead_gpus = d_.plan.dead_gpus;
    o.seed = options_.seed;
    o.rules = {d_.rule};
    o.by_source = sources_of_plan(loads_, d_.plan);
    return o;
  }
  /// Gain and imbalance of a plan for good.
  void judge(AdvisedAction& action) const {
    Gains gains;
    for (Index i = 0; i < judging_.size(); ++i)
      gains.add(now_[i], step(action.plan, action.rule, judging_[i]));
    action.gain = gains.mean();
    action.gain_error = gains.error();
    action.imbalance = gains.imbalance();
  }
  /// Bytes and stall of a change between two plans of the same slots.
  void price(AdvisedAction& action, const Plan& before, const Plan& after) const {
    const MoveCost move = move_cost(before, after, d_.hardware, d_.model);
    action.bytes_moved = move.bytes;
    action.stall_s = move.copies == 0 ? 0
                                      : changes_.stall_s + changes_.layer_stall_s * after.layers() +
                                            (changes_.moves_while_serving ? 0 : move.seconds);
  }
  AdvisedAction once(AdvisedKind kind, Plan plan) const {
    AdvisedAction action;
    action.kind = kind;
    action.rule = d_.rule;
    action.plan = std::move(plan);
    action.every_s = options_.horizon_s;
    judge(action);
    price(action, d_.plan, action.plan);
    action.net = action.gain - action.stall_s / action.every_s;
    return action;
  }

  /// The best of the engine's other rules; without an engine, the best split.
  std::optional<AdvisedAction> resplit() const {
    std::optional<AdvisedAction> best;
    for (const RuleFacts& facts : all_rules()) {
      const bool same_engine = !d_.engine.empty() && facts.engine == d_.engine;
      const bool split = d_.engine.empty() && facts.rule == ReplicaRule::Best;
      if (facts.rule == d_.rule || !(same_engine || split)) continue;
      AdvisedAction action;
      action.kind = AdvisedKind::Resplit;
      action.rule = facts.rule;
      action.plan = d_.plan;
      action.every_s = options_.horizon_s;
      judge(action);
      action.net = action.gain;
      if (!best || action.net > best->net) best = std::move(action);
    }
    return best;
  }
  AdvisedAction bounded_migration() const {
    auto o = solve_options();
    o.from = &d_.plan;
    o.max_copies = options_.max_copies;
    return once(AdvisedKind::BoundedMigration, solve_plan(made_from(), o, progress_).plan);
  }
  AdvisedAction full_plan() const {
    return once(AdvisedKind::FullPlan, new_plan(made_from(), d_.plan));
  }
  /// A plan from scratch. It is renamed to copy little after `running`, but where shares depend on
  /// which rank a slot is on: there such a plan would only be made for equal shares.
  Plan new_plan(const std::vector<LayerLoads>& windows, const Plan& running) const {
    auto o = solve_options();
    if (!rule_facts(d_.rule).by_source) {
      o.from = &running;
      o.rebuild = true;
    }
    return solve_plan(windows, o, progress_).plan;
  }

  /// Slots of a change in redundancy come with the next start of the engine: no stall is counted.
  std::optional<AdvisedAction> more_redundancy() const {
    auto o = solve_options();
    o.slot_count += options_.extra_slots_per_gpu * d_.plan.num_gpus;
    if (o.slot_count > kMaxPlanSlots) return std::nullopt;
    AdvisedAction action;
    action.kind = AdvisedKind::MoreRedundancy;
    action.rule = d_.rule;
    action.plan = solve_plan(made_from(), o, progress_).plan;
    action.every_s = options_.horizon_s;
    judge(action);
    const MemoryUse before = memory_use(d_.hardware, d_.model, d_.unit, d_.plan);
    const MemoryUse after = memory_use(d_.hardware, d_.model, d_.unit, action.plan);
    action.bytes_moved = (after.experts - before.experts) * d_.plan.live_gpus();
    const double token = d_.model.cache_bytes() * d_.model.layers;
    action.kv_tokens_lost =
        std::max(0.0, after.experts - before.experts) / token * d_.plan.live_gpus();
    const double left = batch_left(after) / batch_left(before);
    if (!(left > 0)) return std::nullopt;  // no token would have a place
    action.net = 1 - (1 - action.gain) / left;
    return action;
  }
  /// Share of the unit's batch whose cache fits, at most 1; time per token grows by its inverse.
  static double batch_left(const MemoryUse& use) {
    if (use.fits() || !(use.cache > 0)) return 1;
    return std::max(0.0, (use.room - use.experts - use.other) / use.cache);
  }

  /// Windows that make one change: as long as the period where times are known.
  int windows_of_period(double period_s) const {
    if (loads_.times.size() != loads_.windows.size()) return 1;
    double length = 0;
    for (const WindowTime& time : loads_.times)
      length += static_cast<double>(time.end - time.begin) * 1e-9;
    length /= static_cast<double>(loads_.times.size());
    const int most = static_cast<int>(loads_.windows.size()) / 2;
    return length > 0 ? std::clamp(static_cast<int>(std::lround(period_s / length)), 1, most) : 1;
  }
  double period_s() const {
    if (options_.period_s) return *options_.period_s;
    if (changes_.period_steps > 0)
      return changes_.period_steps * now_.front().prediction.step_ns * 1e-9;
    constexpr double kMinutes = 10;
    return kMinutes * 60;
  }
  /// Each plan is made from the windows of one period and judged in the next one.
  std::optional<AdvisedAction> periodic() const {
    const int count = static_cast<int>(loads_.windows.size());
    if (count < 2 || !loads_.ordered_in_time) return std::nullopt;
    AdvisedAction action;
    action.kind = AdvisedKind::Periodic;
    action.rule = d_.rule;
    action.every_s = period_s();
    const int length = windows_of_period(action.every_s);
    const int periods = std::min(kMostJudged, count / length - 1);
    Gains gains;
    double bytes = 0, stall = 0;
    Plan running = d_.plan;
    for (int p = periods; p > 0; --p) {
      const int first = count - (p + 1) * length;
      const auto made = part_of(loads_, first, first + length);
      Plan next = new_plan(group_windows(made, std::min(length, kMostGroups)), running);
      price(action, running, next);
      bytes += action.bytes_moved / periods;
      stall += action.stall_s / periods;
      running = std::move(next);
      const auto judge = part_of(loads_, first + length, first + 2 * length);
      gains.add(step_of(d_, d_.plan, d_.rule, judge, progress_),
                step_of(d_, running, d_.rule, judge, progress_));
    }
    action.gain = gains.mean();
    action.gain_error = gains.error();
    action.imbalance = gains.imbalance();
    action.bytes_moved = bytes;
    action.stall_s = stall;
    action.net = action.gain - stall / action.every_s;
    action.plan = std::move(running);
    return action;
  }

  const Deployment& d_;
  const LoadSet& loads_;
  const AdviseOptions& options_;
  Stages stages_;
  Progress& progress_;  ///< of the stage
  const EngineChanges& changes_;
  std::vector<int> judging_;
  std::vector<Step> now_;  ///< [judging window]
};

}  // namespace

const char* to_string(AdvisedKind kind) {
  switch (kind) {
    case AdvisedKind::Resplit:
      return "resplit";
    case AdvisedKind::BoundedMigration:
      return "bounded_migration";
    case AdvisedKind::FullPlan:
      return "full_plan";
    case AdvisedKind::MoreRedundancy:
      return "more_redundancy";
    case AdvisedKind::Periodic:
      break;
  }
  return "periodic";
}

StepToday step_today(const Deployment& deployment, const LoadSet& loads, Progress& progress) {
  const auto judging = judging_windows(loads);
  const Step step = step_of(deployment, deployment.plan, deployment.rule,
                            part_of(loads, judging.front(), judging.back() + 1), progress);
  return {step.prediction.step_ns, step.imbalance,
          step.prediction.even_gain_ns / step.prediction.step_ns, step.prediction.weights_dominate};
}

std::vector<AdvisedAction> advised_actions(const Deployment& deployment, const LoadSet& loads,
                                           const AdviseOptions& options, Progress& progress) {
  return Advisor(deployment, loads, options, progress).all();
}

}  // namespace moescope
