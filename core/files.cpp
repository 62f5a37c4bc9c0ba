#include "core/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/file_lock.h"
#include "core/input_file.h"

namespace moescope {
namespace {

namespace fs = std::filesystem;

/// The error of the call that just failed.
[[noreturn]] void fail(const std::filesystem::path& target, const std::string& problem) {
  throw Error(target.string(), "", problem + ": " + std::strerror(errno),
              "Check free space and your rights in its folder");
}

void sync(int file, const std::filesystem::path& target) {
  if (::fsync(file) != 0 && errno != EINVAL && errno != EROFS) fail(target, "cannot be written");
}

void sync(const std::filesystem::path& what, const std::filesystem::path& target) {
  const int file = ::open(what.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail(target, "cannot be written");
  const int code = ::fsync(file);
  const int reason = errno;
  ::close(file);
  errno = reason;
  if (code != 0 && reason != EINVAL) fail(target, "cannot be written");
}

/// The descriptor of this process that a path like /dev/stdout or /dev/fd/3 stands for, else -1.
int descriptor_of(const fs::path& path) {
  const std::string name = path.lexically_normal().string();
  if (name == "/dev/stdout") return STDOUT_FILENO;
  if (name == "/dev/stderr") return STDERR_FILENO;
  for (const std::string folder : {"/dev/fd/", "/proc/self/fd/"}) {
    const std::string number = name.starts_with(folder) ? name.substr(folder.size()) : "";
    if (!number.empty() && number.size() < 8 &&
        number.find_first_not_of("0123456789") == std::string::npos)
      return std::stoi(number);
  }
  return -1;
}

/// Neither absent nor an ordinary file.
bool is_special(const fs::path& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  return fs::exists(status) && !fs::is_regular_file(status);
}

}  // namespace

fs::path behind_links(fs::path path) {
  constexpr int kMaxLinks = 40;
  std::error_code error;
  for (int i = 0; i < kMaxLinks && fs::is_symlink(path, error); ++i) {
    const fs::path to = fs::read_symlink(path, error);
    if (error) break;
    path = to.is_absolute() ? to : path.parent_path() / to;
  }
  return path;
}

NewFile::NewFile(fs::path target) : named_(std::move(target)) {
  std::error_code error;
  if (named_.empty() || fs::is_directory(named_, error))
    throw Error(named_.string(), "", named_.empty() ? "is not a file name" : "is a folder",
                "Name a file to write");
  straight_ = descriptor_of(named_) >= 0 || is_special(named_);
  if (straight_) return;
  target_ = behind_links(named_);
  FileLock{target_};  // to fail before the work, not after it
  static std::atomic<unsigned> number{0};
  path_ = target_.string() + ".part-" + std::to_string(::getpid()) + "-" + std::to_string(++number);
  fs::remove(path_, error);  // of a process that was killed and had the same number
}

NewFile::~NewFile() {
  if (file_ >= 0) ::close(file_);
  std::error_code ignored;
  if (!straight_ && !path_.empty()) fs::remove(path_, ignored);
}

const fs::path& NewFile::path() const {
  if (straight_)
    throw Error(named_.string(), "", "is not an ordinary file", "Name a file to write in a folder");
  return path_;
}

void NewFile::open() {
  constexpr mode_t kMode = 0666;  // as the user's umask lets it be
  if (const int own = straight_ ? descriptor_of(named_) : -1; own >= 0)
    file_ = ::fcntl(own, F_DUPFD_CLOEXEC, 0);
  else if (straight_)
    file_ = ::open(named_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  else
    file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, kMode);
  if (file_ < 0) fail(named_, "cannot be written");
}

void NewFile::write(std::string_view bytes) {
  if (file_ < 0) open();
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(named_, "cannot be written");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void NewFile::replace_target() {
  if (straight_) {
    if (file_ < 0) open();
    if (::close(std::exchange(file_, -1)) != 0) fail(named_, "cannot be written");
    return;
  }
  if (file_ < 0) write({});  // written by name, or empty
  sync(file_, named_);
  while (!take_name()) {
  }
  if (::close(std::exchange(file_, -1)) != 0) fail(named_, "cannot be written");
  const auto folder = target_.parent_path();
  sync(folder.empty() ? fs::path(".") : folder, named_);
}

/// Renames, holding the old file; false when another one came under the name meanwhile.
bool NewFile::take_name() {
  const FileLock old(target_);
  if (!old.still_at(target_)) return false;
  struct stat before {};
  if (old.exists() && stat(target_.c_str(), &before) == 0) ::fchmod(file_, before.st_mode & 07777);
  const unsigned flags = old.exists() ? 0 : RENAME_NOREPLACE;
  int code = ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target_.c_str(), flags);
  if (code != 0 && errno == EEXIST && !old.exists()) return false;
  if (code != 0 && (errno == EINVAL || errno == ENOSYS))  // a file system without the flag
    code = ::rename(path_.c_str(), target_.c_str());
  if (code != 0) fail(named_, "cannot be replaced");
  return true;
}

void refuse_to_overwrite(const fs::path& target, const std::vector<fs::path>& inputs) {
  std::error_code error;
  if (descriptor_of(target) >= 0 || is_special(target)) return;
  for (const auto& input : inputs)
    if (target == input || fs::equivalent(input, target, error))
      throw Error(target.string(), "", "is the file to read, which would be lost",
                  "Choose another name to write to");
}

std::string read_text_file(const std::filesystem::path& path, std::size_t limit) {
  refuse_special_file(path);
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed))
    throw Error(path.string(), "", "is a folder, not a file");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(path.string(), "", "cannot open the file", "Check the path");
  std::string text;
  std::vector<char> block(1 << 16);
  while (file) {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    text.append(block.data(), static_cast<std::size_t>(file.gcount()));
    if (text.size() > limit)
      throw Error(path.string(), "",
                  "is larger than the limit of " + std::to_string(limit >> 20) + " MiB",
                  "Check that this is the right file");
  }
  if (file.bad()) throw Error(path.string(), "", "cannot read the file");
  return text;
}

void write_text_file(const std::filesystem::path& path, std::string_view text) {
  NewFile written(path);
  written.write(text);
  written.replace_target();
}

}  // namespace moescope
