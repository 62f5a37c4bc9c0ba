// The file of a recording in progress.
#pragma once

#include <atomic>
#include <filesystem>
#include <optional>

#include "core/file_lock.h"
#include "core/files.h"
#include "core/trace/file/sqlite.h"

namespace moescope {

/// Stays beside its target until there is something to record, then replaces it and is kept locked
/// (FileLock) and open. Before that the target is not touched.
class RecordingFile {
 public:
  /// Makes an empty .moetrace beside `target`. Throws Error (no permission, disk full, in use).
  explicit RecordingFile(const std::filesystem::path& target);
  ~RecordingFile();

  /// Replaces the target. Throws Error, also when another writer holds it.
  void put_in_place();
  bool in_place() const { return in_place_; }
  /// @pre in_place()
  sqlite::Database& database() { return *database_; }
  /// Throws Error when the file has lost its name or its log: commits would then be lost silently.
  void check();
  /// To be called after a commit.
  void committed() { logged_ = true; }
  /// Rolls back the transaction, if there is one.
  void roll_back();
  /// Folds in the log, closes the file and releases the lock.
  void close();

 private:
  void empty_log_of_another();

  std::filesystem::path target_;
  std::optional<NewFile> fresh_;
  std::optional<FileLock> lock_;  ///< outlives the connection, whose locks end when it is closed
  std::optional<sqlite::Database> database_;
  std::atomic<bool> in_place_{false};
  bool logged_ = false;  ///< there was a commit, so there is a log
};

}  // namespace moescope
