#include "gpu/engine/placement/route_replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "core/error.h"
#include "core/trace/file/moetrace_loads.h"
#include "gpu/engine/placement/placement.h"

namespace moescope::runtime {
namespace {

/// The logical loads of a recording, one window after the other.
LoadSet recorded_loads(const std::filesystem::path& path) {
  LoadSet set;
  set.source = path.string();
  set.format = "moetrace";
  std::map<TimeNs, std::map<int, std::vector<double>>> windows;
  for (const LoadRow& row : read_load_rows(path)) {
    if (row.space != "logical") continue;
    auto& sum = windows[row.begin][row.layer];
    sum.resize(row.counts.size());
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += row.counts[i];
    set.experts = static_cast<int>(row.counts.size());
  }
  for (const auto& [begin, layers] : windows) {
    LayerLoads& window = set.windows.emplace_back();
    for (const auto& [layer, counts] : layers) window.push_back(counts);
  }
  return set;
}

void check(const LoadSet& loads, const ModelConfig& config) {
  const auto refuse = [&](const char* what, int has, int wanted) {
    if (has == wanted) return;
    throw Error(loads.source, "", fmt::format("is of {} {}, the model has {}", has, what, wanted),
                "choose a model of the same shape: tiny-lite has that of DeepSeek-V2-Lite");
  };
  if (loads.windows.empty()) throw Error(loads.source, "", "holds no expert loads");
  for (const LayerLoads& window : loads.windows)
    refuse("MoE layers", static_cast<int>(window.size()), config.moe_layers());
  refuse("experts", std::max(loads.experts, config.experts), config.experts);
  if (loads.top_k) refuse("experts per token", *loads.top_k, config.top_k);
  const auto& experts = loads.routes.experts;
  if (std::find(experts.begin(), experts.end(), -1) != experts.end())
    throw Error(loads.source, "", "has tokens that go to fewer experts than others");
}

}  // namespace

std::shared_ptr<const RouteReplay> RouteReplay::read(const std::filesystem::path& path,
                                                     const ModelConfig& config,
                                                     Progress& progress) {
  LoadSet loads =
      path.extension() == ".moetrace" ? recorded_loads(path) : moescope::read_loads(path, progress);
  return std::make_shared<const RouteReplay>(std::move(loads), config);
}

RouteReplay::RouteReplay(LoadSet loads, const ModelConfig& config)
    : loads_(std::move(loads)), layers_(config.moe_layers()), top_k_(config.top_k) {
  check(loads_, config);
  if (!by_token()) return;
  texts_.push_back(0);
  for (const LayerLoads& window : loads_.windows) {  // a window for each text
    const double sum = std::accumulate(window.front().begin(), window.front().end(), 0.0);
    const auto tokens = static_cast<std::size_t>(std::llround(sum / top_k_));
    if (tokens > 0) texts_.push_back(texts_.back() + tokens);
  }
}

std::vector<std::uint16_t> RouteReplay::routes(std::uint64_t request, int topic, int topics,
                                               double seconds, int positions) const {
  const std::size_t parts = by_token() ? texts_.size() - 1 : loads_.windows.size();
  if (!by_token() && loads_.ordered_in_time) {
    const auto window = static_cast<std::size_t>(seconds / window_seconds) % parts;
    return drawn(loads_.windows[window], request, positions);
  }
  // Consecutive parts belong to one topic; at least one does.
  const auto t = static_cast<std::size_t>(topic), n = static_cast<std::size_t>(topics);
  const std::size_t first = t * parts / n;
  const std::size_t count = std::max<std::size_t>((t + 1) * parts / n - first, 1);
  const std::size_t part = std::min(first + token_key(request, 0, 0) % count, parts - 1);
  return by_token() ? replayed(part, positions) : drawn(loads_.windows[part], request, positions);
}

/// The tokens of a text in order, from the front again when it is too short.
std::vector<std::uint16_t> RouteReplay::replayed(std::size_t text, int positions) const {
  const std::size_t begin = texts_[text], tokens = texts_[text + 1] - begin;
  const auto width = static_cast<std::size_t>(layers_ * top_k_);
  std::vector<std::uint16_t> result;
  for (std::size_t p = 0; p < static_cast<std::size_t>(positions); ++p) {
    const auto from =
        loads_.routes.experts.begin() + static_cast<std::ptrdiff_t>((begin + p % tokens) * width);
    result.insert(result.end(), from, from + static_cast<std::ptrdiff_t>(width));
  }
  return result;
}

/// Weighted drawing without replacement: the smallest of exponential waiting times.
std::vector<std::uint16_t> RouteReplay::drawn(const LayerLoads& window, std::uint64_t request,
                                              int positions) const {
  std::vector<std::uint16_t> result;
  std::vector<std::pair<double, std::uint16_t>> waits;
  for (int position = 0; position < positions; ++position)
    for (int layer = 0; layer < layers_; ++layer) {
      const auto& counts = window[static_cast<std::size_t>(layer)];
      waits.clear();
      for (std::size_t expert = 0; expert < counts.size(); ++expert) {
        const auto key = token_key(request * 65536 + expert, position, layer);
        const double u = (static_cast<double>(key >> 11) + 0.5) * 0x1p-53;
        waits.emplace_back(-std::log(u) / std::max(counts[expert], 1e-9),
                           static_cast<std::uint16_t>(expert));
      }
      std::partial_sort(waits.begin(), waits.begin() + top_k_, waits.end());
      for (int k = 0; k < top_k_; ++k) result.push_back(waits[static_cast<std::size_t>(k)].second);
    }
  return result;
}

}  // namespace moescope::runtime
