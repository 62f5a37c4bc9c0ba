// Watches a running node for a while and keeps what it recorded, for figures of before and after.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "core/cluster/client.h"
#include "core/trace/types.h"

namespace moescope {

/// A folder that goes with its owner.
class TemporaryFolder {
 public:
  /// Throws Error when none can be made.
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Watched {
  std::filesystem::path recording;
  std::optional<double> imbalance;  ///< mean of the windows that the node told of
};

/// Records the node to `recording` for `settle` + `seconds`, both in ns; imbalance is that of the
/// windows that SettledImbalance counts. `doing` names it in the progress line. Throws Error when
/// the node is lost or the disk is full, Cancelled.
Watched watch_node(const std::shared_ptr<ClusterClient>& client,
                   const std::filesystem::path& recording, TimeNs seconds, TimeNs settle,
                   const char* doing);

}  // namespace moescope
