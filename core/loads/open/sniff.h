// What a file holds for the load and balance views, by content.
#pragma once

#include <filesystem>

namespace moescope {

enum class LoadInput {
  None,       ///< nothing: probably a trace
  Loads,      ///< a load dump, for read_load_sets()
  Recording,  ///< a .moetrace: a trace that may have loads too
  BalanceLog,
  WaitLog
};

/// Looks at the first 256 KiB of a file, or at the names in a folder. Never throws; an unreadable
/// file is None.
LoadInput sniff_load_input(const std::filesystem::path& path);

}  // namespace moescope
