// Processes on two hosts, which only a network joins: what holds on one host holds there too, and a
// network that fails ends the run.
#include "tests/integration/hosts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <optional>
#include <thread>

#include "tests/integration/mpi_run.h"

namespace moescope {
namespace {

using nlohmann::json;
using test::forty_steps;
using test::node_program;
using test::run_program;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class MpiHosts : public test::MpiTest {
 protected:
  void SetUp() override {
    MpiTest::SetUp();
    if (IsSkipped()) return;
    if (const auto problem = test::Hosts::problem(); !problem.empty()) GTEST_SKIP() << problem;
    hosts_.emplace();
  }
  /// Serves until something fails.
  std::vector<std::string> serving(const std::filesystem::path& file) const {
    return hosts_->mpirun(1, {node_program(), "--ranks", "8", "--nodes", "1", "--seconds", "600",
                              "--workload", "rate=50", "-o", file.string()});
  }
  /// What is left on the hosts once everything had time to end.
  std::vector<pid_t> left() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(40);
    while (!hosts_->running().empty() && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    return hosts_->running();
  }
  /// A run whose network is cut fails and `says` why; its recording opens, and nothing is left.
  void expect_end_when(void (test::Hosts::*cut)(), const ::testing::Matcher<std::string>& says) {
    const test::TempFolder folder;
    test::StartedProgram run(serving(folder / "run.moetrace"));
    test::await_recorded_devices(folder / "run.moetrace");
    ((*hosts_).*cut)();
    const auto result = run.result();
    EXPECT_NE(result.exit_code, 0);
    EXPECT_THAT(result.err, says);
    EXPECT_EQ(test::recorded_devices(folder / "run.moetrace"), 8U);
    EXPECT_THAT(left(), IsEmpty());
  }
  std::optional<test::Hosts> hosts_;
};

TEST_F(MpiHosts, LogitsLoadsAndTrafficAreTheSameAsInOneProcess) {
  const auto alone = run_program({MOESCOPE_PROCESSES_PROBE});
  ASSERT_EQ(alone.exit_code, 0) << alone.err;
  for (const int processes : {1, 2}) {
    const auto spread = run_program(hosts_->mpirun(processes, {MOESCOPE_PROCESSES_PROBE}));
    ASSERT_EQ(spread.exit_code, 0) << spread.err;
    EXPECT_EQ(json::parse(spread.out), json::parse(alone.out)) << processes << " a host";
  }
}

TEST_F(MpiHosts, ServedTokensAreTheSameAndTheRecordingHasOneClock) {
  const test::TempFolder folder;
  const auto alone = run_program(forty_steps(folder.path(), "alone"));
  ASSERT_EQ(alone.exit_code, 0) << alone.err;
  const auto spread = run_program(hosts_->mpirun(1, forty_steps(folder.path(), "spread")));
  ASSERT_EQ(spread.exit_code, 0) << spread.err;
  EXPECT_EQ(json::parse(spread.out)["dropped"], 0);
  test::expect_same_run(folder.path(), "alone", "spread");

  const auto info = json::parse(
      test::run_moescope({"info", (folder / "spread.moetrace").string(), "--json"}).out);
  const std::int64_t whole = info["time_range"]["end_ns"].get<std::int64_t>() -
                             info["time_range"]["begin_ns"].get<std::int64_t>();
  EXPECT_LT(static_cast<double>(whole) / 1e9, test::Hosts::kAheadSeconds / 2);
  const std::string facts = info.dump();
  EXPECT_THAT(facts, HasSubstr("2 on 2 hosts under MPI, by messages"));
  EXPECT_THAT(facts, AnyOf(HasSubstr("that of process 1 is 5000000"),
                           HasSubstr("that of process 1 is 4999999")));
}

TEST_F(MpiHosts, APlanChangesWhileTwoHostsServe) {
  const test::TempFolder folder;
  const auto run = run_program(hosts_->mpirun(1, test::changing_plan(folder.path())));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  test::expect_plan_released(run.out);
}

TEST_F(MpiHosts, AProcessThatDiesEndsTheRunLoudlyAndTheRecordingIsReadable) {
  const test::TempFolder folder;
  for (const int index : {0, 1}) {
    const auto file = folder / ("run" + std::to_string(index) + ".moetrace");
    test::StartedProgram run(serving(file));
    test::await_recorded_devices(file);
    ASSERT_GT(hosts_->process(index), 0);
    ASSERT_EQ(kill(hosts_->process(index), SIGKILL), 0);
    const auto result = run.result();
    EXPECT_NE(result.exit_code, 0);
    EXPECT_THAT(result.err, HasSubstr("signal 9"));
    EXPECT_EQ(test::recorded_devices(file), 8U);
    EXPECT_THAT(left(), IsEmpty());
  }
}

TEST_F(MpiHosts, ACutDataNetworkEndsTheRunAndSaysWhoIsOutOfReach) {
  expect_end_when(&test::Hosts::cut_data,
                  HasSubstr("process 1 cannot be reached, with it ranks 2, 3, 6, 7"));
}

TEST_F(MpiHosts, ACutHostEndsTheRunOnBothSides) {
  expect_end_when(&test::Hosts::cut_all,
                  AnyOf(HasSubstr("lost communication"), HasSubstr("process 1 cannot be reached")));
}

}  // namespace
}  // namespace moescope
