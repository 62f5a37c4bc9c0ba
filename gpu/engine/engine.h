// The serving engine: a prefill unit and a decode unit, KV hand-over between them, continuous
// batching of the requests of a workload.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/progress.h"
#include "gpu/engine/backend.h"
#include "gpu/engine/options.h"
#include "gpu/engine/placement/placement.h"
#include "gpu/engine/placement/plan_store.h"
#include "gpu/engine/plan/control.h"
#include "gpu/record/recorder.h"

namespace moescope::runtime {

struct EngineStatistics {
  std::uint64_t prefill_steps = 0, decode_steps = 0;
  std::uint64_t arrived = 0, finished = 0, prompt_tokens = 0, output_tokens = 0;
  double seconds = 0;
  double ttft_p50 = 0, ttft_p95 = 0, tpot_p50 = 0, tpot_p95 = 0;  ///< seconds, 0 when none
  double within_target = 0;  ///< share of finished requests that met both targets
  std::string links;         ///< rates of paced links; empty: not paced
  Traffic traffic;
};

/// When a run ends; 0: no such limit.
struct RunLimit {
  double seconds = 0;
  std::uint64_t steps = 0;  ///< of both units together
};

/// Where the ranks of an engine run and what they log to.
struct Hosting {
  Processes* processes = nullptr;  ///< nullptr: this one alone
  RankLogs* logs = nullptr;        ///< in the processes without the recorder
};

class Engine {
 public:
  /// Units of `backend`, which outlives the engine. `placement` for both, or nothing for contiguous
  /// experts. Of several processes each makes
  /// an engine of the same options and plans; recorder and store are those of the first one. Throws
  /// Error.
  Engine(const Backend& backend, std::shared_ptr<const Model> model, const EngineOptions& options,
         const std::optional<Placement>& placement, Recorder* recorder, const Hosting& hosting = {},
         const PlanStart& plans = {});
  ~Engine();
  /// Serves until the limit or until `progress` is cancelled; throws what a rank threw. Of several
  /// processes the first one serves, the others run their ranks for it and return nothing.
  EngineStatistics run(const RunLimit& limit, Progress& progress);
  /// Plan changes, settings and status; lives as long as the engine.
  Control& control();
  /// Tokens that were generated for each finished request, by id (kept when asked before run()).
  void keep_outputs();
  const std::vector<std::pair<Request, std::vector<int>>>& outputs() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace moescope::runtime
