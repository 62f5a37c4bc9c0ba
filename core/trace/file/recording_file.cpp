#include "core/trace/file/recording_file.h"

#include <sqlite3.h>

#include "core/error.h"
#include "core/trace/file/moetrace.h"
#include "core/trace/file/moetrace_log.h"

namespace moescope {

RecordingFile::RecordingFile(const std::filesystem::path& target)
    : target_(behind_links(target)), fresh_(std::in_place, target) {
  Progress progress;
  write_moetrace(*TraceBuilder().snapshot(), fresh_->path(), progress);
}

RecordingFile::~RecordingFile() {
  if (!lock_) return;
  lock_->stop_guarding_log();
  if (database_ && !lock_->still_at(target_)) empty_log_of_another();
}

void RecordingFile::put_in_place() {
  lock_.emplace(fresh_->path());
  fold_log(target_);
  fresh_->replace_target();
  fresh_.reset();
  database_.emplace(target_, SQLITE_OPEN_READWRITE);
  // FULL: a commit survives a power cut, not only a kill.
  database_->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  lock_->guard_log();
  in_place_ = true;
}

/// The log goes by the name of the file: SQLite would read it with whatever stands there now. It is
/// folded into the file that it is of, wherever that went, and left empty.
void RecordingFile::empty_log_of_another() {
  sqlite3_busy_timeout(database_->handle(), 0);
  sqlite3_exec(database_->handle(), "PRAGMA wal_checkpoint(TRUNCATE)", nullptr, nullptr, nullptr);
}

void RecordingFile::check() {
  if (!lock_->still_at(target_)) {
    empty_log_of_another();
    throw Error(target_.string(), "",
                "was removed or replaced by another program while it was recorded",
                "Record again and leave the file alone until the recording is closed");
  }
  std::error_code error;
  if (logged_ && !std::filesystem::exists(target_.string() + "-wal", error))
    throw Error(target_.string(), "",
                "another program removed the file that ends in -wal, the log of this recording",
                "Record again and leave both files alone until the recording is closed");
}

void RecordingFile::roll_back() {
  if (database_) sqlite3_exec(database_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void RecordingFile::close() {
  lock_->stop_guarding_log();
  sqlite3_busy_timeout(database_->handle(), 0);
  // A reader that has the file open keeps the log in use; its last close folds it in.
  sqlite3_exec(database_->handle(), "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE",
               nullptr, nullptr, nullptr);
  database_->close();
  database_.reset();
  lock_.reset();
}

}  // namespace moescope
