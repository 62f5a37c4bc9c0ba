#include "gpu/engine/placement/placement.h"

#include <fmt/format.h>

#include <cmath>

#include "core/error.h"
#include "gpu/compute/replica_choice.h"

namespace moescope::runtime {

std::uint64_t token_key(std::uint64_t request, int position, int layer) {
  return mix(mix(request + 0x9E3779B97F4A7C15U) ^ (static_cast<std::uint64_t>(position) << 20) ^
             static_cast<std::uint64_t>(layer));
}

Placement Placement::contiguous(int layers, int experts, int ranks) {
  if (ranks < 1 || experts % ranks != 0)
    throw Error("layout", "",
                fmt::format("{} experts cannot be spread evenly over {} ranks", experts, ranks),
                "choose a number of ranks that divides the experts, or give a plan");
  std::vector<int> row;
  for (int expert = 0; expert < experts; ++expert) row.push_back(expert);
  return Placement(std::vector<std::vector<int>>(static_cast<std::size_t>(layers), row), {},
                   experts, ranks);
}

Placement::Placement(std::vector<std::vector<int>> slots, std::vector<std::vector<double>> weights,
                     int experts, int ranks, const std::string& source)
    : slots_(std::move(slots)), weights_(std::move(weights)), ranks_(ranks) {
  if (slots_.empty()) throw Error(source, "", "has no layers");
  if (ranks_ < 1 || slots_.front().empty() ||
      slots_.front().size() % static_cast<std::size_t>(ranks_) != 0)
    throw Error(source, "layer 0",
                fmt::format("{} slots cannot be spread evenly over {} ranks", slots_.front().size(),
                            ranks_));
  index(experts, source);
}

void Placement::index(int experts, const std::string& source) {
  for (std::size_t layer = 0; layer < slots_.size(); ++layer) {
    const std::string place = fmt::format("layer {}", layer);
    const auto& row = slots_[layer];
    if (row.size() != slots_.front().size())
      throw Error(source, place,
                  fmt::format("has {} slots, layer 0 has {}", row.size(), slots_.front().size()));
    const bool weighted = !weights_.empty();
    if (weighted && (weights_.size() != slots_.size() || weights_[layer].size() != row.size()))
      throw Error(source, place, "its split weights do not fit its slots");
    auto& replicas = replicas_.emplace_back(static_cast<std::size_t>(experts));
    for (std::size_t slot = 0; slot < row.size(); ++slot) {
      const std::string where = fmt::format("layer {}, slot {}", layer, slot);
      if (row[slot] < 0 || row[slot] >= experts)
        throw Error(source, where,
                    fmt::format("names expert {}, the model has {}", row[slot], experts));
      const double weight = weighted ? weights_[layer][slot] : 1.0;
      if (!std::isfinite(weight) || weight < 0)
        throw Error(source, where, "has a split weight that is not a non-negative number");
      auto& replica = replicas[static_cast<std::size_t>(row[slot])];
      replica.slots.push_back(static_cast<int>(slot));
      replica.upto.push_back(weight + (replica.upto.empty() ? 0 : replica.upto.back()));
    }
    for (int expert = 0; expert < experts; ++expert) {
      auto& replica = replicas[static_cast<std::size_t>(expert)];
      if (replica.slots.empty())
        throw Error(source, place, fmt::format("expert {} has no slot", expert));
      const double total = replica.upto.back();
      if (!(total > 0))
        throw Error(source, place,
                    fmt::format("the split weights of expert {} are all zero", expert));
      for (double& share : replica.upto) share /= total;
    }
  }
}

int Placement::choose(int layer, int expert, std::uint64_t key) const {
  const auto& replica =
      replicas_[static_cast<std::size_t>(layer)][static_cast<std::size_t>(expert)];
  return choose_replica(replica.slots.data(), replica.upto.data(),
                        static_cast<int>(replica.slots.size()), expert, key);
}

}  // namespace moescope::runtime
