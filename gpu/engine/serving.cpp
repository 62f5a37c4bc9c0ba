#include "gpu/engine/serving.h"

#include <fmt/format.h>

#include <algorithm>

#include "gpu/base/clock.h"
#include "gpu/engine/serving_request.h"

namespace moescope::runtime {

Serving::Serving(const ServingParts& parts)
    : parts_(parts),
      arrivals_(parts.options.workload, parts.model.config.vocab, parts.options.replay),
      overlap_(parts.options.overlap),
      budget_(parts.options.budget),
      workload_(parts.options.workload) {
  for (Unit* unit : {&parts_.prefill, &parts_.decode})
    parts_.figures.budget(unit->options().kind, unit->granted_budget(), {0, 0});
}

void Serving::begin(std::int64_t start) {
  start_ = start;
}

void Serving::stop() {
  stopping_ = true;
  handed_.notify_all();
}

std::exception_ptr Serving::error() const {
  std::lock_guard lock(mutex_);
  return error_;
}

void Serving::guard(UnitKind unit, const std::function<void()>& loop) {
  try {
    loop();
  } catch (...) {
    std::lock_guard lock(mutex_);
    if (!error_) error_ = std::current_exception();
  }
  parts_.gate.leave(unit);
  stop();
}

void Serving::run_follower(Unit& unit) {
  guard(unit.options().kind, [&] { unit.follow(); });
}

void Serving::set_overlap(bool overlap) {
  std::lock_guard lock(mutex_);
  overlap_ = overlap;
  ++settings_;
}

void Serving::set_budget(WorkerBudget requested) {
  std::lock_guard lock(mutex_);
  budget_ = requested;
  ++settings_;
}

void Serving::set_workload(const WorkloadOptions& workload) {
  std::lock_guard lock(mutex_);
  workload_ = workload;
  ++workloads_;
}

bool Serving::overlap() const {
  std::lock_guard lock(mutex_);
  return overlap_;
}

WorkerBudget Serving::budget() const {
  std::lock_guard lock(mutex_);
  return budget_;
}

WorkloadOptions Serving::workload() const {
  std::lock_guard lock(mutex_);
  return workload_;
}

/// Gives a unit the settings that changed since it last looked.
void Serving::settle(Unit& unit, std::uint64_t& seen) {
  bool overlap = false;
  WorkerBudget budget;
  {
    std::lock_guard lock(mutex_);
    if (seen == settings_) return;
    seen = settings_;
    overlap = overlap_;
    budget = budget_;
  }
  unit.set_overlap(overlap);
  parts_.figures.budget(unit.options().kind, unit.set_budget(budget), {0, 0});
}

void Serving::note_step(Unit& unit, std::int64_t begin, int requests, int tokens) {
  ++steps_;
  const UnitKind kind = unit.options().kind;
  const StepRecord step{kind,   unit.steps() - 1,  begin, steady_now(), requests,
                        tokens, unit.table().epoch};
  if (parts_.figures.step(step, unit.loads())) note_budget(unit, step.end);
  if (parts_.recorder == nullptr) return;
  parts_.recorder->add_step(step);
  std::vector<int> ranks;
  for (int member = 0; member < unit.group().size; ++member)
    ranks.push_back(unit.group().first + member);
  parts_.recorder->add_loads(step, unit.loads(), ranks, parts_.model.config.dense_layers);
}

/// Requested, granted and observed workers of the window that ends now.
void Serving::note_budget(Unit& unit, std::int64_t now) {
  const UnitKind kind = unit.options().kind;
  const WorkerBudget asked = unit.options().budget, granted = unit.granted_budget(),
                     seen = unit.take_observed_budget();
  parts_.figures.budget(kind, granted, seen);
  if (parts_.recorder == nullptr) return;
  const auto pair = [](const WorkerBudget& b) {
    return fmt::format("{{\"workers\":{},\"communication\":{}}}", b.workers, b.communication);
  };
  std::int64_t& begin = budget_since_[static_cast<std::size_t>(kind)];
  parts_.recorder->add_span(
      {kind == UnitKind::Prefill ? EngineTrack::PrefillBudget : EngineTrack::DecodeBudget,
       "worker budget",
       fmt::format("{{\"phase\":\"{}\",\"requested\":{},\"granted\":{},\"observed\":{}}}",
                   to_string(kind), pair(asked), pair(granted), pair(seen)),
       std::max(begin, start_), now});
  begin = now;
}

/// Appends the token of a request at `position` to a micro-batch.
void Serving::add_row(MicroBatch& batch, const Active& active, int token, int position) const {
  batch.add(token, &active.sequence, position, active.request.id);
  if (active.request.routes.empty()) return;
  const ModelConfig& config = parts_.model.config;
  const auto width = static_cast<std::size_t>(config.moe_layers() * config.top_k);
  batch.routes.push_back(active.request.routes.data() + static_cast<std::size_t>(position) * width);
}

/// The likeliest token after sampled row `row` of a micro-batch.
int Serving::sample(const RankOutput& output, int micro_batch, int row) const {
  const int vocab = parts_.model.config.vocab;
  const float* logits =
      output.logits[micro_batch].data() + static_cast<std::ptrdiff_t>(row) * vocab;
  return static_cast<int>(std::max_element(logits, logits + vocab) - logits);
}

}  // namespace moescope::runtime
