#include "app/commands/rule_options.h"

#include "core/error.h"

namespace moescope {

void add_rule_options(CLI::App& command, RuleChoice& choice, bool several) {
  command
      .add_option("--engine", choice.engine,
                  "Engine whose replica rule counts (that of the dump, else none: equal shares)")
      ->check(CLI::IsMember(rule_engines()));
  auto* dispatch = command.add_option(
      "--dispatch", choice.dispatch,
      several
          ? "Replica rule of the engine, or several with commas: the plan is made for the worst "
            "of them (sglang: static,dynamic)"
          : "Replica rule of the engine (its usual one)");
  dispatch->check(CLI::IsMember(dispatch_names()));
  if (several)
    dispatch->delimiter(',');
  else
    dispatch->expected(1);
}

namespace {

/// A rule that the engine does not have is wrong usage, as another wrong word is.
ReplicaRule named_rule(const std::string& engine, const std::string& dispatch) {
  try {
    return find_rule(engine, dispatch);
  } catch (const Error& error) {
    throw CLI::ValidationError(error.place(), error.problem() + ". " + error.remedy());
  }
}

}  // namespace

ReplicaRule chosen_rule(const RuleChoice& choice) {
  return named_rule(choice.engine, choice.dispatch.empty() ? "" : choice.dispatch.front());
}

ReplicaRule chosen_rule(const RuleChoice& choice, const LoadSet& loads, const Plan& plan) {
  if (choice.named()) return chosen_rule(choice);
  return usual_rule(loads.engine, plan);
}

std::vector<ReplicaRule> chosen_rules(const RuleChoice& choice, const LoadSet& loads) {
  if (choice.dispatch.empty())
    return rules_to_solve_for(choice.engine.empty() ? loads.engine : choice.engine);
  std::vector<ReplicaRule> rules;
  for (const auto& name : choice.dispatch)
    if (const auto rule = named_rule(choice.engine, name);
        std::find(rules.begin(), rules.end(), rule) == rules.end())
      rules.push_back(rule);
  return rules;
}

void add_rule(Json& document, ReplicaRule rule, bool knows_sources) {
  document["rule"] = rule_name(rule);
  document["rule_text"] = rule_text(rule, knows_sources);
  document["sources"] =
      rule_facts(rule).by_source ? Json(knows_sources ? "recorded" : "equal") : Json();
}

}  // namespace moescope
