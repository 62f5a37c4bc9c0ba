// moescope record when things go wrong while it writes.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "core/trace/moetrace.h"
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
    const rlimit limit{512 << 10, 512 << 10};  // bytes of a file
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

}  // namespace
}  // namespace moescope
