#include "core/loads/files/load_budget.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/loads/load_set.h"

namespace moescope {

void LoadBudget::take_row(std::size_t values, const std::string& place) {
  take(1, 1, values, place);
}

void LoadBudget::take(std::size_t windows, std::size_t layers, std::size_t experts,
                      const std::string& place) {
  check_layers(layers, place);
  if (experts > kMaxPlanExperts)
    throw Error(source_, place, fmt::format("has {} experts, more than any model", experts));
  const std::size_t rows_left = kMaxLoadRows - rows_, values_left = kMaxLoadValues - values_;
  if (windows > rows_left / layers ||
      windows * layers > values_left / std::max<std::size_t>(experts, 1))
    throw Error(source_, place,
                fmt::format("has more counts than can be kept ({} rows, {} values)", kMaxLoadRows,
                            kMaxLoadValues),
                "Sum windows before, or give fewer of them");
  rows_ += windows * layers;
  values_ += windows * layers * experts;
}

void LoadBudget::check_layers(std::size_t layers, const std::string& place) const {
  if (layers < 1 || layers > kMaxPlanLayers)
    throw Error(source_, place,
                fmt::format("has {} layers, expected 1..{}", layers, kMaxPlanLayers),
                "No model has as many: check that windows, layers and experts are not swapped");
}

}  // namespace moescope
