// Ranks in several processes under mpirun: the same results as in one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/integration/mpi_run.h"
#include "tests/support/run_program.h"

namespace moescope {
namespace {

using nlohmann::json;
using test::forty_steps;
using test::node_program;
using test::run_program;
using ::testing::HasSubstr;

/// `mpirun -n COUNT PROGRAM ARGUMENTS...` as it works in a container, by root, on few cores.
std::vector<std::string> under_mpirun(int count, std::vector<std::string> command) {
  std::vector<std::string> all = {"mpirun", "--allow-run-as-root", "--oversubscribe", "-n",
                                  std::to_string(count)};
  all.insert(all.end(), command.begin(), command.end());
  return all;
}

/// The same, by messages as between hosts.
std::vector<std::string> by_messages(int count, std::vector<std::string> command) {
  command.insert(command.begin(), {"env", "MOESCOPE_MPI_MESSAGES=1"});
  return under_mpirun(count, std::move(command));
}

using Mpi = test::MpiTest;

TEST_F(Mpi, LogitsLoadsAndTrafficAreTheSameForOneTwoAndFourProcesses) {
  const auto alone = run_program({MOESCOPE_PROCESSES_PROBE});
  ASSERT_EQ(alone.exit_code, 0) << alone.err;
  const json expected = json::parse(alone.out);
  ASSERT_EQ(expected.size(), 8U);
  for (const auto& under : {under_mpirun, by_messages})
    for (const int count : {1, 2, 4}) {
      const auto spread = run_program(under(count, {MOESCOPE_PROCESSES_PROBE}));
      ASSERT_EQ(spread.exit_code, 0) << spread.err;
      EXPECT_EQ(json::parse(spread.out), expected) << count << " processes";
    }
}

TEST_F(Mpi, ServedTokensAreTheSameAndTheRecordingIsOneTrace) {
  const test::TempFolder folder;
  const auto alone = run_program(forty_steps(folder.path(), "alone"));
  ASSERT_EQ(alone.exit_code, 0) << alone.err;
  int run = 0;
  for (const auto& under : {under_mpirun, by_messages})
    for (const int count : {2, 4}) {
      const std::string name = "spread" + std::to_string(++run);
      const auto spread = run_program(under(count, forty_steps(folder.path(), name)));
      ASSERT_EQ(spread.exit_code, 0) << spread.err;
      EXPECT_EQ(json::parse(spread.out)["dropped"], 0);
      test::expect_same_run(folder.path(), "alone", name);
    }
}

TEST_F(Mpi, APlanChangesWhileSeveralProcessesServe) {
  const test::TempFolder folder;
  const auto run = run_program(under_mpirun(2, test::changing_plan(folder.path())));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  test::expect_plan_released(run.out);
}

class MpiLoss : public Mpi, public ::testing::WithParamInterface<int> {};

TEST_P(MpiLoss, AProcessThatDiesEndsTheRunLoudlyAndTheRecordingIsReadable) {
  const test::TempFolder folder;
  const auto file = folder / "run.moetrace";
  test::StartedProgram run(
      under_mpirun(2, {node_program(), "--ranks", "8", "--nodes", "1", "--seconds", "600",
                       "--workload", "rate=50", "-o", file.string()}));
  test::await_recorded_devices(file);
  const pid_t victim = test::process_of(GetParam(), [&](const std::filesystem::path& process) {
    const std::string stat = test::read_file(process / "stat");
    const auto end = stat.rfind(')');
    return end != std::string::npos && std::atoi(stat.c_str() + end + 4) == run.pid();
  });
  ASSERT_GT(victim, 0);
  ASSERT_EQ(kill(victim, SIGKILL), 0);
  const auto result = run.result();
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("signal 9"));
  EXPECT_EQ(test::recorded_devices(file), 8U);
}

INSTANTIATE_TEST_SUITE_P(Processes, MpiLoss, ::testing::Values(0, 1));

TEST_F(Mpi, ProblemsAreReportedOnceByTheFirstProcess) {
  const auto many = run_program(under_mpirun(4, {node_program(), "--ranks", "4", "--nodes", "1"}));
  EXPECT_NE(many.exit_code, 0);
  const auto first = many.err.find("every process hosts at least one");
  ASSERT_NE(first, std::string::npos) << many.err;
  EXPECT_EQ(many.err.find("every process hosts", first + 1), std::string::npos);
}

TEST(MpiAbsent, SeveralProcessesWithoutTheLibraryAreRefused) {
  const test::TempFolder folder;  // a copy without the library beside it
  const auto program = folder / "moescope-node";
  std::filesystem::copy_file(node_program(), program);
  const auto result =
      run_program({"env", "OMPI_COMM_WORLD_SIZE=3", program.string(), "--steps", "1"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("one of 3 processes"));
  EXPECT_THAT(result.err, HasSubstr("libopenmpi-dev"));
}

}  // namespace
}  // namespace moescope
