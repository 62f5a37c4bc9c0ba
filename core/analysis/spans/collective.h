// Which collective a communication kernel belongs to, where its arguments say so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace moescope {

/// The same collective has the same group and sequence on every rank that takes part.
struct CollectiveId {
  std::string group;  ///< what is done, process group and its ranks
  std::int64_t sequence = 0;
};

/// Reads the arguments that the PyTorch profiler gives NCCL kernels ("Seq", "Process Group Name",
/// "Process Group Ranks", "Collective name"); `name` is the kernel's, used when they do not name
/// the collective. nullopt when group or sequence is not recorded (DeepEP kernels, older versions).
std::optional<CollectiveId> collective_id(std::string_view name, const std::string& args);

}  // namespace moescope
