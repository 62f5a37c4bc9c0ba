#include "tests/integration/mpi_run.h"

#include <chrono>
#include <cstdlib>
#include <thread>

#include "tests/support/run_program.h"

namespace moescope::test {

using nlohmann::json;

std::string node_program() {
  return (std::filesystem::path(MOESCOPE_PROGRAM).parent_path() / "moescope-node").string();
}

void MpiTest::SetUp() {
#ifdef MOESCOPE_SANITIZED
  // Open MPI leaks from parts that it has unloaded by the end, which no suppression can name.
  setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
#endif
  const auto folder = std::filesystem::path(MOESCOPE_PROGRAM).parent_path();
  if (run_program({"mpirun", "--version"}).exit_code != 0 ||
      !std::filesystem::exists(folder / "moescope_mpi.so"))
    GTEST_SKIP() << "no mpirun, or built without MPI (openmpi-bin, libopenmpi-dev)";
}

std::map<int, json> served(const std::filesystem::path& file) {
  std::map<int, json> result;
  std::istringstream lines(read_file(file));
  for (std::string line; std::getline(lines, line);) {
    const json request = json::parse(line);
    result[request["request"]] = request;
  }
  return result;
}

std::vector<std::string> forty_steps(const std::filesystem::path& folder, const std::string& name) {
  return {node_program(),
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
}

void expect_same_run(const std::filesystem::path& folder, const std::string& alone,
                     const std::string& spread) {
  const auto expected = served(folder / (alone + ".jsonl"));
  std::size_t compared = 0;
  for (const auto& [id, request] : served(folder / (spread + ".jsonl")))
    if (expected.contains(id)) {
      EXPECT_EQ(request, expected.at(id));
      ++compared;
    }
  EXPECT_GT(compared, 3U);
  const auto analyzed =
      run_moescope({"analyze", (folder / (spread + ".moetrace")).string(), "--json"});
  ASSERT_EQ(analyzed.exit_code, 0) << analyzed.err;
  const json devices = json::parse(analyzed.out)["devices"];
  ASSERT_EQ(devices.size(), 8U);
  for (const auto& device : devices) {
    EXPECT_GT(device["comm_ns"], 0);
    EXPECT_GT(device["compute_ns"], 0);
  }
}

std::vector<std::string> changing_plan(const std::filesystem::path& folder) {
  std::vector<int> reversed;
  for (int expert = 63; expert >= 0; --expert) reversed.push_back(expert);
  json plan = {{"schema", 1}, {"num_gpus", 4}, {"num_nodes", 2}};
  for (int layer = 2; layer < 10; ++layer) {
    plan["physical_to_logical_map"].push_back(reversed);
    plan["layer_ids"].push_back(layer);
  }
  std::ofstream(folder / "plan.json") << plan;
  return {node_program(),
          "--ranks",
          "8",
          "--nodes",
          "2",
          "--ordered",
          "--workload",
          "rate=20",
          "--next-plan",
          (folder / "plan.json").string(),
          "--next-plan-at",
          "0.5",
          "--bytes-per-step",
          "100000000",
          "--seconds",
          "15",
          "--json"};
}

void expect_plan_released(const std::string& printed) {
  const json changes = json::parse(printed)["plan_changes"];
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0]["result"], "released") << changes[0]["reason"];
  EXPECT_EQ(changes[0]["slots_probed"], changes[0]["slots"]);
  EXPECT_GT(changes[0]["moves"], 0);
}

std::size_t recorded_devices(const std::filesystem::path& file) {
  const auto analyzed = run_moescope({"analyze", file.string(), "--json"});
  if (analyzed.exit_code != 0) return 0;
  const json document = json::parse(analyzed.out);
  std::size_t count = 0;
  for (const auto& device : document["devices"])
    count += device["compute_ns"].get<std::int64_t>() > 0;
  return count;
}

void await_recorded_devices(const std::filesystem::path& file) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (recorded_devices(file) < 8 && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
}

pid_t process_of(int index, const std::function<bool(const std::filesystem::path&)>& ours) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos || !ours(entry.path())) continue;
    const std::string environment = read_file(entry.path() / "environ");
    const std::string wanted = "OMPI_COMM_WORLD_RANK=" + std::to_string(index);
    if (environment.find(wanted + '\0') != std::string::npos) return std::atoi(name.c_str());
  }
  return -1;
}

}  // namespace moescope::test
