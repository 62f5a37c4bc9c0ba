// moescope-agent with ranks of a fake engine that run the real plugin, and the commands of a user.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <tuple>

#include "core/trace/file/moetrace.h"
#include "tests/support/run_program.h"

namespace moescope {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// Answers as an engine's API server once recorded it.
constexpr const char* kServer = R"(import http.server, sys
text = b"""sglang:num_running_reqs{model_name="v3"} 4
sglang:gen_throughput 120.5
sglang:token_usage{dp_rank="0"} 0.2
sglang:token_usage{dp_rank="1"} 0.3
sglang:time_to_first_token_seconds_bucket{le="0.2"} 50
sglang:time_to_first_token_seconds_bucket{le="+Inf"} 50
"""
class Reply(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = self.path == "/metrics"
        self.send_response(200 if known else 404)
        self.end_headers()
        if known: self.wfile.write(text)
    def log_message(self, *arguments): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Reply)
open(sys.argv[1] + ".new", "w").write(str(server.server_port))
import os; os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
)";

class ApiServer {
 public:
  ApiServer() : program_({"python3", "-c", kServer, (folder_ / "port").string()}) {
    for (int i = 0; i < 300 && !std::filesystem::exists(folder_ / "port"); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  ~ApiServer() { stop(); }
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;
  std::string address() const { return "http://127.0.0.1:" + test::read_file(folder_ / "port"); }
  void stop() {
    if (stopped_) return;
    stopped_ = true;
    ::kill(program_.pid(), SIGKILL);
    program_.result();
  }

 private:
  test::TempFolder folder_;
  test::StartedProgram program_;
  bool stopped_ = false;
};

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

  void start_agent(const std::vector<std::string>& more = {}) {
    const auto program = std::filesystem::path(MOESCOPE_PROGRAM).parent_path() / "moescope-agent";
    std::vector<std::string> command = {
        program.string(), "--engine", "unix:" + engine_socket(),          "--listen",
        target(),         "--state",  (folder_.path() / "state").string()};
    command.insert(command.end(), more.begin(), more.end());
    agent_.emplace(std::move(command));
    ASSERT_TRUE(wait([&] { return test::run_moescope({"status", target()}).exit_code == 0; }));
  }
  void kill_agent() {
    if (!agent_) return;
    ::kill(agent_->pid(), SIGKILL);
    agent_->result();
    agent_.reset();
  }
  /// Asks it to end; its exit status.
  int end_agent() {
    ::kill(agent_->pid(), SIGTERM);
    const int status = agent_->result().exit_code;
    agent_.reset();
    return status;
  }
  /// What the agent offers to Prometheus, fetched by another program.
  std::string offered_figures() const {
    const std::string text = agent_->messages(), before = "figures at ";
    const std::size_t begin = text.find(before);
    if (begin == std::string::npos) return "no address: " + text;
    const std::string address =
        text.substr(begin + before.size(), text.find('\n', begin) - begin - before.size());
    return test::run_program({"python3", "-c",
                              "import sys, urllib.request as u; "
                              "print(u.urlopen(sys.argv[1]).read().decode())",
                              address})
        .out;
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

TEST_F(Agent, RequestsOfAnEngineWithoutItsMetricsAreNotTold) {
  start_engine();
  EXPECT_EQ(status()["requests"]["waiting"], nullptr);
  EXPECT_EQ(status()["cache_use"], nullptr);
  EXPECT_THAT(test::run_moescope({"status", target()}).out, HasSubstr("requests   not told"));
}

TEST_F(Agent, FiguresOfTheEnginesMetricsAreInStatusInTheRecordingAndInItsOwnMetrics) {
  kill_agent();
  ApiServer server;
  start_agent({"--metrics", server.address(), "--prometheus", "127.0.0.1:0"});
  start_engine();
  ASSERT_TRUE(wait([&] { return status()["requests"]["decoding"] == 4; }));
  const json now = status();
  EXPECT_EQ(now["requests"]["waiting"], nullptr) << "not told";
  EXPECT_EQ(now["cache_use"], 0.25);
  EXPECT_NEAR(now["ttft_p50_s"].get<double>(), 0.1, 1e-9);
  EXPECT_EQ(now["tpot_p50_s"], nullptr);
  EXPECT_EQ(now["units"][0]["tokens_per_second"], 120.5);
  EXPECT_THAT(now["notices"].dump(), HasSubstr("do not tell: waiting requests, TPOT"));
  EXPECT_THAT(test::run_moescope({"status", target()}).out,
              testing::AllOf(HasSubstr("requests   4 decoding\n"), HasSubstr("25 % in use")));
  EXPECT_THAT(offered_figures(), testing::AllOf(HasSubstr("moescope_kv_cache_use 0.25\n"),
                                                HasSubstr("moescope_requests_running 4\n"),
                                                testing::Not(HasSubstr("requests_waiting"))));
  test::TempFolder folder;
  const auto file = (folder / "run.moetrace").string();
  const auto attached = test::run_moescope({"attach", target(), "--seconds", "6", "-o", file});
  EXPECT_EQ(attached.exit_code, 0) << attached.err;
  const auto trace = open_moetrace(file);
  const auto& counters = trace->counters();
  const auto cache = std::find_if(counters.begin(), counters.end(), [](const CounterSeries& c) {
    return c.name == "KV cache in use";
  });
  ASSERT_NE(cache, counters.end());
  EXPECT_EQ(cache->values.back(), 0.25);
}

TEST_F(Agent, AnEngineWhoseMetricsFailServesOnAndStatusSaysWhy) {
  kill_agent();
  ApiServer server;
  start_agent({"--metrics", server.address()});
  start_engine();
  ASSERT_TRUE(wait([&] { return status()["cache_use"] == 0.25; }));
  server.stop();
  ASSERT_TRUE(wait([&] {
    return status()["notices"].dump().find("metrics cannot be read") != std::string::npos;
  }));
  EXPECT_EQ(apply(another_plan()).exit_code, 0);
  ASSERT_TRUE(wait([&] { return status()["cache_use"] == nullptr; })) << "old figures stay";
  EXPECT_THAT(status()["notices"].dump(), HasSubstr("were last read"));
}

TEST_F(Agent, AnEngineThatNeverAnswersForItsMetricsIsSaidAndDoesNotKeepTheAgentFromEnding) {
  kill_agent();
  const int silent = ::socket(AF_INET, SOCK_STREAM, 0);  // connections wait in its queue
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(silent, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(silent, 4), 0);
  ASSERT_EQ(::getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size), 0);
  start_agent({"--metrics", "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port))});
  EXPECT_THAT(status()["notices"].dump(), HasSubstr("metrics cannot be read: nothing was read"));
  EXPECT_EQ(end_agent(), 0);
  ::close(silent);
}

TEST(AttachMetrics, ShowsAnEngineWithoutThePluginAndWhatIsMissing) {
  test::TempFolder folder;
  const ApiServer server;
  const std::string address = server.address();
  const auto seen = test::run_moescope({"attach", address, "--json"});
  EXPECT_EQ(seen.exit_code, 0) << seen.err;
  const json document = json::parse(seen.out);
  EXPECT_EQ(document["engine"], "sglang");
  EXPECT_EQ(document["requests"]["running"], 4);
  EXPECT_EQ(document["requests"]["waiting"], nullptr) << "not told";
  EXPECT_EQ(document["tokens_per_second"], 120.5);
  EXPECT_EQ(document["cache_use"], 0.25) << "the mean of the ranks, not their sum";
  EXPECT_THAT(document["missing"].dump(), HasSubstr("moescope-engine"));
  EXPECT_THAT(test::run_moescope({"attach", address}).out, HasSubstr("read-only"));
  const auto other = test::run_moescope({"attach", address + "/health"});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.err, HasSubstr("status 404"));
  EXPECT_EQ(
      test::run_moescope({"attach", address, "-o", (folder / "x.moetrace").string()}).exit_code, 1);
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
  std::filesystem::create_directories(folder / "own");
  std::filesystem::permissions(folder / "own", std::filesystem::perms::owner_all);
  for (const auto& [option, value, why] :
       {std::tuple("--prometheus", "0.0.0.0:0", "loopback"),
        std::tuple("--metrics", "https://127.0.0.1:1", "http://HOST:PORT")}) {
    const auto refused = test::run_program(
        {program.string(), "--engine", "unix:" + (folder / "own" / "agent").string(), "--listen",
         "unix:" + (folder / "own" / "clients").string(), option, value});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.err, HasSubstr(why));
  }
}

}  // namespace
}  // namespace moescope
