#include "core/files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "core/error.h"
#include "core/file_lock.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

namespace fs = std::filesystem;
using test::TempFolder;
using testing::HasSubstr;

std::string text_of(const fs::path& path) {
  return read_text_file(path, 1 << 20);
}

/// The message of the Error that `use` throws, "" when it throws none.
template <typename Use>
std::string error_of(Use use) {
  try {
    use();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(NewFile, TheTargetIsReplacedByAWholeFileOnly) {
  TempFolder folder;
  write_text_file(folder / "a", "old");
  {
    NewFile file(folder / "a");
    file.write("half");
    EXPECT_EQ(text_of(folder / "a"), "old");
  }
  EXPECT_EQ(text_of(folder / "a"), "old");
  NewFile file(folder / "a");
  file.write("new ");
  file.write("text");
  file.replace_target();
  EXPECT_EQ(text_of(folder / "a"), "new text");
  EXPECT_EQ(folder.file_count(), 1U);
}

TEST(NewFile, AnEmptyFileReplacesItsTargetToo) {
  TempFolder folder;
  write_text_file(folder / "a", "old");
  write_text_file(folder / "a", "");
  EXPECT_EQ(text_of(folder / "a"), "");
}

TEST(NewFile, LinksAndPermissionsStay) {
  TempFolder folder;
  write_text_file(folder / "a", "old");
  fs::permissions(folder / "a", fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("a", folder / "link");
  write_text_file(folder / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(text_of(folder / "a"), "new");
  EXPECT_EQ(fs::status(folder / "a").permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(NewFile, ALinkToNothingMakesWhatItNames) {
  TempFolder folder;
  fs::create_symlink("a", folder / "link");
  write_text_file(folder / "link", "new");
  EXPECT_EQ(text_of(folder / "a"), "new");
}

TEST(NewFile, FoldersAndPlacesThatAreNotThereAreErrors) {
  TempFolder folder;
  EXPECT_THAT(error_of([&] { write_text_file(folder.path(), "x"); }), HasSubstr("is a folder"));
  EXPECT_THAT(error_of([&] { write_text_file(folder / "no/a", "x"); }),
              HasSubstr("No such file or directory"));
  EXPECT_THAT(error_of([&] { write_text_file("", "x"); }), HasSubstr("is not a file name"));
}

TEST(NewFile, AFullDiskLeavesTheOldFileAndNothingElse) {
  TempFolder folder;
  write_text_file(folder / "a", "old");
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    setrlimit(RLIMIT_FSIZE, &limit);
    const std::string error =
        error_of([&] { write_text_file(folder / "a", std::string(5000, 'x')); });
    _exit(error.find("cannot be written") == std::string::npos ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(text_of(folder / "a"), "old");
  EXPECT_EQ(folder.file_count(), 1U);
}

TEST(NewFile, DevicesAreWrittenStraightAndTheirErrorsReported) {
  EXPECT_THAT(error_of([] { write_text_file("/dev/full", "x"); }),
              HasSubstr("/dev/full: cannot be written: No space left"));
  write_text_file("/dev/null", "x");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_THAT(error_of([] { static_cast<void>(NewFile("/dev/null").path()); }),
              HasSubstr("is not an ordinary file"));
}

TEST(NewFile, AFifoGetsTheBytesAndStays) {
  TempFolder folder;
  const auto fifo = folder / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  std::string read;
  std::thread reader([&] {
    std::ifstream file(fifo);
    std::getline(file, read);
  });
  write_text_file(fifo, "through");
  reader.join();
  EXPECT_EQ(read, "through");
  EXPECT_TRUE(fs::is_fifo(fifo));
}

TEST(NewFile, StandardOutputIsWrittenWhereItStands) {
  TempFolder folder;
  write_text_file(folder / "log", "before\n");
  const pid_t child = fork();
  if (child == 0) {
    const int log = open((folder / "log").c_str(), O_WRONLY | O_APPEND);
    dup2(log, STDOUT_FILENO);
    _exit(error_of([] { write_text_file("/dev/stdout", "after\n"); }).empty() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(text_of(folder / "log"), "before\nafter\n");
}

TEST(NewFile, WhatIsReadIsNotOverwritten) {
  TempFolder folder;
  write_text_file(folder / "in", "x");
  fs::create_symlink("in", folder / "link");
  fs::create_hard_link(folder / "in", folder / "hard");
  for (const char* name : {"in", "link", "hard"})
    EXPECT_THAT(error_of([&] { refuse_to_overwrite(folder / name, {folder / "in"}); }),
                HasSubstr("is the file to read"))
        << name;
  EXPECT_EQ(error_of([&] { refuse_to_overwrite(folder / "out", {folder / "in"}); }), "");
  EXPECT_EQ(error_of([&] { refuse_to_overwrite("/dev/null", {"/dev/null"}); }), "");
}

TEST(FileLock, ASecondHolderIsRefusedWithTheNameOfTheFirst) {
  TempFolder folder;
  write_text_file(folder / "a", "x");
  {
    const FileLock first(folder / "a");
    EXPECT_TRUE(first.exists());
    EXPECT_THAT(error_of([&] { FileLock{folder / "a"}; }),
                HasSubstr("is being written by process " + std::to_string(getpid())));
    EXPECT_THAT(error_of([&] { write_text_file(folder / "a", "y"); }), HasSubstr("being written"));
    EXPECT_EQ(text_of(folder / "a"), "x") << "who reads is never kept out";
  }
  write_text_file(folder / "a", "y");
}

TEST(FileLock, AKilledHolderHoldsNothing) {
  TempFolder folder;
  write_text_file(folder / "a", "x");
  const pid_t child = fork();
  if (child == 0) {
    const FileLock lock(folder / "a");
    kill(getpid(), SIGKILL);
  }
  waitpid(child, nullptr, 0);
  EXPECT_EQ(error_of([&] { FileLock{folder / "a"}; }), "");
}

TEST(FileLock, StaysWithTheFileAndNotWithItsName) {
  TempFolder folder;
  EXPECT_FALSE(FileLock(folder / "a").exists());
  write_text_file(folder / "a", "x");
  const FileLock lock(folder / "a");
  EXPECT_TRUE(lock.still_at(folder / "a"));
  fs::rename(folder / "a", folder / "b");
  EXPECT_FALSE(lock.still_at(folder / "a"));
  EXPECT_TRUE(lock.still_at(folder / "b"));
}

}  // namespace
}  // namespace moescope
