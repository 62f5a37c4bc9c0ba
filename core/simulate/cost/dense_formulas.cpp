// Dense matrix products and NCCL collectives.
#include <cmath>

#include "core/simulate/cost/formula.h"
#include "core/simulate/cost/smooth.h"

namespace moescope {
namespace {

constexpr double kTileColumns = 128, kTileRows = 128, kSmallTileRows = 64;

/// The bytes, or waves of tiles at full rate with the serial loop over k of each, or, where that is
/// sooner, tiles split along k over all SMs with a reduction at the end.
double dense_product(std::span<const double> c, const Work& work, const DataSheet& sheet) {
  const auto& w = std::get<GemmWork>(work);
  const double floor = c[0], memory = c[1], compute = c[2], serial = c[3], wave = c[4],
               split = c[5];
  const double bytes = (w.n + w.m) * w.k * w.operand_bytes + 2 * w.m * w.n;
  const double rows = w.m <= kSmallTileRows ? kSmallTileRows : kTileRows;
  const double tiles = std::ceil(w.m / rows) * std::ceil(w.n / kTileColumns) / sheet.sms;
  const double tile = rows * kTileColumns * 2 * w.k * sheet.sms / (compute * kOperationsPerUs);
  const double whole = (tiles + wave * std::ceil(tiles)) * tile + serial * w.k / 1e3;
  return floor +
         smooth_max(3, bytes / (memory * kBytesPerUs), smooth_min(6, whole, split + tiles * tile));
}

/// A product of FP8 blocks: first the activations are read in bf16 and written with their scales.
double quantised_product(std::span<const double> c, const Work& work, const DataSheet& sheet) {
  const auto& w = std::get<GemmWork>(work);
  const double quantise = c[6];
  return dense_product(c, work, sheet) + 3 * w.m * w.k / (quantise * kBytesPerUs);
}

/// The cheaper of two protocols: flags inside the data, soon but slow, and bulk, after a
/// synchronisation.
double collective(std::span<const double> c, const Work& work, const DataSheet&) {
  const auto& w = std::get<CollectiveWork>(work);
  const double floor = c[0], hop = c[1], sync = c[2], link = c[3], flags = c[4], growth = c[5];
  const double start = floor + hop * (w.gpus - 1);
  const double bulk = w.bytes / (link * std::pow(w.gpus, growth) * kBytesPerUs);
  return smooth_min(6, start + bulk * (1 + flags), start + sync + bulk);
}

}  // namespace

std::vector<Formula> dense_formulas() {
  using enum Follows;
  const std::vector<ConstantRule> product = {
      {"floor_us", Nothing, 3, 0.01, 1e4},         {"memory_gb_per_s", Memory, 0.8, 1, 1e6},
      {"compute_tflops", Compute, 0.6, 1e-3, 1e6}, {"serial_us", Nothing, 0.5, 1e-9, 1e3},
      {"wave_share", Nothing, 0.2, 1e-9, 1e2},     {"split_us", Nothing, 10, 1e-3, 1e4}};
  auto quantised = product;
  quantised.push_back({"quantise_gb_per_s", Memory, 0.8, 1, 1e6});
  return {{"dense_product", "gemm", product, dense_product},
          {"quantised_product", "gemm", quantised, quantised_product},
          {"collective",
           "collectives",
           {{"floor_us", Nothing, 6, 0.01, 1e4},
            {"hop_us", Nothing, 0.8, 1e-9, 1e4},
            {"sync_us", Nothing, 12, 1e-6, 1e5},
            {"link_gb_per_s", Link, 0.9, 0.1, 1e5},
            {"flag_share", Nothing, 2, 1e-6, 1e3},
            {"growth", Nothing, 0.1, 1e-6, 2}},
           collective}};
}

}  // namespace moescope
