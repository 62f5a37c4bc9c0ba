// Ranks in several processes under mpirun: the same results as in one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/support/run_program.h"

namespace moescope {
namespace {

using nlohmann::json;
using test::run_moescope;
using test::run_program;
using ::testing::HasSubstr;

/// `mpirun -n COUNT PROGRAM ARGUMENTS...` as it works in a container, by root, on few cores.
std::vector<std::string> under_mpirun(int count, std::vector<std::string> command) {
  std::vector<std::string> all = {"mpirun", "--allow-run-as-root", "--oversubscribe", "-n",
                                  std::to_string(count)};
  all.insert(all.end(), command.begin(), command.end());
  return all;
}

std::string node_program() {
  return (std::filesystem::path(MOESCOPE_PROGRAM).parent_path() / "moescope-node").string();
}

class Mpi : public ::testing::Test {
 protected:
  void SetUp() override {
#ifdef MOESCOPE_SANITIZED
    GTEST_SKIP() << "MPI under a sanitizer reports leaks of its own";
#endif
    const auto folder = std::filesystem::path(MOESCOPE_PROGRAM).parent_path();
    if (run_program({"mpirun", "--version"}).exit_code != 0 ||
        !std::filesystem::exists(folder / "moescope_mpi.so"))
      GTEST_SKIP() << "no mpirun, or built without MPI (openmpi-bin, libopenmpi-dev)";
  }
};

TEST_F(Mpi, LogitsLoadsAndTrafficAreTheSameForOneTwoAndFourProcesses) {
  const auto alone = run_program({MOESCOPE_PROCESSES_PROBE});
  ASSERT_EQ(alone.exit_code, 0) << alone.err;
  const json expected = json::parse(alone.out);
  ASSERT_EQ(expected.size(), 8U);
  for (const int count : {1, 2, 4}) {
    const auto spread = run_program(under_mpirun(count, {MOESCOPE_PROCESSES_PROBE}));
    ASSERT_EQ(spread.exit_code, 0) << spread.err;
    EXPECT_EQ(json::parse(spread.out), expected) << count << " processes";
  }
}

/// Tokens by request of a file that --tokens wrote.
std::map<int, json> served(const std::filesystem::path& file) {
  std::map<int, json> result;
  std::istringstream lines(test::read_file(file));
  for (std::string line; std::getline(lines, line);) {
    const json request = json::parse(line);
    result[request["request"]] = request;
  }
  return result;
}

TEST_F(Mpi, ServedTokensAreTheSameAndTheRecordingIsOneTrace) {
  const test::TempFolder folder;
  const auto command = [&](const std::string& name) {
    return std::vector<std::string>{node_program(),
                                    "--ranks",
                                    "8",
                                    "--nodes",
                                    "2",
                                    "--tp",
                                    "2",
                                    "--ordered",
                                    "--workload",
                                    "rate=400,prompt=2:9,output=2:6",
                                    "--steps",
                                    "40",
                                    "--json",
                                    "--tokens",
                                    (folder / (name + ".jsonl")).string(),
                                    "-o",
                                    (folder / (name + ".moetrace")).string()};
  };
  const auto alone = run_program(command("alone"));
  ASSERT_EQ(alone.exit_code, 0) << alone.err;
  const auto expected = served(folder / "alone.jsonl");
  ASSERT_FALSE(expected.empty());
  for (const int count : {2, 4}) {
    const std::string name = "spread" + std::to_string(count);
    const auto spread = run_program(under_mpirun(count, command(name)));
    ASSERT_EQ(spread.exit_code, 0) << spread.err;
    EXPECT_EQ(json::parse(spread.out)["dropped"], 0);
    const auto found = served(folder / (name + ".jsonl"));
    std::size_t compared = 0;
    for (const auto& [id, request] : found)
      if (expected.contains(id)) {
        EXPECT_EQ(request, expected.at(id));
        ++compared;
      }
    EXPECT_GT(compared, 3U);
    const auto analyzed =
        run_moescope({"analyze", (folder / (name + ".moetrace")).string(), "--json"});
    ASSERT_EQ(analyzed.exit_code, 0) << analyzed.err;
    const json devices = json::parse(analyzed.out)["devices"];
    ASSERT_EQ(devices.size(), 8U);
    for (const auto& device : devices) {
      EXPECT_GT(device["comm_ns"], 0);
      EXPECT_GT(device["compute_ns"], 0);
    }
  }
}

TEST_F(Mpi, APlanChangesWhileSeveralProcessesServe) {
  const test::TempFolder folder;
  std::vector<int> reversed;
  for (int expert = 63; expert >= 0; --expert) reversed.push_back(expert);
  json plan = {{"schema", 1}, {"num_gpus", 4}, {"num_nodes", 2}};
  for (int layer = 2; layer < 10; ++layer) {
    plan["physical_to_logical_map"].push_back(reversed);
    plan["layer_ids"].push_back(layer);
  }
  std::ofstream(folder / "plan.json") << plan;
  const auto run = run_program(
      under_mpirun(2, {node_program(), "--ranks", "8", "--nodes", "2", "--ordered", "--workload",
                       "rate=20", "--next-plan", (folder / "plan.json").string(), "--next-plan-at",
                       "0.5", "--bytes-per-step", "100000000", "--seconds", "15", "--json"}));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const json changes = json::parse(run.out)["plan_changes"];
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0]["result"], "released") << changes[0]["reason"];
  EXPECT_EQ(changes[0]["slots_probed"], changes[0]["slots"]);
  EXPECT_GT(changes[0]["moves"], 0);
}

/// The process that hosts part `index` of an MPI run that `mpirun` started.
pid_t process_of(pid_t mpirun, int index) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string stat = test::read_file(entry.path() / "stat");
    const auto end = stat.rfind(')');
    if (end == std::string::npos || std::atoi(stat.c_str() + end + 4) != mpirun) continue;
    const std::string environment = test::read_file(entry.path() / "environ");
    const std::string wanted = "OMPI_COMM_WORLD_RANK=" + std::to_string(index);
    if (environment.find(wanted + '\0') != std::string::npos) return std::atoi(name.c_str());
  }
  return -1;
}

/// Devices of a recording on which something was computed; 0 while it cannot be read.
std::size_t recorded_devices(const std::filesystem::path& file) {
  const auto analyzed = run_moescope({"analyze", file.string(), "--json"});
  if (analyzed.exit_code != 0) return 0;
  const json document = json::parse(analyzed.out);
  std::size_t count = 0;
  for (const auto& device : document["devices"])
    count += device["compute_ns"].get<std::int64_t>() > 0;
  return count;
}

class MpiLoss : public Mpi, public ::testing::WithParamInterface<int> {};

TEST_P(MpiLoss, AProcessThatDiesEndsTheRunLoudlyAndTheRecordingIsReadable) {
  const test::TempFolder folder;
  const auto file = folder / "run.moetrace";
  test::StartedProgram run(
      under_mpirun(2, {node_program(), "--ranks", "8", "--nodes", "1", "--seconds", "600",
                       "--workload", "rate=50", "-o", file.string()}));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (recorded_devices(file) < 8 && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const pid_t victim = process_of(run.pid(), GetParam());
  ASSERT_GT(victim, 0);
  ASSERT_EQ(kill(victim, SIGKILL), 0);
  const auto result = run.result();
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("signal 9"));
  EXPECT_EQ(recorded_devices(file), 8U);
}

INSTANTIATE_TEST_SUITE_P(Processes, MpiLoss, ::testing::Values(0, 1));

TEST_F(Mpi, ProblemsAreToldOnceByTheFirstProcess) {
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
