// Formulas of kernel times: physics with a few constants that are fitted to measurements.
//
// Every formula is a sum of floors and of smooth maxima of what limits the kernel: memory, tensor
// cores, links, SMs. Nothing is looked up. docs/simulate.md has them in one table.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/simulate/cost/work.h"

namespace moescope {

/// What a card does by its data sheet, per GPU. Links: reached, one direction.
struct DataSheet {
  double sms = 0;
  double memory_gb_per_s = 0;
  double fp8_tflops = 0;
  double link_gb_per_s = 0;     ///< to GPUs of the same node
  double network_gb_per_s = 0;  ///< to those of other nodes
};

/// The figure of the data sheet that a constant is in proportion to. A constant that follows none
/// is taken over unchanged when a card is derived from another one.
enum class Follows : std::uint8_t { Nothing, Memory, Compute, Link, Network };

struct ConstantRule {
  const char* name;  ///< ends with its unit
  Follows follows;
  double start;        ///< where a fit begins; in units of the data sheet when it follows one
  double least, most;  ///< what a file may hold, in its unit
};

struct Formula {
  const char* name;   ///< "masked_experts"
  const char* table;  ///< of measured kernels that it is for: "experts"
  std::vector<ConstantRule> constants;
  /// @param constants in the order of `constants`
  /// @param work the alternative that the formula is of
  double (*microseconds)(std::span<const double> constants, const Work& work,
                         const DataSheet& sheet);
};

/// All formulas. Names are unique.
const std::vector<Formula>& cost_formulas();
/// nullptr when there is none of that name.
const Formula* find_formula(std::string_view name);

/// The data sheet's figure that `follows` names; 1 for Nothing.
double figure_of(const DataSheet& sheet, Follows follows);

/// Formulas of one stage each, joined by cost_formulas().
std::vector<Formula> expert_formulas();
std::vector<Formula> all_to_all_formulas();
std::vector<Formula> attention_formulas();
std::vector<Formula> dense_formulas();
std::vector<Formula> served_formulas();

}  // namespace moescope
