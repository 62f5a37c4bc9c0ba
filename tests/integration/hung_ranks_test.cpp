// A rank that hangs is named by `status` and in the recording, and no longer when it goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/integration/mpi_run.h"
#include "tests/support/run_program.h"

namespace moescope {
namespace {

using nlohmann::json;
using test::run_moescope;
using ::testing::HasSubstr;

/// A node, alone or under mpirun, that listens and records.
class Watched {
 public:
  explicit Watched(std::vector<std::string> command) : program_(with_files(std::move(command))) {}
  ~Watched() { end(); }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  pid_t pid() const { return program_.pid(); }
  std::string recording() const { return (folder_ / "run.moetrace").string(); }
  json status() const {
    const auto result = run_moescope({"status", target(), "--json"});
    return result.exit_code == 0 ? json::parse(result.out) : json::object();
  }
  std::string status_text() const { return run_moescope({"status", target()}).out; }
  /// Waits, two minutes at most, until the status is as wanted.
  json await(const std::function<bool(const json&)>& wanted) const {
    const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    for (;;) {
      json now = status();
      if (!now.empty() && wanted(now)) return now;
      if (std::chrono::steady_clock::now() > until) {
        ADD_FAILURE() << "in vain: " << now.dump();
        return json{{"hung_ranks", json::array()}};
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
  }
  void end() {
    if (ended_) return;
    ended_ = true;
    ::kill(program_.pid(), SIGTERM);
    program_.result();
  }

 private:
  std::string target() const { return "unix:" + (folder_ / "private").string() + "/node"; }
  std::vector<std::string> with_files(std::vector<std::string> command) const {
    const std::vector<std::string> more = {"--ranks", "8",        "--nodes", "2",  "--workload",
                                           "rate=50", "--listen", target(),  "-o", recording()};
    const auto node = std::find_if(command.begin(), command.end(), [](const std::string& word) {
      return word.size() > 5 && word.find("node", word.size() - 4) != std::string::npos;
    });
    command.insert(node + 1, more.begin(), more.end());
    return command;
  }

  test::TempFolder folder_;
  test::StartedProgram program_;
  bool ended_ = false;
};

bool serves(const json& status) {
  return status["requests"]["finished"] > 0;
}
bool hangs(const json& status) {
  return !status["hung_ranks"].empty();
}

/// Rows of "ranks that hang" in a recording: the arguments of each.
std::vector<json> recorded_hangs(const std::string& file) {
  const auto result = run_moescope(
      {"sql", file, "SELECT args FROM spans WHERE name IN ('rank hangs', 'ranks hang')", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  std::vector<json> hangs;
  const json document = json::parse(result.out, nullptr, false);
  for (const json& row : document["rows"])
    hangs.push_back(
        json::parse(row.is_array() ? row[0].get<std::string>() : row["args"].get<std::string>()));
  return hangs;
}

using Mpi = test::MpiTest;

TEST_F(Mpi, AProcessThatIsStoppedIsNamedUntilItGoesOn) {
  Watched node(
      {"mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "2", test::node_program()});
  node.await(serves);
  const pid_t victim = test::process_of(1, [&](const std::filesystem::path& process) {
    const std::string stat = test::read_file(process / "stat");
    const auto end = stat.rfind(')');
    return end != std::string::npos && std::atoi(stat.c_str() + end + 4) == node.pid();
  });
  ASSERT_GT(victim, 0);
  ASSERT_EQ(::kill(victim, SIGSTOP), 0);
  const json hung = node.await(hangs)["hung_ranks"];
  std::vector<int> ranks;
  for (const json& rank : hung) {
    ranks.push_back(rank["rank"]);
    EXPECT_EQ(rank["process_id"], victim);
    EXPECT_EQ(rank["reason"], "its process is stopped");
    EXPECT_GE(rank["seconds"], 1);
    EXPECT_FALSE(rank["host"].get<std::string>().empty());
  }
  EXPECT_EQ(ranks, (std::vector{2, 3, 6, 7}));
  EXPECT_THAT(node.status_text(), HasSubstr("HANGS      ranks 2, 3, 6, 7: its process is stopped"));
  ::kill(victim, SIGCONT);
  const json after = node.await([](const json& status) { return !hangs(status); });
  const auto finished = after["requests"]["finished"].get<int>();
  node.await([&](const json& status) { return status["requests"]["finished"] > finished; });
  node.end();
  const auto recorded = recorded_hangs(node.recording());
  ASSERT_FALSE(recorded.empty());
  EXPECT_EQ(recorded.front()["ranks"], json({2, 3, 6, 7}));
  EXPECT_EQ(recorded.front()["process_id"], victim);
}

TEST(HungRank, AVirtualRankIsNamedAndTheOthersThatWaitForItAreNot) {
  Watched node({"env", "MOESCOPE_HANG=15", MOESCOPE_FAULTY_NODE, "5", "3"});
  const json hung = node.await(hangs)["hung_ranks"];
  ASSERT_EQ(hung.size(), 1U);
  EXPECT_EQ(hung[0]["rank"], 5);
  EXPECT_EQ(hung[0]["process_id"], node.pid());
  EXPECT_EQ(hung[0]["reason"], "it is blocked inside a step");
  node.await([](const json& status) { return !hangs(status) && serves(status); });
  node.end();
  const auto recorded = recorded_hangs(node.recording());
  ASSERT_FALSE(recorded.empty());
  EXPECT_EQ(recorded.front()["ranks"], json({5}));
}

}  // namespace
}  // namespace moescope
