// Opening any file of the load and balance views by its content.
#pragma once

#include "core/loads/load_set.h"
#include "core/loads/logs/balance_log.h"
#include "core/loads/logs/wait_matrix.h"

namespace moescope {

/// What files or folders hold; of a single one, sets or one log.
struct LoadContent {
  std::vector<LoadSet> sets;
  std::optional<BalanceLog> balance;
  std::optional<WaitLog> waits;
  std::vector<std::string> file_notes;  ///< about files that were not opened as they are

  /// All notes for the user, each with its unit.
  std::vector<std::string> notes() const;
};

/// Throws Error when `path` holds none of these, Cancelled.
LoadContent open_loads(const std::filesystem::path& path, Progress& progress,
                       const LoadReading& reading = {});

}  // namespace moescope
