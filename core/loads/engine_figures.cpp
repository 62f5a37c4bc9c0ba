#include "core/loads/engine_figures.h"

#include <algorithm>
#include <numeric>

namespace moescope {
namespace {

using Index = std::size_t;

/// Loads of the GPUs in each window and layer.
class GpuLoads {
 public:
  GpuLoads(const LoadSet& loads, std::optional<int> gpus,
           const std::vector<std::vector<double>>* shares)
      : loads_(loads), shares_(shares) {
    measured_ = !loads.measured.empty() && (!gpus || gpus == loads.num_gpus);
    gpus_ = gpus.value_or(loads.num_gpus.value_or(0));
    if (measured_ || gpus_ < 1) return;
    if (loads.running_map) return;
    in_order_.resize(static_cast<Index>(loads.experts));
    std::iota(in_order_.begin(), in_order_.end(), 0);
  }
  bool measured() const { return measured_; }
  bool known() const {
    if (measured_) return true;
    const auto slots = loads_.running_map && !loads_.running_map->empty()
                           ? loads_.running_map->front().size()
                           : in_order_.size();
    return gpus_ > 0 && slots > 0 && slots % static_cast<Index>(gpus_) == 0;
  }
  std::vector<double> at(Index window, Index layer) const {
    if (measured_) return loads_.measured[window][layer];
    const auto& row = loads_.running_map ? (*loads_.running_map)[layer] : in_order_;
    return gpu_loads(row, loads_.windows[window][layer], gpus_,
                     shares_ == nullptr ? std::vector<double>() : (*shares_)[layer]);
  }

 private:
  const LoadSet& loads_;
  const std::vector<std::vector<double>>* shares_;
  bool measured_ = false;
  int gpus_ = 0;
  std::vector<int> in_order_;
};

/// Sums over windows; the layers of one are added first.
class FigureSums {
 public:
  explicit FigureSums(const LoadSet& loads)
      : layers_(static_cast<Index>(loads.layers())),
        dense_(static_cast<double>(loads.dropped_layers)),
        ratio_(layers_, 0.0),
        counted_(layers_, 0.0) {}

  void add_layer(Index layer, const std::vector<double>& gpus) {
    constexpr double kSmall = 1e-5;  // as SGLang adds
    const double mean =
        std::accumulate(gpus.begin(), gpus.end(), 0.0) / static_cast<double>(gpus.size());
    const double max = *std::max_element(gpus.begin(), gpus.end());
    balancedness_ += (mean + kSmall) / (max + kSmall);
    means_ += mean, maxima_ += max;
    if (!(mean > 0)) return;
    ratio_[layer] += max / mean - 1;
    ++counted_[layer];
  }
  void end_window() {
    sglang_ += (balancedness_ + dense_) / (static_cast<double>(layers_) + dense_);
    vllm_ += maxima_ > 0 ? means_ / maxima_ : 0;
    balancedness_ = means_ = maxima_ = 0;
    ++windows_;
  }
  EngineFigures finish(bool measured) const {
    EngineFigures figures;
    figures.measured = measured;
    figures.sglang_balancedness = sglang_ / windows_;
    figures.vllm_balancedness = vllm_ / windows_;
    for (Index l = 0; l < layers_; ++l)
      figures.trtllm_imbalance_ratio.push_back(counted_[l] > 0 ? ratio_[l] / counted_[l] : 0);
    figures.trtllm_average = std::accumulate(figures.trtllm_imbalance_ratio.begin(),
                                             figures.trtllm_imbalance_ratio.end(), 0.0) /
                             static_cast<double>(layers_);
    return figures;
  }

 private:
  Index layers_;
  double dense_, balancedness_ = 0, means_ = 0, maxima_ = 0;
  double sglang_ = 0, vllm_ = 0, windows_ = 0;
  std::vector<double> ratio_, counted_;
};

}  // namespace

std::optional<EngineFigures> engine_figures(const LoadSet& loads, int first, int last,
                                            std::optional<int> gpus,
                                            const std::vector<std::vector<double>>* shares) {
  const GpuLoads of_gpus(loads, gpus, shares);
  if (!of_gpus.known() || loads.layers() == 0 || first >= last) return std::nullopt;
  FigureSums sums(loads);
  for (int w = first; w < last; ++w) {
    for (Index l = 0; l < static_cast<Index>(loads.layers()); ++l)
      sums.add_layer(l, of_gpus.at(static_cast<Index>(w), l));
    sums.end_window();
  }
  return sums.finish(of_gpus.measured());
}

}  // namespace moescope
