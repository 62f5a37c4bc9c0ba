// moescope apply and rollback: change the placement plan of a running node.
#include <fmt/format.h>

#include <cstdio>

#include "app/commands/cluster/apply_effect.h"
#include "app/commands/cluster/cluster_commands.h"
#include "app/commands/cluster/effect_run.h"
#include "app/commands/command.h"
#include "app/commands/plan/plan_commands.h"
#include "core/cluster/session/plan_change_machine.h"
#include "core/error.h"
#include "core/figure_text.h"

namespace moescope {
namespace {

struct ApplyOptions : NodeOptions {
  std::string plan;
  std::optional<std::uint64_t> base_epoch;
  bool dry_run = false;
  EffectOptions effect;
};

struct RollbackOptions : NodeOptions {
  EffectOptions effect;
};

/// What moves from the running plan to the new one, by layer.
Json moves_json(const Plan& running, const Plan& plan) {
  Json layers = Json::array();
  // The node refuses a plan of another shape and says why.
  if (running.num_gpus != plan.num_gpus || running.layers() != plan.layers() ||
      running.num_experts != plan.num_experts)
    return layers;
  const auto diffs = diff_plans(running, plan);
  for (int layer = 0; layer < plan.layers(); ++layer)
    layers.push_back({{"layer", plan.layer_id(layer)},
                      {"copies", copies_json(diffs[static_cast<std::size_t>(layer)])}});
  return layers;
}

/// What the node will copy, in all of its units; nullopt for a plan of another shape, which the
/// node refuses.
std::optional<PlanCopies> moves_of(const Plan& running, const Plan& plan,
                                   const NodeStatus& status) {
  if (running.num_gpus != plan.num_gpus || running.layers() != plan.layers() ||
      running.num_experts != plan.num_experts)
    return std::nullopt;
  return plan_copies(running, plan, units_of(status),
                     status.expert_bytes > 0
                         ? std::optional(static_cast<double>(status.expert_bytes))
                         : std::nullopt);
}

void print_moves(const Json& layers, const std::optional<PlanCopies>& moved) {
  for (const Json& layer : layers)
    if (!layer["copies"].empty())
      fmt::print(stderr, "layer {:<4} {} experts move{}\n", layer["layer"].get<int>(),
                 layer["copies"].size(), moved && moved->units == 1 ? "" : " in each unit");
  if (moved) fmt::print(stderr, "{}\n", copies_text(*moved));
}

PlanCopies moves_of(const NodePlanChange& change, int units) {
  return copies_of_node(change.moves, static_cast<double>(change.bytes_total), units);
}

Json outcome_json(const NodeOptions& options, const PlanOutcome& outcome) {
  Json document = {{"schema", 1}, {"target", options.target}, {"done", outcome.done}};
  document.update(change_json(outcome.change));
  return document;
}

void print_outcome(const PlanOutcome& outcome, int units) {
  const NodePlanChange& c = outcome.change;
  if (c.in_force() && units == 1)
    fmt::print("in force   epoch {} (was {}), from pass {}{}{}\n", c.epoch, c.base_epoch,
               c.decode_step, c.reason.empty() ? "" : "; ", c.reason);
  else if (c.in_force())
    fmt::print("in force   epoch {} (was {}), from prefill step {} and decode step {}\n", c.epoch,
               c.base_epoch, c.prefill_step, c.decode_step);
  else
    fmt::print("result     {}\n", change_line(c, units));
  if (c.slots_probed > 0)
    fmt::print("verified   a probe batch went through {} of {} slots\n", c.slots_probed,
               c.slot_count);
  fmt::print("moved      {} in {:.2f} s\n", copies_text(moves_of(c, units)), c.seconds);
  if (c.tpot_during > 0)
    fmt::print("TPOT       before {:.0f} ms, during {:.0f} ms\n", c.tpot_before * 1e3,
               c.tpot_during * 1e3);
}

/// Requests the change and reports progress; Ctrl+C abandons the change.
PlanOutcome ask(ClusterClient& client, const PlanRequest& request, PlanChangeMachine& change) {
  Progress& progress = command_progress();
  if (request.dry_run)
    change.check();
  else
    change.apply();
  const PlanOutcome outcome = client.apply(request, [&](const NodePlanChange& now) {
    if (progress.cancelled()) change.abandon();
    if (change.progress(now) && !change.unwanted())
      progress.report(now.fraction(),
                      fmt::format("{}: {} of {}", to_string(now.phase),
                                  bytes_text(static_cast<double>(now.bytes_done)),
                                  bytes_text(static_cast<double>(now.bytes_total))));
    return !change.unwanted();
  });
  change.answer(outcome);
  return outcome;
}

/// A change that is not done is a failure of the command; nothing changed.
void finish(const NodeOptions& options, const PlanOutcome& outcome) {
  if (outcome.done) return;
  throw Error(options.target, "", "the plan from before stays in force: " + outcome.reason(),
              "moescope status shows the epoch and earlier changes");
}

void apply(const ApplyOptions& options) {
  const Plan plan = load_plan(options.plan);
  const auto client = connect_node(options);
  const NodeStatus before = client->status(true);
  const Plan running = parse_plan(before.plan_json, options.target).plan;
  const Json layers = moves_json(running, plan);
  EffectRun run(options.effect, client);
  run.predict(before, running, plan);
  const auto moved = moves_of(running, plan, before);
  if (!options.json) print_moves(layers, moved);
  const PlanRequest request{
      plan_json(plan), std::filesystem::path(options.plan).filename().string(),
      options.base_epoch ? options.base_epoch : before.epoch, options.dry_run};
  PlanChangeMachine change;
  const PlanOutcome outcome = ask(*client, request, change);
  if (change.step() == PlanStep::InForce) run.follow(outcome.change.ticket);
  const PlanEffect* effect = run.effect();
  if (options.json) {
    Json document = outcome_json(options, outcome);
    document["dry_run"] = options.dry_run;
    document["moved"] = moved ? moved_json(*moved) : Json();
    document["layers"] = layers;
    document["effect"] = effect ? effect_json(*effect) : Json();
    print_json(document);
  } else if (options.dry_run && outcome.done) {
    fmt::print("dry run    the node would take it: {}\n",
               copies_text(moves_of(outcome.change, units_of(before))));
  } else if (outcome.done) {
    print_outcome(outcome, units_of(before));
  }
  if (effect && outcome.done && !options.json) print_effect(*effect);
  finish(options, outcome);
}

/// Predicts the effect of a rollback, if requested and if the node sends the previous plan.
void predict_return(const RollbackOptions& options, const NodeStatus& status, EffectRun& run,
                    Json& layers) {
  if (status.previous_plan_json.empty()) return;
  const Plan running = parse_plan(status.plan_json, options.target).plan;
  const Plan previous = parse_plan(status.previous_plan_json, options.target).plan;
  layers = moves_json(running, previous);
  run.predict(status, running, previous);
}

void rollback(const RollbackOptions& options) {
  const auto client = connect_node(options);
  const NodeStatus before = client->status(true);
  Json layers = Json::array();
  EffectRun run(options.effect, client);
  predict_return(options, before, run, layers);
  PlanChangeMachine change;
  change.roll_back();
  const PlanOutcome outcome = client->rollback();
  change.answer(outcome);
  if (run.effect() != nullptr && outcome.change.base_epoch != before.epoch) {
    fmt::print(stderr, "note: the plan changed in the meantime, so the prediction was dropped\n");
    run.drop();
  }
  if (change.step() == PlanStep::InForce) run.follow(outcome.change.ticket);
  const PlanEffect* effect = run.effect();
  if (options.json) {
    Json document = outcome_json(options, outcome);
    document["layers"] = layers;
    document["effect"] = effect ? effect_json(*effect) : Json();
    print_json(document);
  } else if (outcome.done) {
    print_outcome(outcome, units_of(before));
    if (effect) print_effect(*effect);
  }
  finish(options, outcome);
}

}  // namespace

void register_apply(CLI::App& app) {
  auto* command =
      app.add_subcommand("apply", "Change the placement plan of a running node, verified");
  auto options = std::make_shared<ApplyOptions>();
  add_node_options(*command, *options);
  command->add_option("--plan", options->plan, "Plan file")->required();
  command->add_option("--base-epoch", options->base_epoch,
                      "Refuse when another epoch is in force (default: the present one)");
  command->add_flag("--dry-run", options->dry_run, "Only check, and show what would move");
  add_effect_options(*command, options->effect);
  command->callback([options] { apply(*options); });
}

void register_rollback(CLI::App& app) {
  auto* command = app.add_subcommand("rollback", "Roll back the last change of plan of a node");
  auto options = std::make_shared<RollbackOptions>();
  add_node_options(*command, *options);
  add_effect_options(*command, options->effect);
  command->callback([options] { rollback(*options); });
}

}  // namespace moescope
