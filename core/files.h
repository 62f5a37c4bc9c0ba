// Text files read within a limit, and files that appear under their name only when complete.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace moescope {

/// A place beside `target` to write to. It takes the target's name when told so, else it is
/// removed: a reader never sees half a file, and a failed write leaves the old one.
class NewFile {
 public:
  explicit NewFile(std::filesystem::path target);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  /// Where to write meanwhile. The file must be closed before it is put in place.
  const std::filesystem::path& path() const { return path_; }
  /// Gives the file its name. Throws Error.
  void replace_target();
  /// As replace_target(), after the bytes are on disk for good, and then the name too.
  void sync_and_replace_target();

 private:
  std::filesystem::path target_, path_;
};

/// Whole text of a file; throws Error when it cannot be read or has more than `limit` bytes.
std::string read_text_file(const std::filesystem::path& path, std::size_t limit);
/// Writes a NewFile, without waiting for the disk. Throws Error.
void write_text_file(const std::filesystem::path& path, std::string_view text);

}  // namespace moescope
