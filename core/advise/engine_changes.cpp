#include "core/advise/engine_changes.h"

#include <algorithm>
#include <array>

namespace moescope {
namespace {

constexpr std::array kEngines = {
    EngineChanges{"", 0, 0, 0, false, "no engine is named: a change stalls for its transfers"},
    EngineChanges{"sglang", 1000, 1.0, 0.02, false,
                  "sgl-project/sglang#7879: about 1 s, and 20 ms for each layer; "
                  "it rebalances every 1,000 iterations"},
    EngineChanges{"vllm", 3000, 0.42, 0, false,
                  "vllm-project/vllm#28369: 260 to 420 ms; step_interval is 3,000"},
    EngineChanges{"vllm-ascend", 0, 0, 0, true,
                  "weights move between devices while it serves; no stall is published"},
    EngineChanges{"trtllm", 0, 0, 0, true,
                  "weights are updated from host memory between iterations; no stall is published"},
    EngineChanges{"moescope", 0, 0, 0, true,
                  "the embedded runtime stages weights while it serves (docs/results/live.md)"},
};

}  // namespace

const EngineChanges& engine_changes(std::string_view engine) {
  const auto* found = std::find_if(kEngines.begin(), kEngines.end(),
                                   [&](const EngineChanges& e) { return e.engine == engine; });
  return found == kEngines.end() ? kEngines.front() : *found;
}

}  // namespace moescope
