// Ids of launch configurations, as every sink assigns them: 0 is "none", the others count up.
#pragma once

#include <map>

#include "core/trace/types.h"

namespace moescope {

class LaunchIds {
 public:
  LaunchIds() { ids_[{}] = 0; }

  /// The id of `launch`; one that is new is appended to `added`.
  template <typename Launches>
  LaunchId intern(const LaunchConfig& launch, Launches& added) {
    const auto [it, is_new] = ids_.try_emplace(launch, static_cast<LaunchId>(ids_.size()));
    if (is_new) added.push_back(launch);
    return it->second;
  }

 private:
  std::map<LaunchConfig, LaunchId> ids_;
};

}  // namespace moescope
