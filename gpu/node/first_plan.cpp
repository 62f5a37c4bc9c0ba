#include "gpu/node/first_plan.h"

#include <fmt/format.h>

#include <cstdio>

#include "core/error.h"
#include "gpu/comm/memory/share_text.h"

namespace moescope::runtime {
namespace {

bool first(const FirstPlanOptions& options) {
  return options.processes == nullptr || options.processes->first();
}

std::unique_ptr<PlanState> open_state(const FirstPlanOptions& options) {
  if (!first(options)) return nullptr;
  if (!options.state.empty()) return PlanState::in_folder(options.state);
  if (!options.listens || options.out.empty()) return nullptr;
  return PlanState::beside_recording(options.out);
}

void go_on_from(const StateReading& reading, const std::string& source, const ModelConfig& config,
                const PlanFrame& frame, const std::string& given, FirstPlan& plan) {
  const StoredPlan& stored = reading.stored;
  const Placement running = placement_of(stored.plan, config, frame, source);
  std::optional<Placement> previous;
  if (stored.previous) previous = placement_of(*stored.previous, config, frame, source);
  if (!given.empty() && given != reading.given) {
    plan.start.epoch = stored.epoch + 1;
    plan.start.previous = running;
    plan.name = fmt::format("epoch {}: of the command line", plan.start.epoch);
    return;
  }
  plan.placement = running;
  plan.start.epoch = stored.epoch;
  plan.start.previous = previous;
  plan.name = fmt::format("epoch {}: {}", stored.epoch, stored.name);
}

}  // namespace

FirstPlan first_plan(const FirstPlanOptions& options, const ModelConfig& config,
                     const PlanFrame& frame) {
  FirstPlan plan;
  std::string given;
  if (!options.given.empty()) {
    const Plan from_file = load_plan(options.given);
    plan.placement = placement_of(from_file, config, frame, options.given);
    given = plan_json(from_file);
  }
  plan.state = open_state(options);
  if (plan.state) plan.state->set_given(given);
  plan.start.store = plan.state.get();
  const std::string text = share_text(options.processes, plan.state ? plan.state->text() : "");
  const std::string source = plan.state ? plan.state->file().string() : "stored plan";
  if (text.empty()) return plan;
  const StateReading reading = parse_plan_state(text, source);
  try {
    go_on_from(reading, source, config, frame, given, plan);
  } catch (const Error& error) {
    if (!options.state.empty())
      throw Error(error.source(), error.place(), error.problem(),
                  "Name the folder of a node of this model and layout with --state");
    if (first(options))
      fmt::print(stderr, "moescope-node: note: begins at epoch 0: {}\n", error.what());
    return plan;
  }
  if (first(options))
    fmt::print(stderr, "moescope-node: continues from {}: {}\n", source, plan.name);
  return plan;
}

}  // namespace moescope::runtime
