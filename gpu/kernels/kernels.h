// Numbers of the kernels, by which a device finds its form of each.
#pragma once

#include <cstdint>

#include "gpu/comm/exchange/combine_steps.h"
#include "gpu/comm/exchange/dispatch_steps.h"
#include "gpu/kernels/attention_steps.h"
#include "gpu/kernels/transformer_steps.h"

namespace moescope::runtime {

enum class KernelId : std::uint8_t {
#define MOESCOPE_KERNEL(name) name,
#include "gpu/kernels/kernels.inc"
#undef MOESCOPE_KERNEL
};

/// The number of a kernel; a type that is not in kernels.inc has none and does not compile.
template <typename Kernel>
struct KernelNumber;
#define MOESCOPE_KERNEL(name)                         \
  template <>                                         \
  struct KernelNumber<name> {                         \
    static constexpr KernelId value = KernelId::name; \
  };
#include "gpu/kernels/kernels.inc"
#undef MOESCOPE_KERNEL

}  // namespace moescope::runtime
