#include "core/placement/solve/actions.h"

namespace moescope {
namespace {

PlanAction judge(PlanAction::Kind kind, Plan plan, const LayerLoads& loads,
                 const SolveOptions& options, Progress& progress) {
  PlanAction action{.kind = kind, .plan = std::move(plan)};
  resplit(action.plan, loads, options.threads, progress);
  std::vector<double> equal, best;
  for (const auto& layer : evaluate_plan(
           action.plan, loads, {.previous = options.from, .threads = options.threads}, progress)) {
    equal.push_back(layer.equal);
    best.push_back(layer.best_split);
    action.copies += layer.copies.value_or(0);
  }
  action.equal = summarize(std::move(equal));
  action.best_split = summarize(std::move(best));
  return action;
}

}  // namespace

const char* to_string(PlanAction::Kind kind) {
  switch (kind) {
    case PlanAction::Kind::Resplit:
      return "resplit";
    case PlanAction::Kind::Migrate:
      return "migrate";
    default:
      return "rebuild";
  }
}

std::vector<PlanAction> plan_actions(const std::vector<LayerLoads>& windows,
                                     const SolveOptions& options, const Plan& migrated,
                                     Progress& progress) {
  const auto sum = sum_of(windows);
  std::vector<PlanAction> actions;
  actions.push_back(judge(PlanAction::Kind::Resplit, *options.from, sum, options, progress));
  actions.push_back(judge(PlanAction::Kind::Migrate, migrated, sum, options, progress));
  auto fresh = options;
  fresh.rebuild = true;
  fresh.max_copies.reset();
  fresh.on_layer = {};
  auto rebuilt = solve_plan(windows, fresh, progress).plan;
  progress.check();
  actions.push_back(judge(PlanAction::Kind::Rebuild, std::move(rebuilt), sum, options, progress));
  return actions;
}

}  // namespace moescope
