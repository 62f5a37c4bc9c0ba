// Text files read within a limit, and files that appear under their name only when complete.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace moescope {

/// A file to be written in the place of `target`: beside it at first, and under its name only when
/// it is complete and on disk. A reader never sees half a file, and whatever fails, also a full
/// disk or a kill, leaves the old one. Symbolic links are followed and permissions kept.
///
/// Devices, FIFOs and the likes of /dev/stdout have no old content to keep: they are written
/// straight.
class NewFile {
 public:
  /// Throws Error when `target` is a folder, or is being written by somebody else (FileLock).
  explicit NewFile(std::filesystem::path target);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  /// Appends to the new file. Throws Error (disk full, no permission, closed pipe).
  void write(std::string_view bytes);
  /// Where it lies meanwhile, for those who do not use write(); close it before it gets its name.
  /// Throws Error when `target` is no ordinary file.
  const std::filesystem::path& path() const;
  /// Waits until the bytes are on disk, then gives the file its name. Throws Error; the old file is
  /// still there then.
  void replace_target();

 private:
  void open();
  bool take_name();

  std::filesystem::path named_;          ///< as the user named it
  std::filesystem::path target_, path_;  ///< behind symbolic links, and beside it
  bool straight_ = false;
  int file_ = -1;
};

/// What `path` names behind symbolic links; that need not exist.
std::filesystem::path behind_links(std::filesystem::path path);

/// Throws Error when `target` is one of `inputs`, by whatever name: what is read must not be
/// overwritten by what is made of it.
void refuse_to_overwrite(const std::filesystem::path& target,
                         const std::vector<std::filesystem::path>& inputs);

/// Whole text of a file; throws Error when it cannot be read or has more than `limit` bytes.
std::string read_text_file(const std::filesystem::path& path, std::size_t limit);
/// Writes a NewFile. Throws Error.
void write_text_file(const std::filesystem::path& path, std::string_view text);

}  // namespace moescope
