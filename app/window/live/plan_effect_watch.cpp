#include "app/window/live/plan_effect_watch.h"

#include <algorithm>

#include "core/analysis/serving/step_traffic.h"

namespace moescope {
namespace {

constexpr TimeNs kTrafficPause = 2'000'000'000;  ///< of trace time between two measurements

}  // namespace

void PlanEffectWatch::begin(RunningEngine engine, const PlanPtr& plan) {
  drop();
  effect_.emplace();
  rules_ = engine.rules;
  recent_.add(engine.imbalance);  // told since the last snapshot
  if (const auto mean = recent_.mean()) engine.imbalance = mean;
  const TimeNs now = engine.trace->range().end;
  engine.range = {std::max<TimeNs>(0, now - kEffectWindow), now};
  forecast_job_.start(
      tr("Predicting what the plan does"),
      [engine = std::move(engine), plan](Progress& progress) {
        return forecast_plan(engine, *plan, progress);
      },
      [this](PlanEffect forecast) {
        if (!effect_) return;
        forecast.imbalance.measured = effect_->imbalance.measured;
        forecast.decode_step.measured = effect_->decode_step.measured;
        forecast.node_traffic.measured = effect_->node_traffic.measured;
        forecast.rank_traffic.measured = effect_->rank_traffic.measured;
        effect_ = std::move(forecast);
        if (ticket_) tell();
      });
}

void PlanEffectWatch::committed(quint64 ticket, TimeNs at) {
  if (!effect_) return;
  ticket_ = ticket;
  after_ = SettledImbalance();
  after_.add(0, recent_.last());
  since_ = traffic_until_ = at;
  tell();
}

void PlanEffectWatch::drop() {
  forecast_job_.abandon();
  traffic_job_.abandon();
  effect_.reset();
  ticket_.reset();
}

void PlanEffectWatch::forget() {
  drop();
  recent_ = {};
  effects_.clear();
}

void PlanEffectWatch::update(const LiveSnapshot& snapshot, std::optional<double> imbalance) {
  recent_.add(imbalance);
  if (!effect_ || !ticket_) return;
  const TimeNs now = snapshot.trace->range().end, end = since_ + kEffectSettle + kEffectWindow;
  after_.add(now - since_, imbalance);
  effect_->imbalance.measured = after_.mean();
  const TimeRange after{since_, std::min(now, end)};
  effect_->decode_step.measured = mean_decode_step(snapshot.steps, after);
  measureTraffic(snapshot, after);
  tell();
}

void PlanEffectWatch::measureTraffic(const LiveSnapshot& snapshot, TimeRange range) {
  if (traffic_job_.running() || range.end - traffic_until_ < kTrafficPause) return;
  traffic_until_ = range.end;
  traffic_job_.start(
      tr("Measuring traffic"),
      [trace = snapshot.trace, steps = snapshot.steps, rules = rules_, range](Progress& progress) {
        const Classification classes(*trace, rules, progress);
        return decode_traffic(*trace, classes, steps, {range}, progress).front();
      },
      [this](const std::optional<StepTraffic>& traffic) {
        if (!effect_ || !traffic) return;
        set_traffic(*effect_, &EffectFigure::measured, *traffic);
        tell();
      });
}

void PlanEffectWatch::tell() {
  effects_[*ticket_] = *effect_;
  Q_EMIT changed(*effect_);
}

}  // namespace moescope
