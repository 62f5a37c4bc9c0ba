// Folders of sockets: of windows that run, that were killed, and those that are none of ours.
#include "app/window/live/socket_folder.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QDir>
#include <QFileInfo>

namespace moescope {
namespace {

class SocketFolders : public testing::Test {
 protected:
  /// A folder of a program that was killed; its name.
  QString killed() {
    const pid_t child = ::fork();
    if (child == 0) {
      SocketFolder folder(parent.path());
      QFile(folder.socket()).open(QIODevice::WriteOnly);
      ::raise(SIGKILL);
    }
    ::waitpid(child, nullptr, 0);
    return parent.filePath(folders().value(0));
  }
  QStringList folders() const {
    return QDir(parent.path()).entryList(QDir::Dirs | QDir::NoDotAndDotDot);
  }
  void clean() const { SocketFolder::remove_abandoned(parent.path()); }

  QTemporaryDir parent;
};

TEST_F(SocketFolders, OfAKilledProgramIsRemovedAndOfOneThatRunsStays) {
  const QString left = killed();
  ASSERT_TRUE(QFileInfo::exists(left + "/node.sock"));
  {
    const SocketFolder ours(parent.path());
    ASSERT_TRUE(ours.valid());
    clean();
    EXPECT_FALSE(QFileInfo::exists(left));
    EXPECT_TRUE(QFileInfo(QFileInfo(ours.socket()).path()).isDir());
  }
  EXPECT_TRUE(folders().isEmpty()) << "ended in order";
}

TEST_F(SocketFolders, WhatIsNotOursIsNotTouched) {
  const QString left = killed();
  QDir(parent.path()).mkdir("another-folder");
  QFile note(left + "/note.txt");
  ASSERT_TRUE(note.open(QIODevice::WriteOnly));
  clean();
  EXPECT_TRUE(note.exists());
  EXPECT_TRUE(QFileInfo::exists(parent.filePath("another-folder")));
}

TEST_F(SocketFolders, AFolderOpenToOthersOrWithoutLockStays) {
  const QString left = killed();
  ::chmod(left.toUtf8().constData(), 0755);
  clean();
  EXPECT_TRUE(QFileInfo::exists(left + "/lock"));
  ::chmod(left.toUtf8().constData(), 0700);
  QFile::remove(left + "/lock");
  clean();
  EXPECT_TRUE(QFileInfo::exists(left + "/node.sock")) << "another window may just be making it";
}

TEST_F(SocketFolders, ALinkIsNotFollowed) {
  const QString left = killed();
  QTemporaryDir elsewhere;
  const QString moved = elsewhere.filePath("moved");
  ASSERT_TRUE(QDir().rename(left, moved));
  ASSERT_TRUE(QFile::link(moved, left));
  clean();
  EXPECT_TRUE(QFileInfo::exists(moved + "/node.sock"));
}

TEST_F(SocketFolders, WhereNoneCanBeMadeIsSaid) {
  EXPECT_FALSE(SocketFolder(parent.filePath("missing")).valid());
}

}  // namespace
}  // namespace moescope
