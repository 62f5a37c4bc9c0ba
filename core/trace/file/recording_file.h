// The file of a recording while it is made.
#pragma once

#include <atomic>
#include <filesystem>
#include <optional>

#include "core/file_lock.h"
#include "core/files.h"
#include "core/trace/file/sqlite.h"

namespace moescope {

/// Lies beside its target until there is something to record, then in its place, where it is held
/// (FileLock) and open. The target is not touched before, nor when the recording never gets there.
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
  /// What is committed to a file that has lost its name or its log would be lost silently: throws
  /// Error when that has happened.
  void check();
  /// Tells that something was committed.
  void committed() { logged_ = true; }
  /// Leaves the transaction, if there is one.
  void roll_back();
  /// Folds the log in, closes and lets go of the file.
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
