// Names of the kernels of one device by correlation, as they become known.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/trace/types.h"

namespace moescope {

/// Of several kernels of one launch (a graph) the first counts: that of the lowest track, there the
/// earliest. 12 bytes a kernel.
class KernelNames {
 public:
  struct Kernel {
    std::uint32_t correlation = 0;
    StringId name = 0;
    TrackId track = 0;
  };
  /// Takes kernels that follow those of earlier calls on their tracks. False when a correlation has
  /// another name than before. Cheap when correlations rise with time.
  bool add(std::vector<Kernel> kernels);
  std::optional<StringId> find(std::uint32_t correlation) const;

 private:
  std::vector<Kernel> kernels_;  ///< by correlation, one each
};

}  // namespace moescope
