#include "core/loads/read/torch_counts.h"

#include <fmt/format.h>

#include <cmath>

#include "core/error.h"
#include "core/loads/load_set.h"

namespace moescope {

CountShape count_shape(const TorchFile& file, const PickleValue& tensor, const std::string& source,
                       const std::string& what) {
  const bool is_tensor = tensor.kind == PickleValue::Kind::Tensor;
  const auto dimensions = is_tensor ? file.pickle().tensor(tensor).shape.size() : 0;
  if (dimensions != 2 && dimensions != 3)
    throw Error(source, what, "is not a tensor of [layers][experts] or [steps][layers][experts]");
  const auto& s = file.pickle().tensor(tensor).shape;
  if (s[dimensions - 2] > kMaxPlanLayers || s.back() > kMaxPlanSlots)
    throw Error(source, what, "has more layers or experts than any model");
  return {dimensions == 3 ? static_cast<std::size_t>(s[0]) : 1,
          static_cast<std::size_t>(s[dimensions - 2]), static_cast<std::size_t>(s.back())};
}

std::vector<std::vector<int>> read_expert_map(TorchFile& file, const PickleValue& tensor,
                                              const std::string& source, const std::string& what) {
  const auto shape = count_shape(file, tensor, source, what);
  if (shape.windows != 1) throw Error(source, what, "has three dimensions");
  std::vector<std::vector<int>> map;
  file.read_rows(tensor, kMaxLoadValues, [&](std::size_t layer, std::span<const double> row) {
    auto& slots = map.emplace_back();
    for (const double expert : row) {
      if (!(expert >= kNoExpert && expert < kMaxPlanExperts && expert == std::floor(expert)))
        throw Error(source, what, fmt::format("names expert {} in layer {}", expert, layer));
      slots.push_back(static_cast<int>(expert));
    }
  });
  return map;
}

}  // namespace moescope
