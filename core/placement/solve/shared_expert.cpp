#include "core/placement/solve/shared_expert.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/error.h"

namespace moescope {

LayerLoads with_shared_expert(const LayerLoads& loads, int top_k) {
  if (top_k < 1) throw Error("", "top k", "is unknown, and so is the shared expert's load");
  auto more = loads;
  for (auto& row : more) row.push_back(std::accumulate(row.begin(), row.end(), 0.0) / top_k);
  return more;
}

void keep_on(SolveOptions& options, int expert, const std::vector<int>& gpus) {
  if (gpus.empty()) throw Error("", fmt::format("expert {}", expert), "is to live on no GPU");
  for (const int g : gpus)
    if (g < 0 || g >= options.gpus)
      throw Error("", fmt::format("expert {}", expert),
                  fmt::format("is to live on GPU {}, there are {}", g, options.gpus));
  for (int g = 0; g < options.gpus; ++g)
    if (std::find(gpus.begin(), gpus.end(), g) == gpus.end())
      options.forbidden.push_back({-1, g, expert});
}

}  // namespace moescope
