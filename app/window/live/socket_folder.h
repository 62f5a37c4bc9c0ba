// The private folder of the embedded runtime's socket, and what killed windows left of theirs.
#pragma once

#include <QString>
#include <QTemporaryDir>
#include <memory>

namespace moescope {

/// A folder that only this user can enter, removed with the object. A lock on a file in it is held
/// as long: the system lets go of it however the program ends, so that a folder without one is
/// known to be left over.
class SocketFolder {
 public:
  explicit SocketFolder(const QString& parent);
  ~SocketFolder();

  /// False when no such folder could be made.
  bool valid() const { return lock_ >= 0; }
  QString socket() const;

  /// Removes the folders in `parent` whose program is gone. Touches only folders of this name and
  /// user that nobody else can enter, in them only what is ours, and follows no links.
  static void remove_abandoned(const QString& parent);

 private:
  bool lock();

  std::unique_ptr<QTemporaryDir> folder_;
  int lock_ = -1;  ///< file that is locked
};

}  // namespace moescope
