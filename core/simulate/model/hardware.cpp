#include "core/simulate/model/hardware.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/simulate/model/description.h"
#include "core/simulate/model/kernel_file.h"

namespace moescope {

const std::vector<HardwareConstant>& hardware_constants() {
  using H = Hardware;
  static const std::vector<HardwareConstant> constants = {
      {"sm_count", &H::sm_count, 1, 65535},
      {"memory_gib", &H::memory_gib, 1e-3, 1e6},
      {"memory_gb_per_s", &H::memory_gb_per_s, 1e-3, 1e6},
      {"fp8_tflops", &H::fp8_tflops, 1e-6, 1e6},
      {"bf16_tflops", &H::bf16_tflops, 1e-6, 1e6},
      {"nvlink_gb_per_s", &H::nvlink_gb_per_s, 1e-6, 1e6},
      {"ib_gb_per_s", &H::ib_gb_per_s, 1e-6, 1e6},
      {"gpus_per_node", &H::gpus_per_node, 1, 65536},
      {"gemm_efficiency", &H::gemm_efficiency, 1e-6, 1},
      {"attention_efficiency", &H::attention_efficiency, 1e-6, 1},
      {"memory_efficiency", &H::memory_efficiency, 1e-6, 1},
      {"tile_rows_prefill", &H::tile_rows_prefill, 1, 65536},
      {"tile_rows_decode", &H::tile_rows_decode, 1, 65536},
      {"kernel_overhead_us", &H::kernel_overhead_us, 0, 1e6},
      {"normal_latency_us", &H::normal_latency_us, 0, 1e6},
      {"low_latency_us", &H::low_latency_us, 0, 1e6},
      {"sm_forward_gb_per_s", &H::sm_forward_gb_per_s, 1e-6, 1e6},
      {"sm_read_gb_per_s", &H::sm_read_gb_per_s, 1e-6, 1e6},
  };
  return constants;
}

Hardware load_hardware(const std::string& name_or_path) {
  auto file = Description::open("hardware", name_or_path);
  Hardware hardware;
  hardware.name = file.text("name");
  hardware.title = file.text("title");
  auto constants = file.object("constants");
  for (const auto& c : hardware_constants()) {
    auto entry = constants.object(c.name);
    hardware.*c.member = entry.number("value", c.least, c.most);
    hardware.sources[c.name] = entry.text("source");
    entry.finish();
  }
  constants.finish();
  hardware.system = file.text("system", "");
  hardware.kernels = read_kernels(file);
  file.finish();
  return hardware;
}

Hardware hardware_of_system(const std::string& system) {
  std::string known;
  for (const auto& name : description_names("hardware")) {
    auto hardware = load_hardware(name);
    if (hardware.system == system) return hardware;
    if (!hardware.system.empty()) known += (known.empty() ? "" : ", ") + hardware.system;
  }
  throw Error(system, "system", "is no hardware that this program describes",
              fmt::format("Known are {}; or give a hardware file", known), "--hardware");
}

}  // namespace moescope
