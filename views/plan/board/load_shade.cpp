#include "views/plan/board/load_shade.h"

namespace moescope {
namespace {

LoadMatrix slot_loads(const PlanState& state, int layer) {
  LoadMatrix matrix;
  matrix.rows = 1;
  matrix.columns =
      static_cast<int>(state.plan().physical_to_logical[static_cast<std::size_t>(layer)].size());
  for (int s = 0; s < matrix.columns; ++s)
    matrix.values.push_back(state.slot_load(layer, s).value_or(0));
  return matrix;
}

}  // namespace

LoadShade::LoadShade(const PlanState& state, int layer)
    : colors_(HeatScale::Linear, slot_loads(state, layer)) {}

}  // namespace moescope
