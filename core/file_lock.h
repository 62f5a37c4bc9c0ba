// One writer a file: a recording holds its file for as long as it grows, and a program that wants
// to replace a file must hold it first.
#pragma once

#include <filesystem>

namespace moescope {

/// Holds one file, not its name: the hold stays with the file when it is renamed or replaced. It
/// ends with the object or with the process, however that ends. Readers are never kept out.
class FileLock {
 public:
  /// Holds the file that `path` names now; holds nothing when there is none. Throws Error, which
  /// names the process that holds it where that can be known.
  explicit FileLock(const std::filesystem::path& path);
  ~FileLock();
  FileLock(FileLock&& other) noexcept;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  /// Whether there is a file to hold.
  bool exists() const { return file_ >= 0; }
  /// Whether `path` still names the file that is held, or still names none.
  bool still_at(const std::filesystem::path& path) const;

  /// Keeps every other SQLite connection from taking itself for the last one and folding the log
  /// of a recording that still grows. SQLite's own lock would do that, but POSIX drops it as soon
  /// as this process closes any other descriptor of the file.
  void guard_log();
  void stop_guarding_log();

 private:
  int file_ = -1;
};

}  // namespace moescope
