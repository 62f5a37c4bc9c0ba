#include "core/advise/advised_command.h"

#include <fmt/format.h>

namespace moescope {

std::string command_of(const AdvisedFiles& files, const Deployment& d, const AdviseOptions& options,
                       const AdvisedAction& action) {
  const std::string from =
      fmt::format(" --from {}", files.plan.empty() ? "PLAN_IN_FORCE" : files.plan);
  const std::string engine = d.engine.empty() ? std::string() : " --engine " + d.engine;
  const auto solve = [&](int slots, const std::string& more) {
    return fmt::format(
        "moescope plan solve --loads {} --gpus {} --nodes {} --slots {}{}{} -o "
        "plan.json",
        files.loads, d.plan.num_gpus, d.plan.num_nodes, slots, engine, more);
  };
  const int slots = d.plan.slot_count();
  switch (action.kind) {
    case AdvisedKind::Resplit:
      if (d.engine == "sglang")
        return fmt::format("--ep-dispatch-algorithm {}", rule_facts(action.rule).dispatch);
      return solve(slots, from + " --max-copies 0 --split best");
    case AdvisedKind::BoundedMigration:
      return solve(slots, fmt::format("{} --max-copies {}", from, options.max_copies));
    case AdvisedKind::FullPlan:
      return solve(slots,
                   files.plan.empty() || rule_facts(d.rule).by_source ? "" : from + " --rebuild");
    case AdvisedKind::MoreRedundancy:
      return solve(slots + options.extra_slots_per_gpu * d.plan.num_gpus, "");
    case AdvisedKind::Periodic:
      break;
  }
  if (d.engine == "sglang" || d.engine == "vllm") return "--enable-eplb";
  return solve(slots, from + " --rebuild");
}

std::string action_title(const AdvisedAction& action) {
  switch (action.kind) {
    case AdvisedKind::Resplit:
      return fmt::format("{} instead", rule_title(action.rule));
    case AdvisedKind::BoundedMigration:
      return "bounded migration";
    case AdvisedKind::FullPlan:
      return "new plan";
    case AdvisedKind::MoreRedundancy:
      return "more redundancy";
    case AdvisedKind::Periodic:
      break;
  }
  return fmt::format("balancing every {:.1f} min", action.every_s / 60);
}

}  // namespace moescope
