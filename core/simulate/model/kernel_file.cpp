#include "core/simulate/model/kernel_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "core/error.h"
#include "core/simulate/model/hardware.h"

namespace moescope {
namespace {

constexpr double kMostError = 100;  ///< of a relative error, 1 = 100 %
/// Error that deriving adds: H200 from H100 is within that of its measured tables, median.
constexpr double kDerivedError = 0.08;
/// Of a kernel whose measured rows contradict one another, by that of the same library that stands
/// in: its rows at hand lie within a factor of two of each other.
constexpr double kNoiseError = 1;
/// Ratios of data sheets; more apart is another kind of machine.
constexpr double kLeastRatio = 1e-2, kMostRatio = 1e2;

CostError read_error(Description file) {
  CostError error;
  error.rows = file.integer("rows", 0, 1 << 30);
  error.median = file.number("median", 0, kMostError);
  error.p90 = file.number("p90", error.median, kMostError);
  error.p95 = file.number("p95", error.p90, kMostError);
  file.finish();
  return error;
}

KernelCost read_kernel(Description file) {
  constexpr std::array<std::string_view, 6> kTables = {"experts", "alltoall",    "attention",
                                                       "gemm",    "collectives", "end_to_end"};
  KernelCost kernel;
  kernel.id = {file.text("table"), file.text("kernel"), file.text("version", "")};
  if (std::find(kTables.begin(), kTables.end(), kernel.id.table) == kTables.end())
    file.fail("table", "is no table of measured kernels");
  kernel.formula = find_formula(file.text("formula"));
  if (kernel.formula == nullptr) file.fail("formula", "is no formula that this program knows");
  if (kernel.formula->table != kernel.id.table)
    file.fail("formula", fmt::format("is one of the table {}", kernel.formula->table));
  const auto leftover = file.text("leftover", "random");
  if (leftover != "random" && leftover != "lowest")
    file.fail("leftover", "is neither \"random\" nor \"lowest\"");
  kernel.leftover = leftover == "lowest" ? Leftover::Lowest : Leftover::Random;
  auto constants = file.object("constants");
  for (const auto& rule : kernel.formula->constants)
    kernel.constants.push_back(constants.number(rule.name, rule.least, rule.most));
  constants.finish();
  kernel.source = file.text("source");
  kernel.error = read_error(file.object("error"));
  file.finish();
  return kernel;
}

/// Kernels of measured hardware, scaled by what the data sheets say.
KernelCosts derive(Description file) {
  const auto name = file.text("hardware");
  const SheetRatios ratios = {.memory = file.number("memory", kLeastRatio, kMostRatio),
                              .compute = file.number("compute", kLeastRatio, kMostRatio),
                              .link = file.number("link", kLeastRatio, kMostRatio),
                              .network = file.number("network", kLeastRatio, kMostRatio)};
  const auto source = file.text("source");
  file.finish();
  const auto names = description_names("hardware");
  if (std::find(names.begin(), names.end(), name) == names.end())
    file.fail("hardware", fmt::format("\"{}\" is not compiled in", name));
  auto text = Description::open("hardware", name);
  if (text.has("kernels_from"))
    file.fail("hardware", fmt::format("\"{}\" was not measured but derived itself", name));
  KernelCosts result;
  result.derived_from = name;
  for (const auto& kernel : read_kernels(text).kernels) {
    auto scaled = derived(kernel, ratios);
    scaled.source = fmt::format("derived from {}: {}", name, source);
    for (auto* error : {&scaled.error.median, &scaled.error.p90, &scaled.error.p95})
      *error += kDerivedError;
    result.kernels.push_back(std::move(scaled));
  }
  return result;
}

/// Compiled-in hardware other than `hardware` whose kernels were measured.
const std::vector<Hardware>& measured_hardware() {
  static const std::vector<Hardware> all = [] {
    std::vector<Hardware> list;
    for (const auto& name : description_names("hardware"))
      if (auto hardware = load_hardware(name);
          !hardware.kernels.kernels.empty() && hardware.kernels.derived_from.empty())
        list.push_back(std::move(hardware));
    return list;
  }();
  return all;
}

}  // namespace

KernelCosts read_kernels(Description& file) {
  if (file.has("kernels_from")) {
    if (file.has("kernels")) file.fail("kernels", "stands beside kernels_from: keep one of them");
    return derive(file.object("kernels_from"));
  }
  KernelCosts result;
  if (!file.has("kernels")) return result;
  for (auto& entry : file.objects("kernels")) {
    auto kernel = read_kernel(entry);
    if (result.find(kernel.id) != nullptr) entry.fail("kernel", "is there twice");
    result.kernels.push_back(std::move(kernel));
  }
  return result;
}

namespace {

/// The kernel of the same library that stands in for one without usable measurements.
std::string stand_in(const std::string& name) {
  constexpr std::string_view kNoise = "deepep_v2_generation";
  return name.starts_with(kNoise) ? "deepep_v2_context" + name.substr(kNoise.size()) : name;
}

}  // namespace

KernelChoice choose_kernel(const Hardware& hardware, const KernelId& id) {
  if (const auto* own = hardware.kernels.find(id)) return {*own, ""};
  if (const auto* own = hardware.kernels.newest(id.table, id.name))
    return {*own, fmt::format("{}: not measured on {}, {} stands in", id.text(), hardware.name,
                              own->id.version)};
  const auto to = hardware.sheet();
  for (const auto& other : measured_hardware()) {
    const auto* kernel = other.kernels.find(id);
    if (kernel == nullptr) kernel = other.kernels.newest(id.table, id.name);
    if (kernel == nullptr) continue;
    const auto from = other.sheet();
    auto scaled = derived(*kernel, {.memory = to.memory_gb_per_s / from.memory_gb_per_s,
                                    .compute = to.fp8_tflops / from.fp8_tflops,
                                    .link = to.link_gb_per_s / from.link_gb_per_s,
                                    .network = to.network_gb_per_s / from.network_gb_per_s});
    for (auto* error : {&scaled.error.median, &scaled.error.p90, &scaled.error.p95})
      *error += kDerivedError;
    return {std::move(scaled), fmt::format("{}: not measured on {}, derived from {} by the data "
                                           "sheets",
                                           id.text(), hardware.name, other.name)};
  }
  if (auto name = stand_in(id.name); name != id.name) {
    auto choice = choose_kernel(hardware, {id.table, std::move(name), id.version});
    for (auto* error :
         {&choice.kernel.error.median, &choice.kernel.error.p90, &choice.kernel.error.p95})
      *error = kNoiseError;
    choice.note = fmt::format("{}: its measured rows contradict one another, {} stands in",
                              id.text(), choice.kernel.id.text());
    return choice;
  }
  throw Error(hardware.name, "kernels", fmt::format("no hardware has constants for {}", id.text()));
}

}  // namespace moescope
