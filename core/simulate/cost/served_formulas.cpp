// Steps of a serving engine: its kernels and what it does around them.
#include "core/simulate/cost/formula.h"

namespace moescope {
namespace {

/// Time per output token. The engine's overhead is host time of every step; prompts of other
/// requests are prefilled in between.
double served_step(std::span<const double> c, const Work& work, const DataSheet&) {
  const auto& w = std::get<StepWork>(work);
  const double overhead = c[0], kernels = c[1], prompts = c[2], speculation = c[3];
  const double us = overhead + kernels * w.kernels_us + prompts * w.queue_us;
  return w.speculative ? speculation * us : us;
}

/// Time to first token: start, the own prompt, and those that came with it.
double served_prompt(std::span<const double> c, const Work& work, const DataSheet&) {
  const auto& w = std::get<StepWork>(work);
  return c[0] + c[1] * w.prompt_us + c[2] * w.queue_us;
}

}  // namespace

std::vector<Formula> served_formulas() {
  using enum Follows;
  return {{"served_step",
           "end_to_end",
           {{"engine_overhead_us", Nothing, 1500, 1, 1e5},
            {"kernel_share", Nothing, 1, 0.3, 3},
            {"prompt_share", Nothing, 1.5, 0.01, 50},
            {"speculation_share", Nothing, 0.65, 0.2, 1}},
           served_step},
          {"served_prompt",
           "end_to_end",
           {{"engine_start_us", Nothing, 5e4, 1, 1e7},
            {"prompt_share", Nothing, 2, 1e-3, 1e3},
            {"queue_share", Nothing, 0.5, 1e-4, 1e3}},
           served_prompt}};
}

}  // namespace moescope
