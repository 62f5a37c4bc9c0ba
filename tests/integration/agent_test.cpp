// moescope-agent with ranks of a fake engine that run the real plugin, and the commands of a user.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "tests/support/run_program.h"

namespace moescope {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// An agent and an engine, each in processes of their own.
class Agent : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(engine_folder());
    std::filesystem::permissions(engine_folder(), std::filesystem::perms::owner_all);
    start_agent();
  }
  void TearDown() override {
    stop_engine();
    kill_agent();
  }

  std::filesystem::path engine_folder() const { return folder_.path() / "engine"; }
  std::string engine_socket() const { return (engine_folder() / "agent").string(); }
  std::string target() const { return "unix:" + (folder_.path() / "clients" / "agent").string(); }

  void start_agent() {
    const auto program = std::filesystem::path(MOESCOPE_PROGRAM).parent_path() / "moescope-agent";
    agent_.emplace(std::vector<std::string>{program.string(), "--engine", "unix:" + engine_socket(),
                                            "--listen", target(), "--state",
                                            (folder_.path() / "state").string()});
    ASSERT_TRUE(wait([&] { return test::run_moescope({"status", target()}).exit_code == 0; }));
  }
  void kill_agent() {
    if (!agent_) return;
    ::kill(agent_->pid(), SIGKILL);
    agent_->result();
    agent_.reset();
  }
  void start_engine(std::vector<std::string> more = {}, const std::string& mode = "apply") {
    std::vector<std::string> command = {
        "env",
        "MOESCOPE_SOCKET=" + engine_socket(),
        "MOESCOPE_MODE=" + mode,
        "MOESCOPE_MARGIN_S=3",
        "MOESCOPE_PATIENCE_S=2.5",
        "PYTHONDONTWRITEBYTECODE=1",
        "python3",
        std::string(MOESCOPE_SOURCE_DIR) + "/tests/engines/fake_engine.py",
        "--folder",
        engine_folder().string(),
        "--interval",
        "100000"};
    if (more.empty() || more.front() != "--engine")
      command.insert(command.end(), {"--engine", "sglang"});
    command.insert(command.end(), more.begin(), more.end());
    engine_.emplace(std::move(command));
    ASSERT_TRUE(wait([&] { return status()["ranks"].size() >= (more.empty() ? 4U : 3U); }));
  }
  void stop_engine() {
    if (!engine_) return;
    std::ofstream(engine_folder() / "stop") << "";
    engine_->result();
    engine_.reset();
    std::filesystem::remove(engine_folder() / "stop");
  }

  json status() const {
    const auto result = test::run_moescope({"status", target(), "--json"});
    return json::parse(result.out, nullptr, false);
  }
  /// The running plan with every row turned by one.
  std::string another_plan() const {
    const auto path = (folder_.path() / "plan.json").string();
    test::run_moescope({"status", target(), "--save-plan", path});
    json plan = json::parse(test::read_file(path));
    for (json& row : plan["physical_to_logical_map"]) {
      row.push_back(row.front());
      row.erase(row.begin());
    }
    std::ofstream(path) << plan;
    return path;
  }
  test::ProgramResult apply(const std::string& plan, std::vector<std::string> more = {}) const {
    std::vector<std::string> command = {"apply", target(), "--plan", plan, "--json"};
    command.insert(command.end(), more.begin(), more.end());
    return test::run_moescope(command);
  }
  static bool wait(const std::function<bool()>& condition) {
    for (int i = 0; i < 300; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }
  /// Maps of rank `rank` at the end of the run.
  json last_map(int rank) const {
    const json seen =
        json::parse(test::read_file(engine_folder() / ("rank-" + std::to_string(rank) + ".json")));
    EXPECT_EQ(seen["wrong"], 0) << "a slot held the weights of another expert";
    return seen["changes"].back()[1];
  }

 private:
  test::TempFolder folder_;
  std::optional<test::StartedProgram> agent_, engine_;
};

TEST_F(Agent, APlanIsAppliedSeenAndRolledBack) {
  start_engine();
  const std::string plan = another_plan();
  const auto dry = apply(plan, {"--dry-run"});
  EXPECT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_EQ(status()["history"].size(), 0U);
  const auto applied = apply(plan);
  ASSERT_EQ(applied.exit_code, 0) << applied.err << applied.out;
  const json outcome = json::parse(applied.out);
  EXPECT_EQ(outcome["phase"], "released");
  EXPECT_EQ(outcome["epoch"], 1);
  EXPECT_GT(outcome["copies"], 0);
  json now = status();
  EXPECT_EQ(now["epoch"], 1);
  EXPECT_EQ(now["units"][0]["unit"], "mixed");
  EXPECT_THAT(now["notices"].dump(), HasSubstr("not instant"));
  const auto back = test::run_moescope({"rollback", target()});
  EXPECT_EQ(back.exit_code, 0) << back.err;
  EXPECT_EQ(status()["history"].size(), 2U);
  stop_engine();
  for (int rank = 1; rank < 4; ++rank) EXPECT_EQ(last_map(rank), last_map(0));
}

TEST_F(Agent, VllmTakesPlansTheSameWay) {
  start_engine({"--engine", "vllm", "--use-async"});
  const auto applied = apply(another_plan());
  ASSERT_EQ(applied.exit_code, 0) << applied.err << applied.out;
  EXPECT_EQ(json::parse(applied.out)["phase"], "released");
}

TEST_F(Agent, ARankThatSaysNoIsNamedInTheAnswerAndInStatus) {
  start_engine({"--veto", "2"});
  const auto applied = apply(another_plan());
  EXPECT_EQ(applied.exit_code, 1);
  EXPECT_THAT(applied.err, HasSubstr("rank 2: this rank was told to say no"));
  const json history = status()["history"];
  ASSERT_EQ(history.size(), 1U);
  EXPECT_EQ(history[0]["phase"], "rolled_back");
  EXPECT_THAT(history[0]["reason"].get<std::string>(), HasSubstr("rank 2"));
  EXPECT_EQ(status()["epoch"], 0);
}

TEST_F(Agent, ARankWithoutThePluginStopsThePlanAndIsMissed) {
  start_engine({"--without", "3"});
  EXPECT_THAT(status()["notices"].dump(), HasSubstr("3 of 4 ranks report"));
  const auto applied = apply(another_plan());
  EXPECT_EQ(applied.exit_code, 1);
  EXPECT_THAT(applied.err, HasSubstr("3 of 4 ranks"));
}

TEST_F(Agent, AnObservedEngineTakesNoPlan) {
  start_engine({}, "observe");
  const auto applied = apply(another_plan());
  EXPECT_EQ(applied.exit_code, 1);
  EXPECT_THAT(applied.err, HasSubstr("MOESCOPE_MODE=observe"));
}

TEST_F(Agent, AnAgentThatWasKilledGoesOnWithItsHistory) {
  start_engine();
  ASSERT_EQ(apply(another_plan()).exit_code, 0);
  kill_agent();
  start_agent();
  ASSERT_TRUE(wait([&] { return status()["ranks"].size() == 4; }));
  const json now = status();
  EXPECT_EQ(now["epoch"], 1);
  ASSERT_EQ(now["history"].size(), 1U);
  EXPECT_EQ(now["history"][0]["phase"], "released");
  EXPECT_EQ(test::run_moescope({"rollback", target()}).exit_code, 0);
}

TEST_F(Agent, LoadsAndPlansAreRecordedByAttach) {
  start_engine({"--engine", "sglang", "--interval", "50"});
  test::TempFolder folder;
  const auto file = (folder.path() / "run.moetrace").string();
  const auto attached = test::run_moescope({"attach", target(), "--seconds", "3", "-o", file});
  EXPECT_EQ(attached.exit_code, 0) << attached.err;
  const auto loads = test::run_moescope({"loads", file, "--json"});
  EXPECT_EQ(loads.exit_code, 0) << loads.err;
  EXPECT_EQ(json::parse(loads.out)["loads"][0]["layers"], 4) << "the dense layer has none";
}

TEST_F(Agent, WhoTalksNonsenseIsDisconnectedAndNamed) {
  start_engine();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof(address.sun_path), "%s", engine_socket().c_str());
  const int stranger = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::connect(stranger, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  const std::string nonsense = "GET / HTTP/1.1\r\n\r\n";
  ASSERT_GT(::send(stranger, nonsense.data(), nonsense.size(), MSG_NOSIGNAL), 0);
  char byte = 0;
  EXPECT_LE(::recv(stranger, &byte, 1, 0), 0);
  ::close(stranger);
  EXPECT_THAT(status()["notices"].dump(), HasSubstr("does not speak the language"));
  EXPECT_EQ(status()["ranks"].size(), 4U);
}

/// Answers as an engine's API server once recorded it.
constexpr const char* kServer = R"(import http.server, sys
class Reply(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = self.path == "/metrics"
        self.send_response(200 if known else 404)
        self.end_headers()
        if known: self.wfile.write(b'sglang:num_running_reqs{model_name="v3"} 4\nsglang:gen_throughput 120.5\n')
    def log_message(self, *arguments): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Reply)
open(sys.argv[1] + ".new", "w").write(str(server.server_port))
import os; os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
)";

TEST(AttachMetrics, ShowsAnEngineWithoutThePluginAndWhatIsMissing) {
  test::TempFolder folder;
  const auto port = folder / "port";
  test::StartedProgram server({"python3", "-c", kServer, port.string()});
  for (int i = 0; i < 300 && !std::filesystem::exists(port); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const std::string address = "http://127.0.0.1:" + test::read_file(port);
  const auto seen = test::run_moescope({"attach", address, "--json"});
  EXPECT_EQ(seen.exit_code, 0) << seen.err;
  const json document = json::parse(seen.out);
  EXPECT_EQ(document["engine"], "sglang");
  EXPECT_EQ(document["requests"]["running"], 4);
  EXPECT_EQ(document["requests"]["waiting"], nullptr) << "not told";
  EXPECT_EQ(document["tokens_per_second"], 120.5);
  EXPECT_THAT(document["missing"].dump(), HasSubstr("moescope-engine"));
  EXPECT_THAT(test::run_moescope({"attach", address}).out, HasSubstr("read-only"));
  const auto other = test::run_moescope({"attach", address + "/health"});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.err, HasSubstr("status 404"));
  EXPECT_EQ(
      test::run_moescope({"attach", address, "-o", (folder / "x.moetrace").string()}).exit_code, 1);
  ::kill(server.pid(), SIGKILL);
  server.result();
}

TEST(AgentListens, ASocketInAFolderThatIsOpenToOthersIsRefused) {
  test::TempFolder folder;
  const auto program = std::filesystem::path(MOESCOPE_PROGRAM).parent_path() / "moescope-agent";
  const auto result =
      test::run_program({program.string(), "--engine", "unix:" + (folder / "agent").string(),
                         "--listen", "unix:" + (folder / "clients").string() + "/agent"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("open to other users"));
  EXPECT_EQ(test::run_program({program.string(), "--listen", "unix:x"}).exit_code, 2);
  const auto tcp = test::run_program({program.string(), "--engine", "127.0.0.1:5", "--listen",
                                      "unix:" + (folder / "clients").string() + "/agent"});
  EXPECT_EQ(tcp.exit_code, 1);
  EXPECT_THAT(tcp.err, HasSubstr("no Unix socket"));
}

}  // namespace
}  // namespace moescope
