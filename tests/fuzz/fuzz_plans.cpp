// Any bytes as a plan: an Error, or a plan that can be judged and comes back the same when it is
// written. The first byte chooses the form: 'p' our own, else that of an engine.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/error.h"
#include "core/placement/engines/engine.h"
#include "core/placement/evaluate.h"
#include "core/placement/plan.h"
#include "core/placement/validate.h"

namespace {

using moescope::EngineForm;
using moescope::Plan;

/// Judging a large plan says no more about its reader, and takes long.
bool small(const Plan& plan) {
  return plan.layers() <= 4 && plan.slot_count() <= 256 && plan.num_gpus <= 64 &&
         plan.num_experts <= 256 && plan.num_groups <= 8;
}

void check(const Plan& plan) {
  const auto problems = moescope::validate_plan(plan);
  for (const auto& problem : problems)
    if (moescope::to_string(problem).empty()) abort();
  if (moescope::has_errors(problems) || !small(plan)) return;
  if (moescope::parse_plan(moescope::plan_json(plan), "again").plan != plan) abort();
  const moescope::LayerLoads loads(
      static_cast<std::size_t>(plan.layers()),
      std::vector<double>(static_cast<std::size_t>(plan.num_experts), 3.0));
  for (const auto& layer : moescope::evaluate_plan(plan, loads, {}, moescope::no_progress()))
    if (!(layer.equal >= 0.999 && layer.best_split <= layer.equal + 1e-9)) abort();
}

void check_engine(const Plan& plan, const EngineForm& engine) {
  check(plan);
  if (moescope::has_errors(moescope::validate_plan(plan))) return;
  const auto written = moescope::export_plan(plan, engine, "plan");
  const moescope::ImportShape shape{plan.num_gpus, plan.num_nodes, plan.num_groups};
  if (moescope::import_plan(written.text, engine, shape, "again").physical_to_logical !=
      plan.physical_to_logical)
    abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto& engines = moescope::engine_forms();
  try {
    if (data[0] == 'p') {
      check(moescope::parse_plan(text, "fuzz").plan);
    } else {
      const EngineForm& engine = *engines[data[0] % engines.size()];
      check_engine(moescope::import_plan(text, engine, {2, 1, 1}, "fuzz"), engine);
    }
  } catch (const moescope::Error&) {
  }
  return 0;
}
