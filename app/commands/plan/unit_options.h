// Options of the commands that predict a serving unit: what it is, and what it serves.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "app/commands/rule_options.h"
#include "core/simulate/what_if/what_if.h"

namespace moescope {

struct UnitChoice {
  WhatIf settings{.hardware = "", .model = "", .unit = ""};
  std::string library, loads, plan;
  RuleChoice rule;
};

/// Adds --hardware, --model, --unit, --library, --loads, --engine and --dispatch.
void add_unit_options(CLI::App& command, UnitChoice& choice);
/// Throws CLI::RequiredError where hardware, model or unit is missing.
void require_unit(const UnitChoice& choice);
/// Adds --plan, --comm-sms, --gpus, --redundant and --batch; a given plan has GPUs and slots.
void add_setting_options(CLI::App& command, UnitChoice& choice);

/// The unit with the settings. Throws Error.
ServingUnit chosen_unit(const UnitChoice& choice, const ModelShape& model);
/// Those of --loads, else equal ones. Throws Error.
LoadSet chosen_loads(const UnitChoice& choice, const ModelShape& model);
/// The plan under a rule. @param loads of all layers of the model. Throws Error.
Plan under_unit_rule(const Plan& plan, ReplicaRule rule, const LoadSet& loads,
                     const ModelShape& model);

}  // namespace moescope
