#include "core/advise/advise.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/advise/stages.h"
#include "core/loads/rule_of_loads.h"

namespace moescope {
namespace {

std::string what_it_does(const AdvisedAction& action) {
  switch (action.kind) {
    case AdvisedKind::Resplit:
      return fmt::format("choosing replicas by {}", rule_title(action.rule));
    case AdvisedKind::BoundedMigration:
      return "a bounded migration";
    case AdvisedKind::FullPlan:
      return "a new plan";
    case AdvisedKind::MoreRedundancy:
      return "adding redundant experts";
    case AdvisedKind::Periodic:
      break;
  }
  return fmt::format("balancing every {:.1f} min", action.every_s / 60);
}

std::string effect_text(const AdvisedAction& action) {
  return fmt::format("{:+.1f} ± {:.1f} %", 100 * action.net, 100 * action.gain_error);
}

/// A net effect that is worth a change and above its error.
bool pays(const AdvisedAction& action) {
  return action.net >= kWorthIt && action.net > action.gain_error;
}

/// Why balance cannot be felt; empty where it can.
std::string why_not_felt(const Advice& advice) {
  const double imbalance = advice.today.imbalance;
  if (advice.today.weights_dominate)
    return fmt::format(
        "at an imbalance of {:.2f} the GPUs read expert weights for as long as they compute: even "
        "tokens would not shorten the step",
        imbalance);
  if (advice.today.even_gain < kWorthIt)
    return fmt::format(
        "perfectly even tokens would shorten the step by {:.1f} % only, at an imbalance of {:.2f}",
        100 * advice.today.even_gain, imbalance);
  if (imbalance <= advice.response.knee)
    return fmt::format(
        "an imbalance of {:.2f} is below the knee at {:.2f}, from which on it is felt", imbalance,
        advice.response.knee);
  return {};
}

void judge(Advice& advice) {
  if (const auto why = why_not_felt(advice); !why.empty()) {
    advice.verdict = AdviceVerdict::NotWorthIt;
    advice.reason = why;
    advice.missing.clear();
    return;
  }
  const AdvisedAction& best = advice.actions[*advice.best];
  if (best.net + best.gain_error < kWorthIt) {
    advice.verdict = AdviceVerdict::NotWorthIt;
    advice.missing.clear();
    advice.reason = fmt::format("no change pays: the best, {}, changes the step by {} net",
                                what_it_does(best), effect_text(best));
    return;
  }
  if (!pays(best))
    advice.missing.push_back(
        fmt::format("a gain above its error: {} gives {}", what_it_does(best), effect_text(best)));
  advice.verdict = advice.missing.empty() ? AdviceVerdict::DoIt : AdviceVerdict::NotEnoughEvidence;
  advice.reason =
      advice.missing.empty()
          ? fmt::format("{} shortens the step by {} net; the imbalance goes from {:.2f} to {:.2f}",
                        what_it_does(best), effect_text(best), advice.today.imbalance,
                        best.imbalance)
          : fmt::format("{} would change the step by {} net, but there is missing: {}",
                        what_it_does(best), effect_text(best), advice.missing.front());
}

}  // namespace

const char* to_string(AdviceVerdict verdict) {
  switch (verdict) {
    case AdviceVerdict::DoIt:
      return "do_it";
    case AdviceVerdict::NotWorthIt:
      return "not_worth_it";
    case AdviceVerdict::NotEnoughEvidence:
      break;
  }
  return "not_enough_evidence";
}

const char* verdict_words(AdviceVerdict verdict) {
  switch (verdict) {
    case AdviceVerdict::DoIt:
      return "do it";
    case AdviceVerdict::NotWorthIt:
      return "not worth it";
    case AdviceVerdict::NotEnoughEvidence:
      break;
  }
  return "not enough evidence";
}

std::size_t best_action(const std::vector<AdvisedAction>& actions) {
  const auto largest = std::ranges::max_element(actions, {}, &AdvisedAction::net);
  const auto cheapest = std::ranges::find_if(actions, [&](const AdvisedAction& action) {
    return action.net > largest->net - kWorthIt && (pays(action) || !pays(*largest));
  });
  return static_cast<std::size_t>(cheapest - actions.begin());
}

Advice advise(const Deployment& deployment, const LoadSet& loads, const AdviseOptions& options,
              Progress& progress) {
  Advice out;
  Stages stages(progress);
  stages.next(0.1, "the plan in force");
  out.today = step_today(deployment, loads, stages.part());
  stages.next(0.2, "where imbalance is felt");
  out.response = balance_response(deployment.hardware, deployment.model, deployment.unit,
                                  deployment.plan, loads, stages.part());
  if (options.knee) out.response.knee = *options.knee;
  out.evidence = load_evidence(under_rule(deployment.plan, deployment.rule, loads), loads);
  out.missing = missing_evidence(out.evidence, out.today.imbalance);
  if (out.evidence.windows > 1 && !loads.ordered_in_time)
    out.notes.push_back(
        "the windows are not known to be in the order of time: plans are judged on other windows "
        "than "
        "those that made them, but not on later ones, and periodic balancing is not judged");
  if (const auto use =
          memory_use(deployment.hardware, deployment.model, deployment.unit, deployment.plan);
      !use.fits())
    out.notes.push_back(
        fmt::format("a GPU has {:.0f} GB, and the model with this unit's batch needs {:.0f} GB: "
                    "the deployment is "
                    "not this one",
                    use.room / 1e9, use.total() / 1e9));
  stages.next(1, {});
  out.actions = advised_actions(deployment, loads, options, stages.part());
  out.best = best_action(out.actions);
  judge(out);
  progress.report(1, "done");
  return out;
}

}  // namespace moescope
