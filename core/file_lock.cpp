#include "core/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>

#include "core/error.h"

namespace moescope {
namespace {

namespace fs = std::filesystem;

// SQLite keeps its locks on bytes of a page that it never uses, https://sqlite.org/lockingv3.html:
// the pending byte, the reserved byte, then the bytes that readers share. Ours is another byte of
// that page.
constexpr off_t kPendingByte = 0x40000000;
constexpr off_t kSharedBytes = kPendingByte + 2, kSharedCount = 510;
constexpr off_t kWriterByte = kPendingByte + 600;

struct flock region(short type, off_t begin, off_t length) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = begin;
  lock.l_len = length;
  return lock;
}

/// Whether descriptor `number` of a process holds our lock.
bool holds(const fs::path& process, const std::string& number) {
  std::ifstream facts(process / "fdinfo" / number);
  for (std::string line; std::getline(facts, line);)
    if (line.starts_with("lock:") && line.find("OFDLCK") != std::string::npos &&
        line.find("WRITE") != std::string::npos &&
        line.find(std::to_string(kWriterByte)) != std::string::npos)
      return true;
  return false;
}

/// "process 4711 (moescope-node)"; nullopt when the holder is of another user or host.
std::optional<std::string> holder_of(const struct stat& file) {
  std::error_code error;
  for (fs::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
    const std::string pid = at->path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    std::error_code closed;
    for (fs::directory_iterator fd(at->path() / "fd", closed); !closed && fd != end;
         fd.increment(closed)) {
      struct stat open {};
      if (stat(fd->path().c_str(), &open) != 0 || open.st_ino != file.st_ino ||
          open.st_dev != file.st_dev || !holds(at->path(), fd->path().filename().string()))
        continue;
      std::string name;
      std::getline(std::ifstream(at->path() / "comm"), name);
      return fmt::format("process {} ({})", pid, name);
    }
  }
  return std::nullopt;
}

[[noreturn]] void fail_busy(const fs::path& path, const struct stat& file) {
  throw Error(path.string(), "",
              "is being written by " + holder_of(file).value_or("another process"),
              "Wait until it is done or stop it, or choose another name");
}

}  // namespace

FileLock::FileLock(const fs::path& path) {
  // Without O_NONBLOCK a FIFO would wait here for its other end.
  constexpr int kFlags = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  file_ = ::open(path.c_str(), O_RDWR | kFlags);
  if (file_ < 0 && errno != ENOENT) file_ = ::open(path.c_str(), O_RDONLY | kFlags);
  if (file_ < 0 && errno != ENOENT) file_ = ::open(path.c_str(), O_PATH | O_CLOEXEC);
  struct stat status {};
  if (file_ < 0 || fstat(file_, &status) != 0) return;
  auto lock = region(F_WRLCK, kWriterByte, 1);
  if (fcntl(file_, F_OFD_SETLK, &lock) == 0) return;
  const bool busy = errno == EAGAIN || errno == EACCES;
  // A read-only file cannot be locked, but its lock can be queried.
  lock = region(F_WRLCK, kWriterByte, 1);
  const bool held = busy || (fcntl(file_, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK);
  if (!held) return;
  ::close(std::exchange(file_, -1));
  fail_busy(path, status);
}

FileLock::~FileLock() {
  if (file_ >= 0) ::close(file_);
}

FileLock::FileLock(FileLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

bool FileLock::still_at(const fs::path& path) const {
  struct stat named {
  }, held{};
  if (stat(path.c_str(), &named) != 0) return !exists();
  return exists() && fstat(file_, &held) == 0 && named.st_ino == held.st_ino &&
         named.st_dev == held.st_dev;
}

void FileLock::guard_log() {
  auto lock = region(F_RDLCK, kSharedBytes, kSharedCount);
  fcntl(file_, F_OFD_SETLK, &lock);
}

void FileLock::stop_guarding_log() {
  auto lock = region(F_UNLCK, kSharedBytes, kSharedCount);
  fcntl(file_, F_OFD_SETLK, &lock);
}

}  // namespace moescope
