// The private folder of the embedded runtime's socket, and what killed windows left of theirs.
#pragma once

#include <QString>
#include <QTemporaryDir>
#include <memory>

namespace moescope {

/// A folder that only this user can enter, removed with the object. A file in it stays locked for
/// as long: the system releases the lock however the program ends, so a folder without a lock is
/// stale.
class SocketFolder {
 public:
  explicit SocketFolder(const QString& parent);
  ~SocketFolder();

  /// False when no such folder could be made.
  bool valid() const { return lock_ >= 0; }
  QString socket() const;

  /// Removes the folders in `parent` whose program is gone. Only touches private folders of this
  /// user with the expected name and content, and follows no links.
  static void remove_abandoned(const QString& parent);

 private:
  bool lock();

  std::unique_ptr<QTemporaryDir> folder_;
  int lock_ = -1;  ///< file that is locked
};

}  // namespace moescope
