#include "core/analysis/serving/serving.h"
#include "core/analysis/steps/step_places.h"

namespace moescope {

PlacedSteps steps_of_engine(const Trace& trace, const std::vector<DeviceKey>& devices) {
  PlacedSteps found{"records of the engine", {}};
  for (const ServedStep& served : read_serving(trace).steps) {
    const std::string phase = served.decode ? "decode" : "prefill";
    PlacedStep step{served.step, phase, {}};
    // The runtime names the process of a rank after its unit.
    for (const DeviceKey& key : devices)
      if (trace.processes()[key.process].name.find(phase + " unit") != std::string::npos)
        step.ranges[key] = {served.begin, served.end};
    if (!step.ranges.empty()) found.steps.push_back(std::move(step));
  }
  return found;
}

}  // namespace moescope
