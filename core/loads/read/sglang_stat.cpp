// SGLang's recorder in mode stat or stat_approx: logical counts of the passes in its buffer.
#include <algorithm>

#include "core/loads/files/load_budget.h"
#include "core/loads/read/row_order.h"
#include "core/loads/read/sglang_loads.h"
#include "core/loads/read/torch_counts.h"

namespace moescope::load_formats {

LoadSet read_sglang_stat(TorchFile& file, const PickleValue& counts, const std::string& source,
                         bool in_order) {
  LoadSet loads;
  loads.source = source;
  loads.format = "SGLang recorder (stat)";
  loads.engine = "sglang";
  const auto shape = count_shape(file, counts, source, "logical_count");
  LoadBudget(source).take(shape.windows, shape.layers, shape.width, "logical_count");
  loads.experts = static_cast<int>(shape.width);
  std::vector<LayerLoads> rows(shape.windows);
  std::vector<bool> used(shape.windows, false);
  file.read_rows(counts, kMaxLoadValues, [&](std::size_t row, std::span<const double> values) {
    const auto window = row / shape.layers;
    rows[window].emplace_back(values.begin(), values.end());
    if (std::any_of(values.begin(), values.end(), [](double v) { return v != 0; }))
      used[window] = true;
  });
  const auto order = order_of_rows(used, in_order);
  for (const auto row : order.rows) loads.windows.push_back(std::move(rows[row]));
  loads.ordered_in_time = order.known;
  if (!order.note.empty()) loads.notes.push_back(order.note);
  loads.notes.emplace_back(
      "the recorder counts slots and names their experts by the placement at the time of the dump: "
      "if the server rebalanced while it recorded, earlier passes are counted for the wrong "
      "experts");
  return loads;
}

}  // namespace moescope::load_formats
