#include "core/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <vector>

#include "core/error.h"

namespace moescope {
namespace {

/// The error of the call that just failed.
[[noreturn]] void fail(const std::filesystem::path& target, const std::string& problem) {
  throw Error(target.string(), "", problem + ": " + std::strerror(errno),
              "Check free space and your rights in its folder");
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

void remove_quietly(const std::filesystem::path& path) {
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
}

}  // namespace

NewFile::NewFile(std::filesystem::path target)
    : target_(std::move(target)), path_(target_.string() + ".part-" + std::to_string(::getpid())) {
  remove_quietly(path_);
}

NewFile::~NewFile() {
  remove_quietly(path_);
}

void NewFile::replace_target() {
  if (std::rename(path_.c_str(), target_.c_str()) != 0) fail(target_, "cannot be replaced");
}

void NewFile::sync_and_replace_target() {
  sync(path_, target_);
  replace_target();
  const auto folder = target_.parent_path();
  sync(folder.empty() ? std::filesystem::path(".") : folder, target_);
}

std::string read_text_file(const std::filesystem::path& path, std::size_t limit) {
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
  std::ofstream file(written.path(), std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) fail(path, "cannot be written");
  written.replace_target();
}

}  // namespace moescope
