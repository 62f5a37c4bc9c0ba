#include "core/trace/file/moetrace_log.h"

#include <sqlite3.h>

#include "core/error.h"
#include "core/file_lock.h"
#include "core/files.h"
#include "core/trace/file/sqlite.h"

namespace moescope {
namespace {

namespace fs = std::filesystem;

/// Moves the log into the database. Throws Error when that is no database, or is in use.
void checkpoint(const fs::path& path) {
  sqlite::Database database(path, SQLITE_OPEN_READWRITE);
  int code = sqlite3_wal_checkpoint_v2(database.handle(), "main", SQLITE_CHECKPOINT_TRUNCATE,
                                       nullptr, nullptr);
  if (code != SQLITE_OK) database.fail(code, "");
}

}  // namespace

void fold_log(const fs::path& named) {
  const fs::path path = behind_links(named);
  const fs::path wal = path.string() + "-wal", shm = path.string() + "-shm";
  std::error_code error;
  if (!fs::exists(wal, error) && !fs::exists(shm, error)) return;
  const FileLock lock(path);
  if (lock.exists() && fs::file_size(wal, error) > 0 && !error) {
    try {
      checkpoint(path);
    } catch (const Error& problem) {
      // What is no database has no log either.
      if (problem.problem() != sqlite3_errstr(SQLITE_NOTADB))
        throw Error(named.string(), "",
                    "is a recording that was not closed, and its last part cannot be brought into "
                    "it before it is replaced: " +
                        problem.problem(),
                    "Close the programs that have it open, or choose another name");
    }
  }
  fs::remove(wal, error);
  fs::remove(shm, error);
}

}  // namespace moescope
