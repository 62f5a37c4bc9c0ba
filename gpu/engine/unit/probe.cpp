#include "gpu/engine/unit/probe.h"

#include <algorithm>

#include "core/error.h"

namespace moescope::runtime {

int Probe::pages() {
  return PageBook::pages_for(kProbeRows);
}

Probe::Probe(Unit& unit, const ModelConfig& config, int max_positions)
    : unit_(unit),
      config_(config),
      rows_each_(std::min({kProbeRows, unit.options().max_tokens, max_positions})) {
  const int k = config.top_k, rows = (config.experts + k - 1) / k;
  for (int row = 0; row < rows; ++row) {
    auto& route = routes_.emplace_back();
    for (int layer = 0; layer < config.moe_layers(); ++layer)
      for (int j = 0; j < k; ++j)
        route.push_back(static_cast<std::uint16_t>((row * k + j) % config.experts));
  }
  for (int group = 0; group < unit.groups(); ++group)
    if (!unit.pages(group).reserve(sequences_.emplace_back(), rows_each_))
      throw Error("layout", "kv pages", "too few for the probe batch of plan changes");
}

std::vector<RankInput> Probe::inputs(int replicas) const {
  const int groups = unit_.groups(), rows = static_cast<int>(routes_.size());
  const int count = std::min(rows * replicas, groups * rows_each_);
  std::vector<RankInput> result(static_cast<std::size_t>(groups));
  for (int i = 0; i < count; ++i) {
    const auto group = static_cast<std::size_t>(i % groups);
    MicroBatch& batch = result[group].micro_batches[0];
    batch.sampled.push_back(batch.size());
    batch.add((i * 37 + 11) % config_.vocab, &sequences_[group], batch.size(),
              static_cast<std::uint64_t>(i));
    batch.routes.push_back(routes_[static_cast<std::size_t>(i % rows)].data());
    batch.replicas.push_back(i / rows);
  }
  return result;
}

std::vector<float> Probe::run(int replicas) {
  const auto in = inputs(replicas);
  std::vector<float> logits;
  for (const RankOutput& output : unit_.ordered_step(in))
    logits.insert(logits.end(), output.logits[0].begin(), output.logits[0].end());
  slots_used_ = 0;
  for (const auto& layer : unit_.loads().physical)
    slots_used_ += static_cast<int>(
        std::count_if(layer.begin(), layer.end(), [](std::uint32_t n) { return n > 0; }));
  return logits;
}

}  // namespace moescope::runtime
