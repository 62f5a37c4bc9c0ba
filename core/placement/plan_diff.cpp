#include "core/placement/plan_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace moescope {
namespace {

using Index = std::size_t;

std::vector<ExpertCopy> copies_of(const Plan& before, const Plan& after, Index layer) {
  const auto& old = before.physical_to_logical[layer];
  const auto& now = after.physical_to_logical[layer];
  const int old_per_gpu = static_cast<int>(old.size()) / before.num_gpus;
  const int per_gpu = static_cast<int>(now.size()) / after.num_gpus;
  const auto held = slots_of_experts(old, before.num_experts);
  std::vector<ExpertCopy> copies;
  std::vector<std::pair<int, int>> seen;  // of the GPU at hand
  for (Index s = 0; s < now.size(); ++s) {
    if (now[s] < 0 || now[s] >= before.num_experts || per_gpu == 0) continue;
    const int gpu = static_cast<int>(s) / per_gpu;
    if (static_cast<int>(s) % per_gpu == 0) seen.clear();
    std::vector<int> sources;
    for (const int t : held[static_cast<Index>(now[s])])
      if (old_per_gpu > 0 && (sources.empty() || sources.back() != t / old_per_gpu))
        sources.push_back(t / old_per_gpu);
    const std::pair<int, int> pair(gpu, now[s]);
    if (std::binary_search(sources.begin(), sources.end(), gpu) ||
        std::find(seen.begin(), seen.end(), pair) != seen.end())
      continue;
    seen.push_back(pair);
    copies.push_back({now[s], static_cast<int>(s), gpu, std::move(sources)});
  }
  return copies;
}

}  // namespace

std::vector<LayerDiff> diff_plans(const Plan& before, const Plan& after) {
  if (before.num_gpus != after.num_gpus || before.layers() != after.layers() ||
      before.num_experts != after.num_experts)
    throw Error("plan after", "",
                fmt::format("has {} GPUs, {} layers, {} experts; the one before has {}, {}, {}",
                            after.num_gpus, after.layers(), after.num_experts, before.num_gpus,
                            before.layers(), before.num_experts),
                "Compare plans of the same machine and model");
  std::vector<LayerDiff> layers(before.physical_to_logical.size());
  for (Index l = 0; l < layers.size(); ++l) {
    const auto& old = before.physical_to_logical[l];
    const auto& now = after.physical_to_logical[l];
    for (Index s = 0; s < now.size(); ++s)
      layers[l].slots_changed += s >= old.size() || old[s] != now[s] ? 1 : 0;
    layers[l].copies = copies_of(before, after, l);
  }
  return layers;
}

}  // namespace moescope
