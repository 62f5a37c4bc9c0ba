// moescope record when things go wrong while it writes.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/files.h"
#include "core/trace/file/moetrace.h"
#include "tests/support/run_program.h"

namespace moescope {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// Starts `moescope record -o FILE` and does not wait for it; `prepare` runs in the child.
template <typename Prepare>
pid_t start_recording(const std::filesystem::path& file, const std::filesystem::path& err,
                      const char* seconds, Prepare prepare) {
  const pid_t child = fork();
  if (child != 0) return child;
  prepare();
  if (freopen("/dev/null", "w", stdout) == nullptr || freopen(err.c_str(), "w", stderr) == nullptr)
    _exit(126);
  execl(MOESCOPE_PROGRAM, MOESCOPE_PROGRAM, "record", "--ranks", "4", "--nodes", "1", "--seconds",
        seconds, "--workload", "rate=100,output=2:8", "-o", file.c_str(), nullptr);
  _exit(127);
}

/// Wall time of the end of the last span, ns since 1970.
std::int64_t last_recorded(const Trace& trace) {
  return trace.info().start_epoch_ns.value() + trace.range().end;
}

TEST(RecordFaults, AKillCostsAtMostTheLastSecond) {
  const test::TempFolder folder;
  for (const auto pause : {1300ms, 1750ms, 2400ms}) {
    const auto file = folder / "run.moetrace";
    const pid_t child = start_recording(file, folder / "err", "60", [] {});
    // The clock starts when the recording does: the model is made first.
    while (!std::filesystem::exists(file)) std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(pause);
    kill(child, SIGKILL);
    const auto killed = std::chrono::duration_cast<std::chrono::nanoseconds>(
                            std::chrono::system_clock::now().time_since_epoch())
                            .count();
    waitpid(child, nullptr, 0);
    const TracePtr trace = open_moetrace(file);
    EXPECT_GT(trace->span_count(), 0U);
    EXPECT_LT(killed - last_recorded(*trace), 1'000'000'000) << "after " << pause.count() << " ms";
    for (const auto suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + suffix);
  }
}

TEST(RecordFaults, AFullDiskEndsTheRunWithAMessageAndARecordingThatOpens) {
  const test::TempFolder folder;
  const auto file = folder / "run.moetrace";
  const auto begin = std::chrono::steady_clock::now();
  const pid_t child = start_recording(file, folder / "err", "600", [] {
    const rlimit limit{2 << 20, 2 << 20};  // bytes of a file: some commits also of a fast machine
    setrlimit(RLIMIT_FSIZE, &limit);
  });
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 300s) << "it served on without recording";
  ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 1);
  const std::string message = test::read_file(folder / "err");
  EXPECT_THAT(message, HasSubstr(file.string()));
  EXPECT_THAT(message, testing::AnyOf(HasSubstr("full"), HasSubstr("File too large"),
                                      HasSubstr("disk I/O error")));
  EXPECT_GT(open_moetrace(file)->span_count(), 0U);
}

/// A file system for one test that takes some commits, also of a fast machine, and then is full.
class SmallDisk {
 public:
  SmallDisk() {
    if (mount("tmpfs", folder_.path().c_str(), "tmpfs", MS_NODEV | MS_NOSUID, "size=8m") != 0)
      problem_ = std::strerror(errno);
  }
  ~SmallDisk() {
    if (problem_.empty()) umount(folder_.path().c_str());
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  /// Why there is none; empty when there is.
  const std::string& problem() const { return problem_; }
  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }

 private:
  test::TempFolder folder_;
  std::string problem_;
};

TEST(RecordFaults, AFullFileSystemIsReportedWithTheFileAndWhatIsRecordedOpens) {
  const SmallDisk disk;
  if (!disk.problem().empty())
    GTEST_SKIP() << "a small tmpfs cannot be mounted here: " << disk.problem();
  const test::TempFolder folder;
  const auto file = disk / "run.moetrace";
  const pid_t child = start_recording(file, folder / "err", "600", [] {});
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 1);
  const std::string message = test::read_file(folder / "err");
  EXPECT_THAT(message, HasSubstr(file.string()));
  EXPECT_THAT(message, HasSubstr("full"));
  EXPECT_GT(open_moetrace(file)->span_count(), 0U);
  EXPECT_EQ(test::run_moescope({"analyze", file.string()}).exit_code, 0);
}

TEST(RecordFaults, OtherWritersAreRefusedWhileARecordingRuns) {
  const test::TempFolder folder;
  const auto file = folder / "run.moetrace", other = folder / "other.moetrace";
  ASSERT_EQ(test::run_moescope(
                {"record", "--ranks", "4", "--nodes", "1", "--steps", "2", "-o", other.string()})
                .exit_code,
            0);
  const pid_t child = start_recording(file, folder / "err", "600", [] {});
  while (!std::filesystem::exists(file.string() + "-wal")) std::this_thread::sleep_for(1ms);
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"record", "--ranks", "4", "--nodes", "1", "--steps", "2", "-o"},
        {"import", other.string(), "-o"}}) {
    std::vector<std::string> arguments = command;
    arguments.push_back(file.string());
    const auto second = test::run_moescope(arguments);
    EXPECT_EQ(second.exit_code, 1) << command[0];
    EXPECT_THAT(second.err, HasSubstr("is being written by process " + std::to_string(child)));
  }
  kill(child, SIGINT);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_GT(open_moetrace(file)->span_count(), 0U);
  EXPECT_FALSE(std::filesystem::exists(file.string() + "-wal")) << "the recording is complete";
}

TEST(RecordFaults, ARunThatCannotWorkLeavesTheFileThatExists) {
  const test::TempFolder folder;
  const auto file = folder / "run.moetrace";
  write_text_file(file, "of somebody");
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--ranks", "6", "--nodes", "2"},
        {"--ranks", "3"},
        {"--model", "/no/such/model"},
        {"--plan", "/no/such/plan"}}) {
    std::vector<std::string> command = {"record", "--steps", "2", "-o", file.string()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    EXPECT_EQ(test::run_moescope(command).exit_code, 1) << arguments[1];
    EXPECT_EQ(test::read_file(file), "of somebody") << arguments[1];
    EXPECT_EQ(folder.file_count(), 1U) << arguments[1];
  }
}

TEST(RecordFaults, ARankThatFailsEndsTheRunLoudlyAndTheRecordingIsAnalysed) {
  const test::TempFolder folder;
  const std::string file = (folder / "run.moetrace").string();
  // Rank 2 is of the decode unit.
  const auto ended =
      test::run_program({MOESCOPE_FAULTY_NODE, "--ranks", "4", "--nodes", "1", "--seconds", "600",
                         "--workload", "rate=100,output=4:8", "--output", file, "2", "6"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.err, HasSubstr("rank 2, step 6"));
  EXPECT_THAT(ended.err, HasSubstr("fails on purpose"));
  EXPECT_FALSE(std::filesystem::exists(file + "-wal")) << "the recording is complete";
  const auto analyzed = test::run_moescope({"analyze", file, "--json"});
  ASSERT_EQ(analyzed.exit_code, 0) << analyzed.err;
  const auto analysis = nlohmann::json::parse(analyzed.out);
  ASSERT_EQ(analysis["devices"].size(), 4U);
  for (const auto& device : analysis["devices"]) EXPECT_GT(device["compute_ns"], 0) << device;
}

}  // namespace
}  // namespace moescope
