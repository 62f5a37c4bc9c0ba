// The options --engine and --dispatch: by which rule replicas are chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "app/commands/json_output.h"
#include "core/loads/load_set.h"
#include "core/placement/rules/slot_shares.h"

namespace moescope {

struct RuleChoice {
  std::string engine;
  std::vector<std::string> dispatch;  ///< one, or several where a plan is made for them

  bool named() const { return !engine.empty() || !dispatch.empty(); }
};

/// Adds --engine and --dispatch. @param several a plan may be made for several rules
void add_rule_options(CLI::App& command, RuleChoice& choice, bool several = false);

/// The one rule that is asked for; else that of the engine whose dump the loads are; else equal
/// shares, or the plan's weights where it has them. Throws Error.
ReplicaRule chosen_rule(const RuleChoice& choice, const LoadSet& loads, const Plan& plan);
/// The same without loads. Throws Error.
ReplicaRule chosen_rule(const RuleChoice& choice);
/// The rules that a plan is made for. Throws Error.
std::vector<ReplicaRule> chosen_rules(const RuleChoice& choice, const LoadSet& loads);

/// Adds "rule" (its name), "rule_text" and "sources": "recorded", "equal", or null where the rule
/// does not depend on them.
void add_rule(Json& document, ReplicaRule rule, bool knows_sources);

}  // namespace moescope
