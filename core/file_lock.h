// One writer per file: a recording locks its file while it grows, and a program that replaces a
// file must lock it first.
#pragma once

#include <filesystem>

namespace moescope {

/// Locks a file, not its name: the lock stays with the file when it is renamed or replaced. It ends
/// with the object or with the process, however that ends. Readers are never blocked.
class FileLock {
 public:
  /// Locks the file that `path` names now; locks nothing when there is none. Throws an Error that
  /// names the process that holds it where that is known.
  explicit FileLock(const std::filesystem::path& path);
  ~FileLock();
  FileLock(FileLock&& other) noexcept;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  /// Whether there is a file to lock.
  bool exists() const { return file_ >= 0; }
  /// Whether `path` still names the locked file, or still names none.
  bool still_at(const std::filesystem::path& path) const;

  /// Keeps other SQLite connections from believing that they are the last one and folding in the
  /// log of a recording that still grows. SQLite's own lock would do that, but POSIX drops it as
  /// soon as this process closes any other descriptor of the file.
  void guard_log();
  void stop_guarding_log();

 private:
  int file_ = -1;
};

}  // namespace moescope
