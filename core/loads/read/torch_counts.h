// What the dumps of SGLang and vllm-ascend keep in tensors: counts and maps of experts.
#pragma once

#include <string>
#include <vector>

#include "core/loads/files/torch_file.h"

namespace moescope {

/// The sizes of a tensor [windows][layers][width]; the first may be left out and is 1 then.
struct CountShape {
  std::size_t windows = 1, layers = 0, width = 0;
};

/// Throws Error that names `what` when it is no tensor of such a shape.
CountShape count_shape(const TorchFile& file, const PickleValue& tensor, const std::string& source,
                       const std::string& what);

/// A placement [layer][slot] of logical experts, kNoExpert where a slot is empty. Throws Error that
/// names `what`.
std::vector<std::vector<int>> read_expert_map(TorchFile& file, const PickleValue& tensor,
                                              const std::string& source, const std::string& what);

}  // namespace moescope
