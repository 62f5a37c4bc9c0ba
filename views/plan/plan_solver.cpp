#include "views/plan/plan_solver.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>

#include "core/loads/judged_windows.h"
#include "core/placement/solve/ruled_plan.h"
#include "core/placement/solve/solve.h"
#include "views/plan/compare/compare_models.h"

namespace moescope {
namespace {

constexpr int kPollMs = 40;

/// The chosen windows in at most `groups` parts, in the layers of the plan.
std::vector<LayerLoads> windows_of(const LoadSet& loads, const Plan& plan, WindowRange range,
                                   int groups) {
  std::vector<LayerLoads> parts;
  const int count = std::clamp(groups, 1, range.count());
  for (int i = 0; i < count; ++i)
    parts.push_back(loads_of_plan(loads, plan, range.first + range.count() * i / count,
                                  range.first + range.count() * (i + 1) / count));
  return parts;
}

/// Whether tokens would follow replica weights: under their own rule, which is also that of a plan
/// with weights where no engine is known.
bool takes_weights(const ServingSetup& setup) {
  return setup.rule() == ReplicaRule::Weights ||
         (!setup.ruleChosen() && setup.rule() == ReplicaRule::Even);
}

}  // namespace

/// State shared by the worker and the window.
struct PlanSolver::Shared {
  std::mutex mutex;
  std::vector<std::vector<int>> rows;  ///< empty where not yet solved
  SolveProgress progress;
  std::atomic<bool> keep{false};  ///< take what is solved when cancelled
};

/// The job: everything it needs, copied, so that the window can go on.
struct PlanSolver::Work {
  SolveRequest request;
  Plan now, from;
  LoadsPtr loads;
  WindowRange range;
  PlanConstraints constraints;
  std::shared_ptr<Shared> shared;

  Solved operator()(Progress& progress) const {
    const auto total = loads_of_plan(*loads, now, range.first, range.last);
    if (request.action == SolveAction::Resplit) {
      Solved solved{now, false, false};
      resplit(solved.plan, total, 0, progress);
      return solved;
    }
    SolveOptions options = constrained();
    options.on_layer = [&](int layer, const std::vector<int>& row) {
      // A cancelled layer is not better than the existing one.
      if (!progress.cancelled()) note(layer, row, total[static_cast<std::size_t>(layer)]);
    };
    try {
      const auto windows = windows_of(*loads, now, range, request.window_groups);
      const SolveResult result = solve_plan(windows, options, progress);
      if (!progress.cancelled()) return {result.plan, false, result.for_equal_shares};
    } catch (const Cancelled&) {  // as below
    }
    if (!shared->keep) throw Cancelled();
    return {so_far(total), true, false};
  }

 private:
  SolveOptions constrained() const {
    SolveOptions options;
    options.gpus = now.num_gpus;
    options.nodes = now.num_nodes;
    options.groups = now.num_groups;
    options.slot_count = now.slot_count();
    options.hierarchy = request.hierarchy;
    options.connected = request.connected;
    options.split_best = request.best_split;
    options.pinned = constraints.pinned;
    options.forbidden = constraints.forbidden;
    options.dead_gpus = now.dead_gpus;
    options.layer_ids = now.layer_ids;
    options.seed = request.seed;
    options.rules = request.rules;
    options.by_source = sources_of_plan(*loads, now);
    if (request.action == SolveAction::Migrate) options.max_copies = request.max_copies;
    // Under rules of ranks a plan cannot be relabelled: the shares depend on where replicas are.
    options.rebuild =
        request.action == SolveAction::Full && from_fits() && !can_solve_for_rules(options);
    if (request.action == SolveAction::Migrate || options.rebuild) options.from = &from;
    return options;
  }
  /// A plan of another shape, or with errors in its rows, cannot be migrated from.
  bool from_fits() const {
    return from.num_gpus == now.num_gpus && from.num_experts == now.num_experts &&
           from.layers() == now.layers() && from.slot_count() == now.slot_count() &&
           !has_errors(validate_plan(from));
  }
  void note(int layer, const std::vector<int>& row,
            const std::vector<double>& loads_of_layer) const {
    const auto i = static_cast<std::size_t>(layer);
    const auto gpus = gpu_loads(row, loads_of_layer, now.num_gpus);
    const double mean = std::accumulate(loads_of_layer.begin(), loads_of_layer.end(), 0.0) /
                        std::max(now.live_gpus(), 1);
    const std::lock_guard lock(shared->mutex);
    shared->rows[i] = row;
    shared->progress.imbalance[i] =
        mean > 0 ? *std::max_element(gpus.begin(), gpus.end()) / mean : 1;
    ++shared->progress.done;
  }
  /// The solved layers in the plan as it was.
  Plan so_far(const LayerLoads& total) const {
    Plan plan = now;
    for (std::size_t l = 0; l < shared->rows.size(); ++l)
      if (!shared->rows[l].empty()) plan.physical_to_logical[l] = shared->rows[l];
    plan.replica_weight.clear();
    Progress rest;
    if (request.best_split && !has_errors(validate_plan(plan))) resplit(plan, total, 0, rest);
    return plan;
  }
};

PlanSolver::PlanSolver(PlanDocument& document, QObject* parent)
    : QObject(parent), document_(document) {
  poll_.setInterval(kPollMs);
  connect(&poll_, &QTimer::timeout, this, &PlanSolver::poll);
  connect(&job_, &JobRunner::finished, this, [this] {
    poll_.stop();
    Q_EMIT finished();
  });
  connect(&job_, &JobRunner::cancelled, this,
          [this] { Q_EMIT message(tr("The solve was cancelled; the plan is unchanged.")); });
  connect(&job_, &JobRunner::failed, this, &PlanSolver::message);
  connect(&document_, &PlanDocument::replaced, this, &PlanSolver::cancel);
}

QString PlanSolver::obstacle(const SolveRequest& request) const {
  if (document_.empty()) return tr("Open or make a plan first.");
  if (!document_.state().has_loads())
    return document_.loadProblem().isEmpty()
               ? tr("Open loads first: a plan is solved for loads.")
               : tr("The open loads do not fit the plan: %1").arg(document_.loadProblem());
  if (request.action == SolveAction::Full) return {};
  if (request.action == SolveAction::Resplit && !takes_weights(document_.serving()))
    return tr("Replica weights have no effect %1.").arg(document_.underRule());
  const PlanState& from = request.action == SolveAction::Migrate ? start() : document_.state();
  for (const PlanProblem& p : from.problems()) {
    const bool fixable = request.action == SolveAction::Migrate && p.kind == "missing_expert";
    if (p.severity == PlanProblem::Severity::Error && !fixable)
      return tr("The plan has errors, so only a full plan can be solved: %1")
          .arg(QString::fromStdString(to_string(p)));
  }
  return {};
}

/// What a migration starts from: the plan before when it has the same slots.
const PlanState& PlanSolver::start() const {
  const PlanState* before = document_.before();
  return before != nullptr && before->plan().slot_count() == document_.plan().slot_count()
             ? *before
             : document_.state();
}

void PlanSolver::cancel() {
  if (shared_) shared_->keep = false;
  job_.cancel();
}

void PlanSolver::takeBestSoFar() {
  if (shared_) shared_->keep = true;
  job_.cancel();
}

WindowRange PlanSolver::makingWindows(const SolveRequest& request) const {
  const LoadDocument& loads = document_.loads();
  WindowRange windows = loads.windows();
  if (request.hold_out && loads.loads()->ordered_in_time && !loads.growing())
    windows.last = windows.first + windows_to_make_from(windows.count());
  return windows;
}

void PlanSolver::solve(const SolveRequest& request) {
  if (const QString why = obstacle(request); !why.isEmpty()) {
    Q_EMIT message(why);
    return;
  }
  document_.preview(std::nullopt);
  const Plan now = document_.plan();
  const auto layers = static_cast<std::size_t>(now.layers());
  shared_ = std::make_shared<Shared>();
  shared_->rows.resize(layers);
  shared_->progress = {0, now.layers(),
                       std::vector<double>(layers, std::numeric_limits<double>::quiet_NaN())};
  Work work{request,
            now,
            start().plan(),
            document_.loads().loads(),
            makingWindows(request),
            document_.constraints(),
            shared_};
  const MadeFrom from = made_from(*work.loads, work.range);
  job_.start(tr("Solving the plan"), std::move(work),
             [this, request, from](const Solved& solved) { deliver(solved, request, from); });
  poll_.start();
  Q_EMIT started();
}

void PlanSolver::poll() {
  SolveProgress copy;
  {
    const std::lock_guard lock(shared_->mutex);
    copy = shared_->progress;
  }
  Q_EMIT progressed(copy);
}

void PlanSolver::deliver(const Solved& solved, const SolveRequest& request, const MadeFrom& from) {
  QString text = request.action == SolveAction::Resplit   ? tr("Re-split")
                 : request.action == SolveAction::Migrate ? tr("Bounded migration")
                                                          : tr("Full plan");
  if (solved.partial) text = tr("%1, best so far").arg(text);
  try {
    document_.replace(solved.plan, text, from);
  } catch (const std::exception& error) {
    Q_EMIT message(QString::fromUtf8(error.what()));
    return;
  }
  // The headline shows the balance, which stays correct when the plan or the windows change.
  QString told = tr("%1; copies against the plan before (%3): %2.")
                     .arg(text)
                     .arg(unit_copies_text(document_.moves()))
                     .arg(document_.beforeName());
  if (solved.for_equal_shares)
    told +=
        tr(" It is made for equal shares: with these options none is made for the replica "
           "rule, or none was better.");
  Q_EMIT message(told);
}

}  // namespace moescope
