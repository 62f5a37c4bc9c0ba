#include "app/window/live/socket_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <QDir>

namespace moescope {
namespace {

constexpr const char* kPrefix = "moescope-runtime-";
constexpr const char* kLock = "lock";
constexpr const char* kSocket = "node.sock";
constexpr int kTries = 3;

/// Closes with its scope.
class File {
 public:
  explicit File(int file) : file_(file) {}
  ~File() {
    if (file_ >= 0) ::close(file_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  bool open() const { return file_ >= 0; }
  int get() const { return file_; }

 private:
  int file_;
};

bool only_ours(int folder) {
  struct stat status {};
  return ::fstat(folder, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == ::geteuid() &&
         (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

void remove_if_abandoned(const QByteArray& path) {
  const File folder(::open(path.constData(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder.open() || !only_ours(folder.get())) return;
  // Without the file: another window makes this folder just now.
  const File lock(::openat(folder.get(), kLock, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!lock.open() || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return;
  ::unlinkat(folder.get(), kSocket, 0);
  ::unlinkat(folder.get(), kLock, 0);
  ::rmdir(path.constData());  // stays when something else lies in it
}

}  // namespace

SocketFolder::SocketFolder(const QString& parent) {
  for (int i = 0; i < kTries && lock_ < 0; ++i) {
    folder_ = std::make_unique<QTemporaryDir>(parent + '/' + kPrefix + "XXXXXX");
    if (!folder_->isValid() || lock()) return;
  }
}

SocketFolder::~SocketFolder() {
  folder_.reset();
  if (lock_ >= 0) ::close(lock_);
}

QString SocketFolder::socket() const {
  return folder_->filePath(kSocket);
}

/// False when another window took the folder for abandoned before the lock was held.
bool SocketFolder::lock() {
  const QByteArray path = QFile::encodeName(folder_->filePath(kLock));
  lock_ = ::open(path.constData(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (lock_ < 0) return false;
  struct stat status {};
  const bool held =
      ::flock(lock_, LOCK_EX | LOCK_NB) == 0 && ::fstat(lock_, &status) == 0 && status.st_nlink > 0;
  if (!held) {
    ::close(lock_);
    lock_ = -1;
  }
  return held;
}

void SocketFolder::remove_abandoned(const QString& parent) {
  const QStringList names =
      QDir(parent).entryList({QString(kPrefix) + '*'}, QDir::Dirs | QDir::NoSymLinks);
  for (const QString& name : names) remove_if_abandoned(QFile::encodeName(parent + '/' + name));
}

}  // namespace moescope
