// Any file of the load and balance views, opened by its content.
#pragma once

#include "core/loads/balance_log.h"
#include "core/loads/load_set.h"
#include "core/loads/wait_matrix.h"

namespace moescope {

/// What a file or folder holds; exactly one of the members has something.
struct LoadContent {
  std::vector<LoadSet> sets;
  std::optional<BalanceLog> balance;
  std::optional<WaitLog> waits;

  /// What was found and is to be told, each note with its unit.
  std::vector<std::string> notes() const;
};

/// Throws Error when it holds none of these, Cancelled.
LoadContent open_loads(const std::filesystem::path& path, Progress& progress);

}  // namespace moescope
