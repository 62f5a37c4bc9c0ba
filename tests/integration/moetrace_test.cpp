// import, sql, the SQLite extension and a recording that is killed.
#include "core/trace/file/moetrace.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "core/trace/file/moetrace_writer.h"
#include "tests/support/data.h"
#include "tests/support/moetrace_samples.h"
#include "tests/support/run_program.h"

namespace moescope {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

SpanBatch spans_from(TimeNs first, int count) {
  SpanBatch batch;
  for (TimeNs i = first; i < first + count; ++i)
    batch.columns.push_back(
        {i * 1000, 500, 0, static_cast<std::uint32_t>(i + 1), 0, SpanKind::Phase, 0});
  return batch;
}

struct Logged {
  Clock::time_point when;
  TimeNs count;
};

/// Appends 100 spans per millisecond for ever and writes their number to `log`.
[[noreturn]] void record(const std::filesystem::path& file, int log) {
  MoetraceWriter writer(file);
  const TrackId track = writer.add_track({});
  for (TimeNs count = 0;; count += 100) {
    writer.append(track, spans_from(count, 100));
    const Logged line{Clock::now(), count + 100};
    if (write(log, &line, sizeof line) != sizeof line) _exit(1);
    std::this_thread::sleep_for(1ms);
  }
}

TEST(MoetraceRecording, AKillCostsAtMostTheLastSecond) {
  test::TempFolder folder;
  for (const auto pause : {1400ms, 1870ms, 2330ms}) {
    const auto file = folder / "a.moetrace", log = folder / "log";
    const int fd = open(log.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    const pid_t child = fork();
    if (child == 0) record(file, fd);
    std::this_thread::sleep_for(pause);
    kill(child, SIGKILL);
    const auto killed = Clock::now();
    waitpid(child, nullptr, 0);
    close(fd);
    TimeNs expected = 0;
    std::ifstream lines(log, std::ios::binary);
    for (Logged line{}; lines.read(reinterpret_cast<char*>(&line), sizeof line);)
      if (line.when < killed - 1s) expected = line.count;
    const TracePtr trace = open_moetrace(file);
    ASSERT_EQ(trace->tracks().size(), 1U);
    ASSERT_GT(expected, 0);
    ASSERT_GE(static_cast<TimeNs>(trace->span_count()), expected);
    TimeNs next = 0;
    trace->visit_chunks(0, [&](const SpanChunk& chunk, std::uint32_t) {
      for (const TimeNs start : chunk.columns().start) EXPECT_EQ(start, next++ * 1000);
      return true;
    });
    EXPECT_EQ(next, static_cast<TimeNs>(trace->span_count()));
  }
}

class MoetraceCommands : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(json_) << R"({"traceEvents":[
{"ph":"X","cat":"kernel","name":"gemm, \"big\"","pid":0,"tid":7,"ts":100,"dur":10.5,"args":{"device":0,"stream":7}},
{"ph":"X","cat":"kernel","name":"ncclAllReduce","pid":0,"tid":7,"ts":120,"dur":5,"args":{"device":0,"stream":7}}]})";
  }
  test::ProgramResult sql(const std::string& query, const std::string& format) {
    return test::run_moescope({"sql", file_.string(), query, format});
  }

  test::TempFolder folder_;
  std::filesystem::path json_ = folder_ / "a.json", file_ = folder_ / "a.moetrace";
};

TEST_F(MoetraceCommands, ImportedSpansAnswerInSql) {
  const auto imported = test::run_moescope({"import", json_.string(), "-o", file_.string()});
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  EXPECT_EQ(imported.out, "");
  const std::string query = "SELECT name, start, dur, class, grid_x, '' AS e FROM spans";
  EXPECT_EQ(sql(query, "--csv").out,
            "name,start,dur,class,grid_x,e\r\n"
            "\"gemm, \"\"big\"\"\",0,10500,dense,,\"\"\r\n"
            "ncclAllReduce,20000,5000,communication,,\"\"\r\n");
  EXPECT_EQ(sql("SELECT NULL AS n, 1.5 AS x", "--json").out,
            "{\n  \"schema\": 1,\n  \"columns\": [\n    \"n\",\n    \"x\"\n  ],\n  \"rows\": [\n"
            "    [\n      null,\n      1.5\n    ]\n  ]\n}\n");
  EXPECT_EQ(test::run_moescope({"sql", json_.string(), query, "--csv"}).out,
            sql(query, "--csv").out);
}

TEST_F(MoetraceCommands, ImportTakesTheNotesBesideTheTraceAlong) {
  std::ofstream(json_.string() + ".moescope-notes")
      << R"({"schema":1,"notes":[{"time_ns":20000,"text":"slow","color":"blue"}]})";
  const auto imported = test::run_moescope({"import", json_.string(), "-o", file_.string()});
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  EXPECT_EQ(sql("SELECT time, text, color FROM notes", "--csv").out,
            "time,text,color\r\n20000,slow,blue\r\n");
  std::ofstream(json_.string() + ".moescope-notes") << "garbage";
  const auto refused = test::run_moescope({"import", json_.string(), "-o", file_.string()});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, testing::HasSubstr("notes file"));
}

TEST_F(MoetraceCommands, MistakesAreReportedAndNothingIsOverwritten) {
  const auto same = test::run_moescope({"import", json_.string(), "-o", json_.string()});
  EXPECT_EQ(same.exit_code, 1);
  EXPECT_THAT(same.err, testing::HasSubstr("is the file to read"));
  const auto wrong = test::run_moescope({"sql", json_.string(), "SELECT nothing FROM spans"});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.err, testing::HasSubstr("character 8"));
  const auto writes = test::run_moescope({"sql", json_.string(), "DELETE FROM spans"});
  EXPECT_EQ(writes.exit_code, 1);
  EXPECT_EQ(test::run_moescope({"sql", json_.string()}).exit_code, 2);
  EXPECT_THAT(test::run_moescope({"sql", "--schema"}).out,
              testing::HasSubstr("CREATE TABLE spans"));
}

TEST_F(MoetraceCommands, TheExtensionShowsSpansInTheShell) {
#ifdef MOESCOPE_SANITIZED
  GTEST_SKIP() << "a shell without the sanitizer cannot load a library that is built with it";
#endif
  if (std::system("command -v sqlite3 > /dev/null") != 0) GTEST_SKIP() << "no sqlite3 shell";
  ASSERT_EQ(test::run_moescope({"import", json_.string(), "-o", file_.string()}).exit_code, 0);
  const auto library = std::filesystem::path(MOESCOPE_PROGRAM).parent_path() / "moescope_sqlite.so";
  const auto out = folder_ / "out";
  const std::string command = "sqlite3 '" + file_.string() + "' '.load " + library.string() +
                              "' 'SELECT name, start FROM spans WHERE start > 10' > '" +
                              out.string() + "' 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(test::read_file(out), "ncclAllReduce|20000\n");
}

TEST_F(MoetraceCommands, AFullDiskKeepsTheOldFile) {
  std::ofstream(file_) << "old";
  const std::string command = "ulimit -f 8; trap '' XFSZ; '" + std::string(MOESCOPE_PROGRAM) +
                              "' import '" + json_.string() + "' -o '" + file_.string() + "' 2> '" +
                              (folder_ / "err").string() + "'";
  EXPECT_NE(std::system(command.c_str()), 0);
  EXPECT_EQ(test::read_file(file_), "old");
  EXPECT_THAT(test::read_file(folder_ / "err"), testing::HasSubstr("a.moetrace"));
  EXPECT_EQ(folder_.file_count(), 3U);
}

}  // namespace
}  // namespace moescope
