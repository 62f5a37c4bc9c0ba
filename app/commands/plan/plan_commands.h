// Shared parts of the subcommands of `moescope plan`.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/commands/json_output.h"
#include "core/loads/load_set.h"
#include "core/loads/plan_balance.h"
#include "core/placement/plan.h"
#include "core/placement/plan_diff.h"
#include "core/placement/plan_figures.h"

namespace moescope {

void register_plan_solve(CLI::App& plan);
void register_plan_bounds(CLI::App& plan);
void register_plan_advise(CLI::App& plan);
void register_plan_evaluate(CLI::App& plan);
void register_plan_validate(CLI::App& plan);
void register_plan_diff(CLI::App& plan);
void register_plan_import(CLI::App& plan);
void register_plan_export(CLI::App& plan);

/// Reads loads and prints their notes on stderr. `unit`: "prefill" or "decode" of a recording; "":
/// the first one.
LoadSet read_loads_for_plan(const std::string& path, const std::string& unit = {});
/// What must be copied in a layer: [{"expert","slot","gpu","from_gpus"}].
Json copies_json(const LayerDiff& diff);
/// {"mean","p95","max"}; null without values.
Json summary_json(const std::vector<double>& values);
/// {"text","loads","unit","first","last","of"}: which loads a figure is of.
Json window_json(const LoadWindow& window);
/// {"text","made_from","window","held_out","imbalance"}: which windows made the plan, which judge
/// it, and its imbalance over the latter; held_out is null where it is not known what made it.
/// @param made_from [first, last) of the loads, empty when none; nullopt: not known
Json judged_json(const Plan& plan, const LoadSet& loads,
                 std::optional<std::pair<int, int>> made_from);
/// "made from windows 0 to 5, judged on windows 6 to 7: imbalance 1.05 on average, ..."
void print_judged(std::FILE* out, const Json& judged);
/// {"copies","units","copies_in_all","expert_bytes","bytes"}: what a change of plan moves; bytes
/// are of all units.
Json moved_json(const PlanCopies& copies);

}  // namespace moescope
