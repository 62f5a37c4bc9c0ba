#include "core/cluster/effect/effect_meter.h"

#include <algorithm>
#include <utility>

namespace moescope {
namespace {

constexpr TimeNs kTrafficPause = 2'000'000'000;  ///< between two measurements of traffic
/// The spans of a step come in rounds and batches: after so long all of them are there.
constexpr TimeNs kArrival = 500'000'000;

}  // namespace

void EffectMeter::feed(const NodeStatus* status, LiveSnapshotPtr recorded) {
  recorded_ = std::move(recorded);
  std::optional<double> imbalance;
  if (status != nullptr) {
    engine_ = running_engine(*status);
    imbalance = engine_.imbalance;
  }
  recent_.add(imbalance);
  if (!ticket_) return;
  if (since_)
    measure(imbalance);
  else
    start();
  keep();
}

void EffectMeter::begin(Plan running, Plan plan, RuleSet rules) {
  drop();
  effect_.emplace();
  rules_ = std::move(rules);
  RunningEngine engine = engine_;
  if (const auto mean = recent_.mean()) engine.imbalance = mean;
  engine.trace = recorded_->trace;
  engine.rules = rules_;
  engine.range = {std::max<TimeNs>(0, now() - kEffectWindow), now()};
  engine.steps = recorded_->steps;
  engine.loads = recorded_->loads;
  engine.plan = std::move(running);
  asked_ = Asked{std::move(engine), std::move(plan)};
}

void EffectMeter::in_force(std::uint64_t ticket) {
  if (!effect_) return;
  ticket_ = ticket;
  start();
  keep();
}

void EffectMeter::drop() {
  ++change_;
  asked_.reset();
  effect_.reset();
  ticket_.reset();
  since_.reset();
}

void EffectMeter::forget() {
  drop();
  recorded_.reset();
  engine_ = {};
  recent_ = {};
  effects_.clear();
}

/// Time after the change begins with the newest record.
void EffectMeter::start() {
  if (!recorded_ || recorded_->trace->span_count() == 0) return;
  since_ = traffic_until_ = now();
  after_ = SettledImbalance(kEffectSettle, window_);
  after_.add(0, recent_.last());
  last_step_.reset();
  step_time_ = step_count_ = 0;
  traffic_ = {};
}

void EffectMeter::measure(std::optional<double> imbalance) {
  after_.add(now() - *since_, imbalance);
  effect_->imbalance.measured = after_.mean();
  add_steps();
  if (step_count_ > 0) effect_->decode_step.measured = step_time_ / step_count_;
}

/// Decode steps that are new. Their numbers rise; of all others too many are kept to look at them
/// each time.
void EffectMeter::add_steps() {
  const auto& steps = recorded_->steps;
  std::optional<std::uint32_t> newest;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    if (!step->decode) continue;
    if (step->begin < *since_ || (last_step_ && step->step <= *last_step_)) break;
    if (step->begin >= end()) continue;
    newest = std::max(newest.value_or(0), step->step);
    step_time_ += static_cast<double>(step->end - step->begin);
    step_count_ += 1;
  }
  if (newest) last_step_ = newest;
}

/// From where traffic was measured to the newest decode step whose spans have come, where that is
/// long enough.
std::optional<TimeRange> EffectMeter::traffic_due() const {
  if (!since_ || traffic_until_ >= end()) return std::nullopt;
  if (now() >= end() + kArrival) return TimeRange{traffic_until_, end()};
  const auto& steps = recorded_->steps;
  const auto whole = std::find_if(steps.rbegin(), steps.rend(), [&](const ServedStep& step) {
    return step.decode && step.begin <= now() - kArrival;
  });
  if (whole == steps.rend()) return std::nullopt;
  const TimeNs until = std::min(whole->begin, end());
  if (until - traffic_until_ < kTrafficPause) return std::nullopt;
  return TimeRange{traffic_until_, until};
}

std::optional<EffectMeter::Work> EffectMeter::next_work() {
  if (auto asked = std::exchange(asked_, std::nullopt))
    return Work{"Predicting what the plan does",
                [change = change_, asked = std::move(*asked)](Progress& progress) {
                  return Found{change, forecast_plan(asked.engine, asked.plan, progress)};
                }};
  const auto range = traffic_due();
  if (!range) return std::nullopt;
  traffic_until_ = range->end;
  return Work{
      "Measuring traffic",
      [change = change_, recorded = recorded_, rules = rules_, range = *range](Progress& progress) {
        const Classification classes(*recorded->trace, rules, progress);
        return Found{
            change,
            decode_traffic(*recorded->trace, classes, recorded->steps, {range}, progress).front()};
      }};
}

void EffectMeter::finish(Found found) {
  if (found.change != change_ || !effect_) return;
  if (auto* forecast = std::get_if<PlanEffect>(&found.figures)) {
    for (EffectFigure PlanEffect::*figure : {&PlanEffect::imbalance, &PlanEffect::decode_step,
                                             &PlanEffect::node_traffic, &PlanEffect::rank_traffic})
      ((*forecast).*figure).measured = ((*effect_).*figure).measured;
    effect_ = std::move(*forecast);
  } else if (const auto& traffic = std::get<std::optional<StepTraffic>>(found.figures)) {
    add_traffic(*traffic);
  }
  if (ticket_) keep();
}

void EffectMeter::add_traffic(const StepTraffic& traffic) {
  const double tokens = traffic_.tokens + traffic.tokens;
  const auto mean = [&](double before, double now) {
    return (before * traffic_.tokens + now * traffic.tokens) / tokens;
  };
  traffic_ = {mean(traffic_.between_nodes, traffic.between_nodes),
              mean(traffic_.inside_nodes, traffic.inside_nodes), tokens};
  set_traffic(*effect_, &EffectFigure::measured, traffic_);
}

void EffectMeter::keep() {
  effects_[*ticket_] = *effect_;
}

}  // namespace moescope
