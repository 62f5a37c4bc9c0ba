#include "gpu/engine/engine_control.h"

#include "core/parallel.h"
#include "gpu/base/clock.h"
#include "gpu/engine/layout.h"

namespace moescope::runtime {

PlanTicket EngineControl::propose_plan(const Plan& plan, std::uint64_t base_epoch,
                                       const PlanOptions& options) {
  return changer_.book().add(plan, base_epoch, options);
}

std::optional<PlanTicket> EngineControl::rollback(const std::string& who) {
  return changer_.rollback(who);
}

std::uint64_t EngineControl::epoch() const {
  return changer_.epoch();
}

Plan EngineControl::plan() const {
  return changer_.plan();
}

std::optional<Plan> EngineControl::previous_plan() const {
  return changer_.previous_plan();
}

/// Duration of the change and, for a finished one, the rate of tokens afterwards.
PlanRecord EngineControl::as_of_now(PlanRecord change) const {
  constexpr std::int64_t kAfter = 5'000'000'000;
  if (change.ended > 0)
    change.tpot_after = parts_.figures.mean_tpot(change.ended, change.ended + kAfter);
  // A change in the holding phase is over for its waiters.
  const std::int64_t end = change.ended != 0      ? change.ended
                           : change.verified != 0 ? change.verified
                                                  : steady_now();
  change.seconds = static_cast<double>(end - change.proposed) / 1e9;
  return change;
}

std::optional<PlanRecord> EngineControl::plan_change(PlanTicket ticket) const {
  const auto change = changer_.book().find(ticket);
  return change ? std::optional(as_of_now(*change)) : std::nullopt;
}

std::vector<PlanRecord> EngineControl::history() const {
  auto changes = changer_.book().all();
  for (PlanRecord& change : changes) change = as_of_now(change);
  return changes;
}

void EngineControl::on_plan_change(std::function<void(const PlanRecord&)> listener) {
  changer_.book().listen(std::move(listener));
}

void EngineControl::set_overlap(bool overlap) {
  serving_.set_overlap(overlap);
}

void EngineControl::set_budget(WorkerBudget requested) {
  serving_.set_budget(requested);
}

void EngineControl::set_workload(const WorkloadOptions& workload) {
  check_workload(workload, parts_.options, parts_.model.config);
  serving_.set_workload(workload);
}

void EngineControl::set_links(const std::string& links) {
  std::lock_guard lock(links_mutex_);
  links_ = links;
}

void EngineControl::run_begins(std::int64_t start) {
  start_ = start;
  running_ = true;
}

void EngineControl::run_ends() {
  ended_ = steady_now();
  running_ = false;
}

NodeStatus EngineControl::status() const {
  NodeStatus status;
  const std::int64_t start = start_;
  status.serving = running_;
  if (start > 0)
    status.seconds =
        static_cast<double>((status.serving ? steady_now() : ended_.load()) - start) / 1e9;
  // Processes may be spread over machines.
  if (parts_.space.processes() == nullptr) status.cores = hardware_threads();
  status.epoch = changer_.epoch();
  status.overlap = serving_.overlap();
  if (parts_.recorder != nullptr) status.detail = parts_.recorder->detail();
  {
    std::lock_guard lock(links_mutex_);
    status.links = links_;
  }
  status.workload = workload_text(serving_.workload());
  const NodeWorkers requested = node_workers(serving_.budget());
  for (const UnitKind kind : {UnitKind::Prefill, UnitKind::Decode}) {
    NodeUnit& unit = status.units.emplace_back();
    unit.kind = kind;
    unit.requested = requested;
  }
  for (const RecordedRank& rank : recorded_ranks(parts_.options, parts_.model.config)) {
    NodeRank one{rank.rank, rank.node, rank.unit};
    if (parts_.recorder != nullptr)
      one.dropped = parts_.recorder->dropped(static_cast<std::size_t>(rank.rank));
    status.dropped += one.dropped;
    status.ranks.push_back(one);
  }
  parts_.figures.fill(status);
  if (vitals_ != nullptr) status.hung = vitals_->hung();
  return status;
}

}  // namespace moescope::runtime
