#include "core/simulate/simulate.h"

#include <fmt/format.h>

#include <optional>

#include "core/simulate/step/step_figures.h"
#include "core/simulate/step_trace.h"

namespace moescope {

SimulatedSteps simulate_steps(const Scenario& scenario, const StepModel& model, int count,
                              std::uint64_t seed, MoetraceWriter* writer, Progress& progress) {
  SimulatedSteps result;
  Random random(seed);
  StepFigures figures(scenario.plan.num_gpus);
  std::optional<StepTrace> trace;
  if (writer != nullptr) trace.emplace(*writer, scenario, model);
  TimeNs at = 0;
  for (int step = 0; step < count; ++step) {
    progress.report(static_cast<double>(step) / count, "simulating steps");
    std::vector<SlotTokens> batches;
    for (int mb = 0; mb < scenario.unit.micro_batches; ++mb) batches.push_back(model.draw(random));
    const TimeNs end =
        run_step(model.stages(batches), model.dead(), scenario.unit.experts_beside_attention(), at,
                 [&](const StageSpan& span) {
                   figures.add(span);
                   if (trace) trace->add(span);
                 });
    if (trace) trace->end_step(step, {at, end}, batches);
    result.step_ns.push_back(end - at);
    at = end;
  }
  for (int gpu = 0; gpu < scenario.plan.num_gpus; ++gpu) result.devices.push_back(figures.of(gpu));
  return result;
}

}  // namespace moescope
