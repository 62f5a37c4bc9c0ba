// What fused MoE kernels take at least: their communication and compute cannot be observed apart,
// but bytes, operations and rates bound each.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/analysis/spans/classify.h"
#include "core/progress.h"
#include "core/simulate/model/hardware.h"
#include "core/trace/trace.h"

namespace moescope {

/// One launch on one GPU, as the arguments of its span tell it.
struct FusedShape {
  double tokens = 0;             ///< of this GPU
  double hidden = 0, width = 0;  ///< of the model, of an expert
  double experts = 0, top_k = 0;
  double gpus = 1;
  double token_bytes = 1;     ///< of one element that is dispatched; outputs come back in BF16
  double weight_bytes = 0.5;  ///< of one weight, at least
  auto operator<=>(const FusedShape&) const = default;
};

/// From "tokens" (or "num_tokens"), "hidden" ("hidden_size"), "width" ("intermediate_size",
/// "intermediate_hidden", "inter_size"), "experts" ("num_experts"), "top_k" ("topk", "num_topk")
/// and "gpus" ("ranks", "num_ranks", "ep_size"); precisions from the kernel's name ("fp8_fp4",
/// "bf16", FP8 tokens and FP4 weights where it names none). nullopt when one is missing or makes no
/// sense.
std::optional<FusedShape> fused_shape(std::string_view kernel, std::string_view arguments);

/// Seconds, each part alone. Routing is taken as even: uneven routing moves more to the fullest
/// GPU.
struct FusedBounds {
  double compute = 0;  ///< 6 x hidden x width operations a row, at the peak of the precision
  double weights = 0;  ///< of the experts that get tokens, read once at the memory's peak
  /// Copies to other GPUs and back, at the rate one way that all-to-alls reach on the link.
  double communication = 0;
  double least() const;  ///< the longest of them: all overlap at best
};
FusedBounds fused_bounds(const FusedShape& shape, const Hardware& hardware);

/// Launches of one kernel with one shape.
struct FusedLaunches {
  std::string kernel;  ///< kernel_label()
  FusedShape shape;
  std::uint64_t launches = 0;
  double mean = 0;  ///< s that one took
  FusedBounds bounds;
};
struct FusedWork {
  std::vector<FusedLaunches> launches;  ///< by total time, most first
  std::uint64_t without_shape = 0;      ///< fused kernels whose arguments do not tell it
};
/// All fused kernels of a trace that was opened with arguments. Throws Cancelled.
FusedWork fused_work(const Trace& trace, const Classification& classes, const Hardware& hardware,
                     std::optional<TimeRange> window, const Progress& progress);

}  // namespace moescope
