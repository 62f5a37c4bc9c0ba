// The files that SQLite keeps beside a .moetrace while it is recorded: FILE-wal and FILE-shm.
#pragma once

#include <filesystem>

namespace moescope {

/// To be called before another file takes the name of `path`: when that is a recording that was not
/// closed, folds its log into it and removes the side files, which would be mistaken for those of
/// the new file. Throws Error when another program reads or writes it.
void fold_log(const std::filesystem::path& path);

}  // namespace moescope
