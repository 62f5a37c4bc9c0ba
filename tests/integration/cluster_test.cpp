// A node, and the commands that talk to it, as processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/placement/plan.h"
#include "core/trace/file/moetrace.h"
#include "core/trace/file/moetrace_loads.h"
#include "tests/support/node_process.h"

namespace moescope {
namespace {

using nlohmann::json;
using test::NodeProcess;
using test::run_moescope;
using testing::HasSubstr;

class ClusterCommands : public testing::Test {
 protected:
  test::TempFolder folder;

  json answer(std::vector<std::string> arguments, int exit_code = 0) {
    arguments.emplace_back("--json");
    const auto result = run_moescope(arguments);
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    const auto document = json::parse(result.out, nullptr, false);
    EXPECT_FALSE(document.is_discarded()) << result.out << result.err;
    return document;
  }
  /// A node of so many ranks does not start with this state.
  void expect_refused(const std::string& state, const std::string& ranks, const std::string& why) {
    const auto program = std::filesystem::path(MOESCOPE_PROGRAM).parent_path() / "moescope-node";
    const auto result =
        test::run_program({program.string(), "--ranks", ranks, "--nodes", "1", "--state", state,
                           "--listen", "unix:" + (folder / "second/node").string()});
    EXPECT_EQ(result.exit_code, 1) << result.err;
    EXPECT_THAT(result.err, HasSubstr(why));
  }
  /// The running plan with the first experts of two ranks exchanged in every layer.
  std::filesystem::path swapped_plan(const NodeProcess& node) {
    const auto running = folder / "running.json", swapped = folder / "swapped.json";
    EXPECT_EQ(run_moescope({"status", node.target(), "--save-plan", running.string()}).exit_code,
              0);
    Plan plan = load_plan(running);
    for (auto& row : plan.physical_to_logical) std::swap(row.front(), row.back());
    save_plan(plan, swapped);
    return swapped;
  }
};

TEST_F(ClusterCommands, StatusShowsWhatRuns) {
  NodeProcess node(folder);
  ASSERT_TRUE(node.ready()) << node.messages();
  const json status = answer({"status", node.target()});
  EXPECT_EQ(status["schema"], 1);
  EXPECT_EQ(status["model"], "tiny");
  EXPECT_THAT(status["workload"].get<std::string>(), HasSubstr("rate=10,"));
  EXPECT_EQ(status["ranks"].size(), 4U);
  EXPECT_EQ(status["epoch"], 0);
  EXPECT_GT(status["expert_bytes"], 0);
  ASSERT_EQ(status["units"].size(), 2U);
  EXPECT_GE(status["units"][0]["granted"]["workers"], 2);
  const auto text = run_moescope({"status", node.target()});
  EXPECT_THAT(text.out, HasSubstr("epoch 0"));
}

TEST_F(ClusterCommands, PrometheusReadsTheFiguresOfANode) {
  NodeProcess node(folder, {"--prometheus", "127.0.0.1:0"});
  ASSERT_TRUE(node.ready()) << node.messages();
  const std::string text = node.messages(), before = "figures at ";
  const std::size_t begin = text.find(before);
  ASSERT_NE(begin, std::string::npos) << text;
  const std::string address =
      text.substr(begin + before.size(), text.find('\n', begin) - begin - before.size());
  const auto read = test::run_program(
      {"python3", "-c",
       "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read().decode())", address});
  EXPECT_THAT(read.out, HasSubstr("moescope_passes_total{unit=\"decode\"} ")) << read.err;
  EXPECT_THAT(read.out, HasSubstr("moescope_requests_arrived_total "));
}

TEST_F(ClusterCommands, PrometheusIsOfferedOnLoopbackAndBesideAListener) {
  const auto program = std::filesystem::path(MOESCOPE_PROGRAM).parent_path() / "moescope-node";
  const auto open = test::run_program({program.string(), "--prometheus", "0.0.0.0:0", "--listen",
                                       "unix:" + (folder / "second/node").string()});
  EXPECT_EQ(open.exit_code, 1);
  EXPECT_THAT(open.err, HasSubstr("loopback"));
  EXPECT_EQ(test::run_program({program.string(), "--prometheus", "127.0.0.1:0"}).exit_code, 2);
}

TEST_F(ClusterCommands, AttachRecordsWhileTheNodeRecordsToo) {
  NodeProcess node(folder, {"--output", (folder / "node.moetrace").string()});
  ASSERT_TRUE(node.ready()) << node.messages();
  const auto out = folder / "live.moetrace";
  const json attached = answer({"attach", node.target(), "--seconds", "3", "-o", out.string()});
  EXPECT_EQ(attached["ranks"], 4);
  EXPECT_GT(attached["spans"], 0);
  EXPECT_EQ(attached["file"], out.string());
  const auto live = open_moetrace(out);
  EXPECT_EQ(live->span_count(), attached["spans"]);
  EXPECT_EQ(live->devices().size(), 4U);
  EXPECT_FALSE(live->sm_records().empty());
  EXPECT_FALSE(read_load_rows(out).empty());
  const json analysis = answer({"analyze", out.string()});
  EXPECT_GT(analysis["devices"][0]["comm_ns"], 0);

  node.signal(SIGTERM);
  EXPECT_EQ(node.wait(), 0) << node.messages();
  EXPECT_FALSE(std::filesystem::exists(node.socket()));
  EXPECT_GT(open_moetrace(folder / "node.moetrace")->span_count(), live->span_count());
}

TEST_F(ClusterCommands, ApplyMovesExpertsAndRollbackMovesThemBack) {
  NodeProcess node(folder);
  ASSERT_TRUE(node.ready()) << node.messages();
  const auto plan = swapped_plan(node);
  const json dry = answer({"apply", node.target(), "--plan", plan.string(), "--dry-run"});
  EXPECT_TRUE(dry["done"]);
  EXPECT_GT(dry["copies"], 0);
  EXPECT_FALSE(dry["layers"][0]["copies"].empty());
  EXPECT_EQ(answer({"status", node.target()})["epoch"], 0) << "a dry run changes nothing";

  const json applied = answer({"apply", node.target(), "--plan", plan.string()});
  EXPECT_TRUE(applied["done"]) << applied;
  EXPECT_EQ(applied["copies"], dry["copies"]);
  EXPECT_EQ(applied["slots_verified"], applied["slots"]);
  const json status = answer({"status", node.target()});
  EXPECT_EQ(status["epoch"], applied["epoch"]);
  EXPECT_GT(status["epoch"], 0);
  ASSERT_EQ(status["history"].size(), 1U);
  EXPECT_EQ(status["history"][0]["name"], "swapped.json");

  const json back = answer({"rollback", node.target()});
  EXPECT_TRUE(back["done"]) << back;
  const auto now = folder / "now.json";
  run_moescope({"status", node.target(), "--save-plan", now.string()});
  EXPECT_EQ(load_plan(now).physical_to_logical,
            load_plan(folder / "running.json").physical_to_logical);
}

TEST_F(ClusterCommands, ApplyShowsPredictedBesideMeasured) {
  NodeProcess node(folder);
  ASSERT_TRUE(node.ready()) << node.messages();
  const auto plan = swapped_plan(node);
  const auto recording = folder / "live.moetrace";
  answer({"attach", node.target(), "--seconds", "5", "-o", recording.string()});
  const json applied = answer({"apply", node.target(), "--plan", plan.string(), "--loads",
                               recording.string(), "--measure", "3"});
  ASSERT_TRUE(applied["done"]) << applied;
  const json& effect = applied["effect"];
  for (const char* key : {"imbalance", "decode_step_ns", "rank_bytes_per_token"})
    for (const char* part : {"before", "predicted", "error"})
      EXPECT_TRUE(effect[key][part].is_number()) << key << ' ' << part << ' ' << effect;
  EXPECT_GE(effect["imbalance"]["predicted"], 1);
  EXPECT_GE(effect["imbalance"]["measured"], 1);
  EXPECT_GT(effect["decode_step_ns"]["measured"], 0);
  EXPECT_GT(effect["rank_bytes_per_token"]["measured"], 0);
  EXPECT_TRUE(effect["decode_step_ns"]["below_noise"].is_boolean());
  EXPECT_TRUE(effect["node_bytes_per_token"]["before"].is_null()) << "there is one node";
  // Nothing is predicted that was not asked for.
  EXPECT_TRUE(
      answer({"apply", node.target(), "--plan", plan.string(), "--dry-run"})["effect"].is_null());
}

TEST_F(ClusterCommands, ApplyWatchesTheNodeWhenItHasNoRecording) {
  NodeProcess node(folder);
  ASSERT_TRUE(node.ready()) << node.messages();
  const auto plan = swapped_plan(node);
  const json effect =
      answer({"apply", node.target(), "--plan", plan.string(), "--measure", "4"})["effect"];
  for (const char* key : {"imbalance", "decode_step_ns", "rank_bytes_per_token"})
    for (const char* part : {"before", "predicted", "error", "measured"})
      EXPECT_TRUE(effect[key][part].is_number()) << key << ' ' << part << ' ' << effect;
}

TEST_F(ClusterCommands, RollbackShowsPredictedBesideMeasuredAndStatusKeepsThem) {
  NodeProcess node(folder);
  ASSERT_TRUE(node.ready()) << node.messages();
  const auto plan = swapped_plan(node);
  const auto recording = folder / "live.moetrace";
  answer({"attach", node.target(), "--seconds", "5", "-o", recording.string()});
  const json applied =
      answer({"apply", node.target(), "--plan", plan.string(), "--loads", recording.string()});
  ASSERT_TRUE(applied["done"]) << applied;
  EXPECT_TRUE(applied["effect"]["imbalance"]["measured"].is_null()) << "not asked for";

  const json back = answer({"rollback", node.target(), "--measure", "4"});
  ASSERT_TRUE(back["done"]) << back;
  EXPECT_FALSE(back["layers"][0]["copies"].empty());
  for (const char* key : {"imbalance", "decode_step_ns", "rank_bytes_per_token"})
    for (const char* part : {"before", "predicted", "error", "measured"})
      EXPECT_TRUE(back["effect"][key][part].is_number()) << key << ' ' << part << ' ' << back;

  const json history = answer({"status", node.target()})["history"];
  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(history[0]["effect"], applied["effect"]);
  EXPECT_EQ(history[1]["effect"], back["effect"]);
  const auto text = run_moescope({"status", node.target()}).out;
  EXPECT_THAT(text, testing::ContainsRegex("imbalance +before [0-9.]+, predicted [0-9.]+ .*, "
                                           "measured [0-9.]+"));
  EXPECT_THAT(text, testing::ContainsRegex("change +20[0-9-]+ [0-9:]+ ")) << "when";
  // Without a wish for figures there are none.
  const json plain = answer({"rollback", node.target()});
  EXPECT_TRUE(plain["done"]);
  EXPECT_TRUE(plain["effect"].is_null());
  EXPECT_TRUE(answer({"status", node.target()})["history"][2]["effect"].is_null());
}

TEST_F(ClusterCommands, AnAcknowledgedPlanSurvivesAKill) {
  const auto out = folder / "node.moetrace";
  const auto state = (folder / "state").string();
  for (const std::vector<std::string>& keeps :
       {std::vector<std::string>{"--output", out.string()}, {"--state", state}}) {
    std::filesystem::path plan;
    {
      NodeProcess node(folder, keeps);
      ASSERT_TRUE(node.ready()) << node.messages();
      plan = swapped_plan(node);
      EXPECT_EQ(answer({"apply", node.target(), "--plan", plan.string()})["epoch"], 1);
      node.signal(SIGKILL);
      node.wait();
    }
    if (keeps[0] == "--output") {
      const auto plans = read_plans(out);
      ASSERT_EQ(plans.size(), 2U) << "the recording has every plan that was acknowledged";
      EXPECT_THAT(plans[1].name, HasSubstr("epoch 1"));
    }
    NodeProcess again(folder, keeps);
    ASSERT_TRUE(again.ready()) << again.messages();
    EXPECT_EQ(answer({"status", again.target()})["epoch"], 1);
    const auto now = folder / "now.json";
    run_moescope({"status", again.target(), "--save-plan", now.string()});
    EXPECT_EQ(load_plan(now).physical_to_logical, load_plan(plan).physical_to_logical);
    const json back = answer({"rollback", again.target()});
    EXPECT_TRUE(back["done"]) << "also what was before is known";
    EXPECT_EQ(back["epoch"], 2);
  }
}

TEST_F(ClusterCommands, AStateThatDoesNotFitOrIsInUseIsDistinguished) {
  const auto state = (folder / "state").string();
  {
    NodeProcess node(folder, {"--state", state});
    ASSERT_TRUE(node.ready()) << node.messages();
    const auto plan = swapped_plan(node);
    EXPECT_TRUE(answer({"apply", node.target(), "--plan", plan.string()})["done"]);
    expect_refused(state, "4", "the state of another node, which runs");
  }
  expect_refused(state, "8", "Name the folder of a node of this model");
  std::ofstream(folder / "state/plan.json") << "{\"schema\":1,";
  expect_refused(state, "4", "is not a stored plan");
}

TEST_F(ClusterCommands, ANodeThatIsStoppedAndContinuedIsFoundAgain) {
  NodeProcess node(folder);
  ASSERT_TRUE(node.ready()) << node.messages();
  const auto out = folder / "live.moetrace";
  test::StartedProgram viewer(
      {MOESCOPE_PROGRAM, "attach", node.target(), "-o", out.string(), "--json"});
  const auto spans = [&] {
    try {
      return open_moetrace(out)->span_count();
    } catch (const std::exception&) {
      return std::size_t{0};
    }
  };
  const auto wait_for = [&](auto done) {
    for (int i = 0; i < 600 && !done(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return done();
  };
  ASSERT_TRUE(wait_for([&] { return spans() > 0; }));
  node.signal(SIGSTOP);
  // Longer than the connection lives without an answer.
  std::this_thread::sleep_for(std::chrono::seconds(14));
  EXPECT_EQ(waitpid(viewer.pid(), nullptr, WNOHANG), 0) << "the viewer waits";
  node.signal(SIGCONT);
  const auto before = spans();
  EXPECT_TRUE(wait_for([&] { return spans() > before + 1000; })) << "it goes on in the same file";
  ::kill(viewer.pid(), SIGINT);
  const auto result = viewer.result();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("lost, trying again"));
  EXPECT_THAT(result.err, HasSubstr("found again"));
}

TEST_F(ClusterCommands, ARefusedPlanLeavesEverythingAsItWas) {
  NodeProcess node(folder);
  ASSERT_TRUE(node.ready()) << node.messages();
  const auto plan = swapped_plan(node);
  const auto stale =
      run_moescope({"apply", node.target(), "--plan", plan.string(), "--base-epoch", "41"});
  EXPECT_EQ(stale.exit_code, 1);
  EXPECT_THAT(stale.err, HasSubstr("the plan from before stays in force"));
  EXPECT_THAT(stale.err, HasSubstr("41"));

  Plan other = load_plan(plan);
  other.physical_to_logical.pop_back();
  if (!other.layer_ids.empty()) other.layer_ids.pop_back();
  save_plan(other, folder / "short.json");
  for (const bool dry : {false, true}) {
    std::vector<std::string> arguments = {"apply", node.target(), "--plan",
                                          (folder / "short.json").string()};
    if (dry) arguments.emplace_back("--dry-run");
    const json refused = answer(arguments, 1);
    EXPECT_FALSE(refused["done"]);
    EXPECT_EQ(refused["phase"], "refused");
    EXPECT_FALSE(refused["reason"].is_null());
  }
  EXPECT_EQ(answer({"status", node.target()})["epoch"], 0);
  EXPECT_EQ(run_moescope({"rollback", node.target()}).exit_code, 1);
}

TEST_F(ClusterCommands, AKilledNodeIsLostAndWhatCameIsKept) {
  NodeProcess node(folder);
  ASSERT_TRUE(node.ready()) << node.messages();
  const auto out = folder / "live.moetrace";
  std::thread killer([&] {
    // When the viewer's recording has something in it.
    for (int i = 0; i < 300; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      try {
        if (open_moetrace(out)->span_count() > 0) break;
      } catch (const std::exception&) {
      }
    }
    node.signal(SIGKILL);
  });
  const auto attached =
      run_moescope({"attach", node.target(), "--seconds", "60", "-o", out.string(), "--json"});
  killer.join();
  EXPECT_EQ(attached.exit_code, 1);
  EXPECT_THAT(attached.err, HasSubstr("the node was lost"));
  EXPECT_THAT(attached.err, HasSubstr(out.string()));
  EXPECT_EQ(json::parse(attached.out)["state"], "lost");
  EXPECT_GT(open_moetrace(out)->span_count(), 0U);
  // The socket that the killed node left does not stop the next one.
  EXPECT_THAT(run_moescope({"status", node.target()}).err, HasSubstr("was killed"));
  NodeProcess next(folder);
  EXPECT_TRUE(next.ready()) << next.messages();
}

TEST_F(ClusterCommands, AKilledViewerDoesNotDisturbTheNode) {
  NodeProcess node(folder);
  ASSERT_TRUE(node.ready()) << node.messages();
  const pid_t viewer = fork();
  if (viewer == 0) {
    execl(MOESCOPE_PROGRAM, MOESCOPE_PROGRAM, "attach", node.target().c_str(),
          static_cast<char*>(nullptr));
    _exit(127);
  }
  const auto viewers = [&] { return answer({"status", node.target()})["viewers"].size(); };
  for (int i = 0; i < 300 && viewers() == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(viewers(), 1U);
  ::kill(viewer, SIGKILL);
  waitpid(viewer, nullptr, 0);
  for (int i = 0; i < 300 && viewers() != 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(viewers(), 0U);
  const auto steps = [&] { return answer({"status", node.target()})["units"][1]["steps"]; };
  const auto before = steps();
  for (int i = 0; i < 300 && steps() <= before; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_GT(steps(), before) << "the node goes on";
}

TEST_F(ClusterCommands, WrongTargetsAreReportedWithARemedy) {
  const auto missing = run_moescope({"status", "unix:" + (folder / "none").string()});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.err, HasSubstr("there is no such socket"));
  EXPECT_THAT(missing.err, HasSubstr("moescope-node --listen"));
  EXPECT_THAT(run_moescope({"attach", "nonsense"}).err, HasSubstr("HOST:PORT"));
  EXPECT_THAT(run_moescope({"status", "gpu7:9000"}).err, HasSubstr("mutual TLS is mandatory"));
  EXPECT_EQ(run_moescope({"attach"}).exit_code, 2);
}

}  // namespace
}  // namespace moescope
