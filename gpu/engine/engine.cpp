#include "gpu/engine/engine.h"

#include <algorithm>
#include <thread>

#include "core/analysis/overlap/paced_links.h"
#include "core/error.h"
#include "gpu/base/clock.h"
#include "gpu/engine/engine_control.h"
#include "gpu/engine/layout.h"
#include "gpu/engine/pace_fit.h"
#include "gpu/engine/vitals.h"

namespace moescope::runtime {
namespace {

/// The rank logs of a unit whose first rank is `first`; none when nothing is recorded.
std::vector<RankLog*> logs_of(Recorder* recorder, RankLogs* own, int first, int size) {
  std::vector<RankLog*> logs;
  for (auto rank = static_cast<std::size_t>(first); rank < static_cast<std::size_t>(first + size);
       ++rank)
    if (recorder != nullptr)
      logs.push_back(recorder->log(rank));
    else if (own != nullptr)
      logs.push_back(own->log(rank));
  return logs;
}

}  // namespace

struct Engine::State {
  State(const Backend& backend, std::shared_ptr<const Model> model, const EngineOptions& options,
        const std::optional<Placement>& placement, Recorder* recorder, const Hosting& hosting,
        PlanStart plans);
  EngineStatistics follow();
  void settle_links();
  std::unique_ptr<Unit> make_unit(UnitKind kind, const Placement& plan);
  ServingParts serving_parts();
  PlanChangerParts changer_parts();
  /// Returns at the limit, when a loop or the recording ended, or when `progress` was cancelled.
  void wait(const RunLimit& limit, std::int64_t start, Progress& progress) const;

  const Backend& backend;
  std::shared_ptr<const Model> model;
  EngineOptions options;
  Recorder* recorder;
  Hosting hosting;
  PlanStart plans;
  AddressSpace space;
  std::unique_ptr<Unit> prefill, decode;
  StepGate gate;
  Figures figures;
  std::unique_ptr<Serving> serving;
  std::unique_ptr<PlanChanger> changer;
  std::unique_ptr<EngineControl> control;
  std::unique_ptr<Vitals> vitals;
};

Engine::State::State(const Backend& b, std::shared_ptr<const Model> m, const EngineOptions& o,
                     const std::optional<Placement>& placement, Recorder* r, const Hosting& h,
                     PlanStart p)
    : backend(b),
      model(std::move(m)),
      options(o),
      recorder(r),
      hosting(h),
      plans(std::move(p)),
      space(node_table(o), h.processes, rank_hosts(o, h.processes)),
      figures(o.ttft_target, o.tpot_target, o.ranks / 2) {
  const Placement plan =
      placement ? *placement : contiguous_placement(model->config, plan_frame(options));
  prefill = make_unit(UnitKind::Prefill, plan);
  decode = make_unit(UnitKind::Decode, plan);
  const ServingParts parts = serving_parts();
  serving = std::make_unique<Serving>(parts);
  changer = std::make_unique<PlanChanger>(changer_parts());
  control = std::make_unique<EngineControl>(parts, *serving, *changer);
  auto hosts = rank_hosts(options, hosting.processes);
  vitals = std::make_unique<Vitals>(
      VitalsParts{space, {prefill.get(), decode.get()}, std::move(hosts), recorder});
  control->set_vitals(*vitals);
}

std::unique_ptr<Unit> Engine::State::make_unit(UnitKind kind, const Placement& plan) {
  const int size = options.ranks / 2, first = kind == UnitKind::Prefill ? 0 : size;
  UnitOptions unit;
  unit.kind = kind;
  unit.combine = options.combine;
  unit.overlap = options.overlap;
  unit.tp = options.tp;
  unit.max_tokens = options.max_tokens;
  unit.max_positions = options.max_positions;
  unit.kv_pages = options.kv_pages + Probe::pages();
  unit.budget = options.budget;
  unit.spare_places = spare_places(options, model->config, plan.slots_per_rank());
  unit.route_shared = options.route_shared;
  unit.active_slots = options.active_slots;
  unit.epoch = plans.epoch;
  unit.faults = options.faults;
  const auto logs = logs_of(recorder, hosting.logs, first, size);
  return backend.make_unit({model, space, {first, size, options.nodes}, unit, plan, logs});
}

ServingParts Engine::State::serving_parts() {
  return {*model, options, space, *prefill, *decode, gate, figures, recorder};
}

PlanChangerParts Engine::State::changer_parts() {
  return {model->config,
          plan_frame(options),
          {prefill.get(), decode.get()},
          space,
          gate,
          figures,
          recorder,
          options.faults,
          options.max_positions,
          plans.store,
          plans.previous};
}

Engine::Engine(const Backend& backend, std::shared_ptr<const Model> model,
               const EngineOptions& options, const std::optional<Placement>& placement,
               Recorder* recorder, const Hosting& hosting, const PlanStart& plans) {
  check_layout(options, model->config);
  state_ = std::make_unique<State>(backend, std::move(model), options, placement, recorder, hosting,
                                   plans);
}

Engine::~Engine() = default;

Control& Engine::control() {
  return *state_->control;
}

void Engine::keep_outputs() {
  state_->serving->keep_outputs();
}

const std::vector<std::pair<Request, std::vector<int>>>& Engine::outputs() const {
  return state_->serving->outputs();
}

/// Runs the ranks of this process for the first process until it is done.
EngineStatistics Engine::State::follow() {
  std::thread other([&] { serving->run_follower(*prefill); });
  serving->run_follower(*decode);
  other.join();
  if (const auto error = serving->error()) std::rethrow_exception(error);
  return {};
}

/// Gives the links their rates, before anything is served or recorded.
void Engine::State::settle_links() {
  const PaceOption& pace = options.pace;
  for (Unit* unit : {prefill.get(), decode.get()}) {
    const bool fit = pace.mode == PaceOption::Mode::Fit && unit->links() != nullptr &&
                     options.ranks <= kMostFittedRanks;
    if (!fit && pace.mode != PaceOption::Mode::Given) continue;
    LinkControl& links = paceable_links(*unit);
    links.set_rank_cores(pace.cores > 0 ? pace.cores : fair_cores(options.ranks));
    if (fit)
      fit_links(*unit, model->config);
    else
      links.set_rates(pace.rates);
  }
  const std::string links = links_text(pace, *prefill, *decode);
  control->set_links(links);
  if (recorder != nullptr && !links.empty()) recorder->set_fact(kPacedLinksFact, links);
}

void Engine::State::wait(const RunLimit& limit, std::int64_t start, Progress& progress) const {
  double fraction = 0;
  try {
    while (!serving->stopping() && (recorder == nullptr || !recorder->failed())) {
      const double seconds = static_cast<double>(steady_now() - start) / 1e9;
      if (limit.seconds > 0) fraction = seconds / limit.seconds;
      if (limit.steps > 0)
        fraction = std::max(
            fraction, static_cast<double>(serving->steps()) / static_cast<double>(limit.steps));
      if (fraction >= 1) return;
      progress.report(fraction, "serving");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  } catch (const Cancelled&) {  // stopping is not a failure
  }
}

EngineStatistics Engine::run(const RunLimit& limit, Progress& progress) {
  State& s = *state_;
  if (s.hosting.processes != nullptr && !s.hosting.processes->first()) return s.follow();
  s.settle_links();
  const Traffic trial = s.space.total_traffic();
  const std::int64_t start = steady_now();
  if (s.recorder != nullptr) s.recorder->set_start(start);
  s.vitals->begin_recording(start);
  s.serving->begin(start);
  s.control->run_begins(start);
  std::thread prefill([&] { s.serving->prefill_loop(); });
  std::thread decode([&] { s.serving->decode_loop(); });
  std::thread plans([&] { s.changer->run(); });
  s.wait(limit, start, progress);
  s.serving->stop();
  s.changer->stop();
  prefill.join();
  decode.join();
  plans.join();
  s.control->run_ends();
  if (const auto error = s.serving->error()) std::rethrow_exception(error);
  const NodeStatus status = s.control->status();
  EngineStatistics result;
  result.prefill_steps = s.figures.steps(UnitKind::Prefill);
  result.decode_steps = s.figures.steps(UnitKind::Decode);
  result.arrived = status.arrived.value_or(0);
  result.finished = status.finished.value_or(0);
  result.prompt_tokens = s.figures.tokens(UnitKind::Prefill);
  result.output_tokens = s.figures.output_tokens();
  result.seconds = status.seconds;
  result.ttft_p50 = status.ttft_p50;
  result.ttft_p95 = status.ttft_p95;
  result.tpot_p50 = status.tpot_p50;
  result.tpot_p95 = status.tpot_p95;
  result.within_target = status.within_target;
  result.links = status.links;
  result.traffic = s.space.total_traffic() - trial;
  return result;
}

}  // namespace moescope::runtime
