// Kind of a file, by its content and never by its name alone. The only place that decides this.
#pragma once

#include <filesystem>
#include <vector>

#include "core/progress.h"

namespace moescope {

enum class FileKind {
  Trace,      ///< a trace, or an unknown file: the trace reader reports what is wrong with it
  Recording,  ///< a .moetrace: a trace that may have loads too
  Loads,      ///< a load dump, a file or a folder
  BalanceLog,
  WaitLog,
  Plan,
};

/// Looks at the first 256 KiB of a file, or at the names in a folder. Never throws; an unreadable
/// file is a Trace.
FileKind kind_of_file(const std::filesystem::path& path);

/// Files grouped by what opens them. A recording is among the traces too.
struct SortedFiles {
  std::vector<std::filesystem::path> plans;
  std::vector<std::filesystem::path> loads;  ///< dumps and logs
  std::vector<std::filesystem::path> traces, recordings;
};
/// Throws Cancelled.
SortedFiles sort_files(const std::vector<std::filesystem::path>& files, Progress& progress);

}  // namespace moescope
