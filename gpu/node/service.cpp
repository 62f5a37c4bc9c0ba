#include "gpu/node/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/cluster/wire/bounded_text.h"
#include "core/error.h"
#include "core/placement/evaluate.h"
#include "core/placement/validate.h"
#include "core/version.h"

namespace moescope::runtime {
namespace {

constexpr std::size_t kReportedChanges = 100;
/// Interval of progress reports to a client while weights are copied.
constexpr auto kReportInterval = std::chrono::milliseconds(100);

/// The part of a change that clients get; the engine keeps more.
NodePlanChange reported(const PlanRecord& record) {
  NodePlanChange change = record;
  change.reason = bounded_text(record.reason, kMaxReasonBytes);
  return change;
}

PlanOutcome refused(const PlanRequest& request, const std::string& who, std::uint64_t epoch,
                    const std::string& reason) {
  PlanOutcome outcome;
  outcome.change.who = who;
  outcome.change.name = bounded_text(request.name, kMaxNameBytes);
  outcome.change.phase = PlanPhase::Refused;
  outcome.change.reason = bounded_text(reason, kMaxReasonBytes);
  outcome.change.base_epoch = outcome.change.epoch = epoch;
  return outcome;
}

/// The first errors as one sentence; empty when there are none.
std::string first_errors(const std::vector<PlanProblem>& problems) {
  constexpr std::size_t kShown = 3;
  std::string text;
  std::size_t errors = 0;
  for (const PlanProblem& problem : problems) {
    if (problem.severity != PlanProblem::Severity::Error || ++errors > kShown) continue;
    text += (text.empty() ? "" : "; ") + to_string(problem);
  }
  if (errors > kShown) text += fmt::format("; and {} more", errors - kShown);
  return text;
}

}  // namespace

class NodeService::Use {
 public:
  explicit Use(NodeService& service) : service_(service) {
    std::lock_guard lock(service_.mutex_);
    if (service_.left_) throw NotServing("the node stops");
    if (service_.control_ == nullptr)
      throw NotServing("the node is starting and does not serve yet");
    control_ = service_.control_;
    ++service_.users_;
  }
  ~Use() {
    std::lock_guard lock(service_.mutex_);
    --service_.users_;
    service_.changed_.notify_all();
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

  Control* operator->() const { return control_; }
  Control& operator*() const { return *control_; }

 private:
  NodeService& service_;
  Control* control_ = nullptr;
};

void NodeService::serve(Control& control, NodeFacts facts, std::function<void()> stop) {
  facts_ = std::move(facts);
  stop_ = std::move(stop);
  control.on_plan_change([this](const PlanRecord&) {
    std::lock_guard lock(mutex_);
    ++changes_;
    changed_.notify_all();
  });
  std::lock_guard lock(mutex_);
  control_ = &control;
  left_ = false;
}

void NodeService::leave() {
  std::unique_lock lock(mutex_);
  left_ = true;
  changed_.notify_all();
  changed_.wait(lock, [&] { return users_ == 0; });
  Control* const control = std::exchange(control_, nullptr);
  lock.unlock();
  // Not under the lock: the control holds its own lock while it calls the listener.
  if (control != nullptr) control->on_plan_change({});
}

void NodeService::check_serving() {
  const Use use(*this);
}

NodeStatus NodeService::status(bool with_plan) {
  const Use control(*this);
  return read_status(control, with_plan);
}

NodeStatus NodeService::read_status(const Use& control, bool with_plan) {
  NodeStatus out = control->status();
  out.version = program_version();
  out.model = facts_.model;
  out.backend = facts_.backend;
  out.expert_bytes = facts_.expert_bytes;
  const auto history = control->history();
  const std::size_t first =
      history.size() > kReportedChanges ? history.size() - kReportedChanges : 0;
  {
    std::lock_guard lock(mutex_);
    for (std::size_t i = first; i < history.size(); ++i) {
      out.history.push_back(reported(history[i]));
      if (const auto known = effects_.find(history[i].ticket); known != effects_.end())
        out.history.back().effect = known->second;
    }
  }
  if (!with_plan) return out;
  out.plan_json = plan_json(control->plan());
  if (const auto previous = control->previous_plan()) out.previous_plan_json = plan_json(*previous);
  return out;
}

PlanOutcome NodeService::apply(const PlanRequest& request, const std::string& who,
                               const PlanListener& listener) {
  const Use control(*this);
  const std::uint64_t epoch = control->epoch();
  PlanReading reading;
  try {
    reading = parse_plan(request.plan_json, request.name);
  } catch (const Error& error) {
    return refused(request, who, epoch, error.what());
  }
  auto problems = reading.problems;
  if (!has_errors(problems)) problems = validate_plan(reading.plan);
  if (has_errors(problems)) return refused(request, who, epoch, first_errors(problems));
  if (request.dry_run) return dry_run(*control, reading.plan, request, who);
  PlanOptions options;
  options.who = bounded_text(who, kMaxNameBytes);
  options.name = request.name.empty() ? "plan" : bounded_text(request.name, kMaxNameBytes);
  {
    std::lock_guard lock(mutex_);
    options.id = fmt::format("wire {}", ++proposals_);
  }
  return wait(*control,
              control->propose_plan(reading.plan, request.base_epoch.value_or(epoch), options),
              listener);
}

/// Computes what would move and whether the shape fits, without involving the engine.
PlanOutcome NodeService::dry_run(const Control& control, const Plan& plan,
                                 const PlanRequest& request, const std::string& who) const {
  const Plan running = control.plan();
  const std::uint64_t epoch = control.epoch();
  if (request.base_epoch && *request.base_epoch != epoch)
    return refused(
        request, who, epoch,
        fmt::format("it was made for epoch {}, epoch {} runs", *request.base_epoch, epoch));
  if (plan.num_gpus != running.num_gpus || plan.layers() != running.layers() ||
      plan.num_experts != running.num_experts)
    return refused(request, who, epoch,
                   fmt::format("it is for {} layers, {} experts and {} GPUs, the node runs {} "
                               "layers, {} experts and {} ranks per unit",
                               plan.layers(), plan.num_experts, plan.num_gpus, running.layers(),
                               running.num_experts, running.num_gpus));
  PlanOutcome outcome;
  outcome.done = true;
  outcome.change.who = who;
  outcome.change.name = bounded_text(request.name, kMaxNameBytes);
  outcome.change.phase = PlanPhase::Proposed;
  outcome.change.base_epoch = outcome.change.epoch = epoch;
  constexpr int kUnits = 2;  // both hold all experts
  for (std::size_t layer = 0; layer < plan.physical_to_logical.size(); ++layer)
    outcome.change.moves +=
        kUnits * copies_needed(plan.physical_to_logical[layer], running.physical_to_logical[layer],
                               plan.num_gpus);
  outcome.change.bytes_total =
      static_cast<std::uint64_t>(outcome.change.moves) * facts_.expert_bytes;
  return outcome;
}

/// Waits until the change is over, reporting progress to the listener.
PlanOutcome NodeService::wait(Control& control, PlanTicket ticket, const PlanListener& listener) {
  std::uint64_t seen = 0;
  bool undone = false;
  for (;;) {
    const auto change = control.plan_change(ticket);
    if (!change) throw Error("plan", "", "the change of plan is unknown");
    const NodePlanChange now = reported(*change);
    if (now.over()) return {now.in_force(), now};
    if (listener && !listener(now) && !undone) {
      undone = true;
      control.rollback(change->who);
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kReportInterval, [&] { return left_ || changes_ != seen; });
    if (left_) throw Error("node", "", "stops; the plan from before stays in force");
    seen = changes_;
  }
}

PlanOutcome NodeService::rollback(const std::string& who) {
  const Use control(*this);
  const auto ticket = control->rollback(who);
  if (!ticket)
    return refused({.name = "rollback"}, who, control->epoch(),
                   "there is no change of plan to roll back");
  PlanOutcome outcome = wait(*control, *ticket, {});
  // Undoing a change under way ends it as rolled back, as requested.
  outcome.done = outcome.done || outcome.change.phase == PlanPhase::RolledBack;
  return outcome;
}

void NodeService::report_effect(std::uint64_t ticket, const PlanEffect& effect) {
  const Use control(*this);
  const auto change = control->plan_change(ticket);
  if (!change || !reported(*change).in_force())
    throw Error("effect", "", fmt::format("change {} of the plan did not come into force", ticket),
                "moescope status shows the changes");
  std::lock_guard lock(mutex_);
  effects_[ticket] = effect;
  if (effects_.size() > kReportedChanges) effects_.erase(effects_.begin());
}

void NodeService::configure(const NodeSettings& settings) {
  const Use control(*this);
  const NodeWorkers now = control->status().units.front().requested;
  WorkerBudget budget{now.workers, now.communication};
  constexpr int kMostWorkers = 64;
  if (settings.workers) budget.workers = *settings.workers;
  if (settings.comm_workers) budget.communication = *settings.comm_workers;
  if (budget.workers < 1 || budget.workers > kMostWorkers || budget.communication < 1 ||
      budget.communication >= std::max(budget.workers, 2))
    throw Error("settings", "workers",
                fmt::format("{} workers with {} for communication are not possible", budget.workers,
                            budget.communication),
                fmt::format("Give 1 to {} workers, and fewer for communication", kMostWorkers));
  if (settings.workload) control->set_workload(parse_workload(*settings.workload));
  if (settings.overlap) control->set_overlap(*settings.overlap);
  if (settings.workers || settings.comm_workers) control->set_budget(budget);
}

void NodeService::stop() {
  const Use control(*this);
  stop_();
}

}  // namespace moescope::runtime
