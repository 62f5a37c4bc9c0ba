// Reading text files within a size limit, and replacing files atomically.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace moescope {

/// A new file for `target`: written beside it and renamed only when it is complete and on disk. A
/// reader never sees half a file, and any failure, including a full disk or a kill, leaves the old
/// file. Symbolic links are followed and permissions kept.
///
/// Devices, FIFOs and /dev/stdout have no old content to keep and are written directly.
class NewFile {
 public:
  /// Throws Error when `target` is a folder, or another process is writing it (FileLock).
  explicit NewFile(std::filesystem::path target);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  /// Appends to the new file. Throws Error (disk full, no permission, closed pipe).
  void write(std::string_view bytes);
  /// The temporary file, for callers that do not use write(); close it before replace_target().
  /// Throws Error when `target` is not a regular file.
  const std::filesystem::path& path() const;
  /// Waits until the bytes are on disk, then renames the file. Throws Error, which leaves the old
  /// file in place.
  void replace_target();

 private:
  void open();
  bool take_name();

  std::filesystem::path named_;          ///< as the user named it
  std::filesystem::path target_, path_;  ///< behind symbolic links, and beside it
  bool straight_ = false;
  int file_ = -1;
};

/// `path` with symbolic links resolved; the result need not exist.
std::filesystem::path behind_links(std::filesystem::path path);

/// Throws Error when `target` is one of `inputs`, under any name: output must not overwrite input.
void refuse_to_overwrite(const std::filesystem::path& target,
                         const std::vector<std::filesystem::path>& inputs);

/// Whole text of a file; throws Error when it cannot be read or has more than `limit` bytes.
std::string read_text_file(const std::filesystem::path& path, std::size_t limit);
/// Writes a NewFile. Throws Error.
void write_text_file(const std::filesystem::path& path, std::string_view text);

}  // namespace moescope
