// What a GPU and its links can do: the constants of the cost model, each with its source.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/simulate/cost/kernel_costs.h"

namespace moescope {

/// Rates are per GPU and one direction. Values in the unit that their name ends with.
struct Hardware {
  std::string name, title;
  double sm_count = 0;
  double memory_gib = 0;
  double memory_gb_per_s = 0;  ///< peak of the device memory
  double fp8_tflops = 0;       ///< dense peak
  double bf16_tflops = 0;
  double nvlink_gb_per_s = 0;  ///< reached, not the peak
  double ib_gb_per_s = 0;      ///< reached
  double gpus_per_node = 0;
  double gemm_efficiency = 0;                          ///< share of the peak that GEMMs reach
  double attention_efficiency = 0;                     ///< share of the BF16 peak
  double memory_efficiency = 0;                        ///< share of the memory peak
  double tile_rows_prefill = 0, tile_rows_decode = 0;  ///< rows that a GEMM computes at once
  double kernel_overhead_us = 0;
  double normal_latency_us = 0;                ///< of one prefill all-to-all
  double low_latency_us = 0;                   ///< of one decode all-to-all
  double sm_forward_gb_per_s = 0;              ///< bytes that one communication SM forwards
  double sm_read_gb_per_s = 0;                 ///< memory that one compute SM reads
  std::map<std::string, std::string> sources;  ///< constant -> where its value is from
  std::string system;   ///< its name in measured tables, "h100_sxm"; empty: none
  KernelCosts kernels;  ///< fitted or derived kernel times; none: rooflines (costs.h) stand in
  /// Relative errors of constants that were refitted to a recording, see refit_hardware(); not part
  /// of a file.
  std::optional<double> experts_error, transfer_error;

  /// What the formulas of kernel times need of it.
  DataSheet sheet() const {
    return {sm_count, memory_gb_per_s, fp8_tflops, nvlink_gb_per_s, ib_gb_per_s};
  }
};

/// One constant: its name in JSON, its member and what it may be.
struct HardwareConstant {
  const char* name;
  double Hardware::*member;
  double least, most;
};
const std::vector<HardwareConstant>& hardware_constants();

/// A compiled-in description ("h800") or a file in the same form. Throws Error.
Hardware load_hardware(const std::string& name_or_path);

/// The description as such a file, a line for every constant and kernel; load_hardware() reads the
/// same back, up to five digits of fitted constants.
std::string hardware_json(const Hardware& hardware);

/// The compiled-in hardware whose rows of measured tables are of `system`. Throws Error that names
/// the known ones.
Hardware hardware_of_system(const std::string& system);

/// The kernel of `id` on this hardware: its own, else its newest version, else the one of other
/// compiled-in hardware that was measured, scaled by the data sheets.
struct KernelChoice {
  KernelCost kernel;
  std::string note;  ///< what stands in for what; empty when nothing does
};
/// Throws Error when no hardware has the kernel.
KernelChoice choose_kernel(const Hardware& hardware, const KernelId& id);

}  // namespace moescope
