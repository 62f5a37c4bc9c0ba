#include "core/simulate/fused_bounds.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>

#include "core/analysis/spans/kernel_label.h"

namespace moescope {
namespace {

constexpr double kOutputBytes = 2;  ///< BF16 comes back from an expert
constexpr double kPerGb = 1e9, kPerTflop = 1e12;
constexpr double kMostOfAnything = 1e9;

/// The first of `names` that is a number above zero; 0 without one.
double positive(const nlohmann::json& arguments, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = arguments.find(name);
    if (found == arguments.end()) continue;
    double value = 0;
    if (found->is_number()) value = found->get<double>();
    if (value > 0 && value <= kMostOfAnything) return value;
  }
  return 0;
}

/// Bytes of tokens and weights from names such as "fp8_fp4" and "nvfp4_nvfp4".
void read_precisions(std::string_view kernel, FusedShape& shape) {
  const auto has = [&](const char* word) { return kernel.find(word) != std::string_view::npos; };
  if (has("bf16") || has("BF16")) shape.token_bytes = shape.weight_bytes = 2;
  if (has("fp4_nvfp4") || has("fp4_mxfp4")) shape.token_bytes = 0.5;
  if (has("fp8_fp8") || has("_fp8_mega_moe")) shape.weight_bytes = 1;
}

/// How likely none of `k` of `all` different experts is among `some` of them.
double none_of(double all, double some, double k) {
  double none = 1;
  for (double i = 0; i < k; ++i) none *= std::max(0.0, all - some - i) / (all - i);
  return none;
}

}  // namespace

std::optional<FusedShape> fused_shape(std::string_view kernel, std::string_view arguments) {
  const auto json = nlohmann::json::parse(arguments, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  FusedShape shape;
  shape.tokens = positive(json, {"tokens", "num_tokens"});
  shape.hidden = positive(json, {"hidden", "hidden_size"});
  shape.width = positive(json, {"width", "intermediate_size", "intermediate_hidden", "inter_size"});
  shape.experts = positive(json, {"experts", "num_experts"});
  shape.top_k = positive(json, {"top_k", "topk", "num_topk"});
  shape.gpus = positive(json, {"gpus", "ranks", "num_ranks", "ep_size"});
  for (const double value :
       {shape.tokens, shape.hidden, shape.width, shape.experts, shape.top_k, shape.gpus})
    if (!(value > 0)) return std::nullopt;
  if (shape.top_k > shape.experts || shape.gpus > shape.experts) return std::nullopt;
  read_precisions(kernel, shape);
  return shape;
}

double FusedBounds::least() const {
  return std::max({compute, weights, communication});
}

FusedBounds fused_bounds(const FusedShape& s, const Hardware& hardware) {
  FusedBounds bounds;
  const double weights = 3 * s.hidden * s.width, rows = s.tokens * s.top_k;
  // FP4 weights are computed at FP8, unless the tokens are FP4 too.
  const double peak = s.token_bytes >= 2  ? hardware.bf16_tflops
                      : s.token_bytes < 1 ? 2 * hardware.fp8_tflops
                                          : hardware.fp8_tflops;
  bounds.compute = rows * 2 * weights / (peak * kPerTflop);
  const double per_gpu = s.experts / s.gpus;
  const double touched = per_gpu * (1 - std::pow(1 - s.top_k / s.experts, s.tokens * s.gpus));
  bounds.weights = touched * weights * s.weight_bytes / (hardware.memory_gb_per_s * kPerGb);
  // A token goes to each GPU once, and its outputs come back summed.
  const double copies = s.tokens * (s.gpus - 1) * (1 - none_of(s.experts, per_gpu, s.top_k));
  bounds.communication =
      copies * s.hidden * (s.token_bytes + kOutputBytes) / (hardware.nvlink_gb_per_s * kPerGb);
  return bounds;
}

FusedWork fused_work(const Trace& trace, const Classification& classes, const Hardware& hardware,
                     std::optional<TimeRange> window, const Progress& progress) {
  FusedWork work;
  std::map<std::pair<std::string, FusedShape>, FusedLaunches> groups;
  for (TrackId track = 0; track < trace.tracks().size(); ++track) {
    if (trace.tracks()[track].type != TrackType::DeviceStream) continue;
    trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t first) {
      progress.check();
      const auto& c = chunk.columns();
      for (std::uint32_t row = 0; row < c.size(); ++row) {
        if (classes.role(c.kind[row], c.name[row]) != Role::Fused) continue;
        const TimeRange time{c.start[row], c.start[row] + c.duration[row]};
        if (window && (time.begin < window->begin || time.end > window->end)) continue;
        const auto name = trace.strings()[c.name[row]];
        const auto shape = fused_shape(name, trace.args({track, first + row}));
        if (!shape) {
          ++work.without_shape;
          continue;
        }
        auto& group = groups[std::pair(kernel_label(name), *shape)];
        ++group.launches;
        group.mean += static_cast<double>(time.length()) * 1e-9;  // the sum, for now
      }
      return true;
    });
  }
  for (auto& [key, group] : groups) {
    group.kernel = key.first;
    group.shape = key.second;
    group.bounds = fused_bounds(group.shape, hardware);
    work.launches.push_back(std::move(group));
  }
  std::stable_sort(work.launches.begin(), work.launches.end(),
                   [](const auto& a, const auto& b) { return a.mean > b.mean; });
  for (auto& group : work.launches) group.mean /= static_cast<double>(group.launches);
  return work;
}

}  // namespace moescope
