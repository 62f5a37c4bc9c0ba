#include "core/simulate/cost/formula.h"

#include <iterator>

namespace moescope {

const std::vector<Formula>& cost_formulas() {
  static const std::vector<Formula> all = [] {
    std::vector<Formula> joined;
    for (auto part : {expert_formulas(), all_to_all_formulas(), attention_formulas(),
                      dense_formulas(), served_formulas()})
      std::move(part.begin(), part.end(), std::back_inserter(joined));
    return joined;
  }();
  return all;
}

const Formula* find_formula(std::string_view name) {
  for (const auto& formula : cost_formulas())
    if (formula.name == name) return &formula;
  return nullptr;
}

double figure_of(const DataSheet& sheet, Follows follows) {
  switch (follows) {
    case Follows::Memory:
      return sheet.memory_gb_per_s;
    case Follows::Compute:
      return sheet.fp8_tflops;
    case Follows::Link:
      return sheet.link_gb_per_s;
    case Follows::Network:
      return sheet.network_gb_per_s;
    case Follows::Nothing:
      return 1;
  }
  return 1;
}

}  // namespace moescope
