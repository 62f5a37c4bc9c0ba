// `moescope loads` and `moescope plan` as a user runs them.
#include "core/placement/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/data.h"
#include "tests/support/load_generator.h"
#include "tests/support/run_program.h"

namespace moescope {
namespace {

using nlohmann::json;
using test::run_moescope;
using testing::HasSubstr;

class PlanCommand : public testing::Test {
 protected:
  void SetUp() override {
    loads_ = write_csv("loads.csv", test::r1_loads(1, 0, 3, 64));
    later_ = write_csv("later.csv", test::r1_loads(1, 0.3, 3, 64));
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string write_csv(const std::string& name, const std::vector<std::vector<double>>& rows) {
    std::ofstream file(folder_ / name);
    for (const auto& row : rows)
      for (std::size_t e = 0; e < row.size(); ++e)
        file << static_cast<long>(row[e]) << (e + 1 < row.size() ? "," : "\n");
    return path(name);
  }
  json run_json(const std::vector<std::string>& arguments) {
    const auto result = run_moescope(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return json::parse(result.out, nullptr, false);
  }
  json evaluate(const std::string& plan, const std::string& loads) {
    return run_json({"plan", "evaluate", "--plan", plan, "--loads", loads, "--json"});
  }
  test::TempFolder folder_;
  std::string loads_, later_;
};

TEST_F(PlanCommand, SolveBeatsCompatibleAndBothEvaluate) {
  const auto best = path("best.json"), greedy = path("greedy.json");
  const auto solved = run_json(
      {"plan", "solve", "--loads", loads_, "--gpus", "16", "--slots", "80", "-o", best, "--json"});
  EXPECT_EQ(solved["schema"], 1);
  ASSERT_EQ(run_moescope({"plan", "solve", "--loads", loads_, "--gpus", "16", "--slots", "80",
                          "--compatible", "-o", greedy})
                .exit_code,
            0);
  const auto ours = evaluate(best, loads_), theirs = evaluate(greedy, loads_);
  EXPECT_EQ(ours["schema"], 1);
  EXPECT_LT(ours["summary"]["equal"]["mean"], theirs["summary"]["equal"]["mean"]);
  EXPECT_NEAR(ours["summary"]["equal"]["mean"], solved["equal"]["mean"], 1e-12);
  const auto& layer = ours["layers"][0];
  for (const char* key : {"equal", "weighted", "best_split", "bound", "bound_hierarchical",
                          "duplicate_slots", "components", "copies", "remote_nodes_per_token"})
    EXPECT_TRUE(layer.contains(key)) << key;
  EXPECT_TRUE(layer["weighted"].is_null());
  EXPECT_TRUE(layer["copies"].is_null());
  EXPECT_TRUE(layer["bound_hierarchical"].is_null());
  EXPECT_EQ(layer["duplicate_slots"], 0);
}

TEST_F(PlanCommand, BoundedMigrationAndDiffAgreeOnCopies) {
  const auto old = path("old.json"), next = path("next.json");
  run_moescope({"plan", "solve", "--loads", loads_, "--gpus", "16", "--slots", "80", "-o", old});
  // Its shape is that of the running plan.
  ASSERT_EQ(run_moescope({"plan", "solve", "--loads", later_, "--from", old, "--max-copies", "5",
                          "--split", "best", "-o", next})
                .exit_code,
            0);
  EXPECT_EQ(load_plan(next).num_gpus, 16);
  EXPECT_EQ(load_plan(next).slot_count(), 80);
  EXPECT_EQ(run_moescope({"plan", "solve", "--loads", later_, "-o", next}).exit_code, 2);
  const auto judged = run_json(
      {"plan", "evaluate", "--plan", next, "--loads", later_, "--previous", old, "--json"});
  const auto diff = run_json({"plan", "diff", old, next, "--expert-bytes", "44040192", "--json"});
  int copies = 0;
  for (std::size_t l = 0; l < 3; ++l) {
    EXPECT_LE(judged["layers"][l]["copies"], 5);
    EXPECT_EQ(judged["layers"][l]["copies"], diff["layers"][l]["copies"]);
    copies += diff["layers"][l]["copies"].get<int>();
    // The written weights are those of the best split.
    EXPECT_NEAR(judged["layers"][l]["weighted"], judged["layers"][l]["best_split"], 1e-9);
  }
  EXPECT_EQ(diff["copies"], copies);
  EXPECT_EQ(diff["bytes"], copies * 44040192LL);
}

TEST_F(PlanCommand, ARebuildIsAsGoodAsAFreshPlanAndCopiesLess) {
  const auto old = path("old.json"), fresh = path("fresh.json"), rebuilt = path("rebuilt.json");
  const std::vector<std::string> common = {"plan", "solve", "--gpus", "16", "--slots", "80"};
  const auto solve = [&](std::vector<std::string> more) {
    more.insert(more.begin(), common.begin(), common.end());
    return run_moescope(more);
  };
  solve({"--loads", loads_, "-o", old});
  solve({"--loads", later_, "-o", fresh});
  ASSERT_EQ(solve({"--loads", later_, "--from", old, "--rebuild", "-o", rebuilt}).exit_code, 0);
  const auto judge = [&](const std::string& plan) {
    return run_json(
        {"plan", "evaluate", "--plan", plan, "--loads", later_, "--previous", old, "--json"});
  };
  const auto a = judge(fresh)["summary"], b = judge(rebuilt)["summary"];
  EXPECT_NEAR(a["equal"]["max"].get<double>(), b["equal"]["max"].get<double>(), 1e-12);
  EXPECT_LT(b["copies"]["mean"].get<double>(), a["copies"]["mean"].get<double>());
  EXPECT_EQ(solve({"--loads", later_, "--rebuild", "-o", rebuilt}).exit_code, 1);
}

TEST_F(PlanCommand, AHeldOutPlanSaysWhatMadeItAndIsJudgedOnTheRest) {
  std::ofstream file(path("windows.csv"));
  for (int w = 0; w < 4; ++w) {
    if (w > 0) file << "\n";
    for (const auto& row : test::r1_loads(1, 0.1 * w, 3, 64))
      for (std::size_t e = 0; e < row.size(); ++e)
        file << static_cast<long>(row[e]) << (e + 1 < row.size() ? "," : "\n");
  }
  file.close();
  const auto loads = path("windows.csv"), plan = path("held.json");
  const auto solved = run_json({"plan", "solve", "--loads", loads, "--gpus", "16", "--slots", "80",
                                "--hold-out", "-o", plan, "--json"});
  EXPECT_EQ(solved["window"]["last"], 3) << "made from";
  EXPECT_EQ(solved["judged"]["held_out"], true);
  EXPECT_EQ(solved["judged"]["text"], "made from windows 0 to 2, judged on window 3");
  const auto judged = evaluate(plan, loads);
  EXPECT_EQ(judged["judged"], solved["judged"]);
  EXPECT_EQ(judged["imbalance"]["window"]["last"], 4) << "all windows, as before";
  EXPECT_GT(judged["judged"]["imbalance"]["mean"], 1.0);
  const auto text = run_moescope({"plan", "evaluate", "--plan", plan, "--loads", loads});
  EXPECT_THAT(text.out, HasSubstr("made from windows 0 to 2, judged on window 3: imbalance 1."));

  const auto all = run_json(
      {"plan", "solve", "--loads", loads, "--gpus", "16", "--slots", "80", "-o", plan, "--json"});
  EXPECT_EQ(all["window"]["last"], 4);
  EXPECT_EQ(all["judged"]["held_out"], false);
  EXPECT_EQ(all["judged"]["text"], "judged on all 4 windows, which it was made from");
  EXPECT_EQ(evaluate(plan, loads_)["judged"]["held_out"], json()) << "other loads";
  const auto refused = run_moescope({"plan", "solve", "--loads", loads_, "--gpus", "16", "--slots",
                                     "80", "--hold-out", "-o", plan});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("--hold-out"));
}

TEST_F(PlanCommand, ValidateListsEveryProblemAndFails) {
  std::ofstream(path("bad.json"))
      << R"({"num_gpus":2,"physical_to_logical_map":[[0,1,2,2],[0,9,1,1]]})";
  const auto result =
      run_moescope({"plan", "validate", "--plan", path("bad.json"), "--experts", "4", "--json"});
  EXPECT_EQ(result.exit_code, 1);
  const auto document = json::parse(result.out);
  EXPECT_EQ(document["valid"], false);
  std::vector<std::string> found;
  for (const auto& p : document["problems"])
    found.push_back(p["kind"].get<std::string>() + " " + p["layer"].dump() + " " +
                    p["slot"].dump());
  EXPECT_THAT(found, testing::IsSupersetOf({"expert_id 1 1", "missing_expert 0 null",
                                            "missing_expert 1 null", "duplicate_on_gpu 0 3",
                                            "duplicate_on_gpu 1 3"}));
}

TEST_F(PlanCommand, ExportPrintsTheFlagAndImportReadsIt) {
  const auto plan = path("plan.json");
  run_moescope({"plan", "solve", "--loads", loads_, "--gpus", "16", "--slots", "80", "-o", plan});
  const auto out = run_moescope(
      {"plan", "export", "--plan", plan, "--engine", "trtllm", "-o", path("eplb.yaml")});
  EXPECT_EQ(out.exit_code, 0) << out.err;
  EXPECT_EQ(out.out, "moe_config:\n  load_balancer: " + path("eplb.yaml") + "\n");
  ASSERT_EQ(run_moescope({"plan", "import", path("eplb.yaml"), "--engine", "trtllm", "--gpus", "16",
                          "-o", path("back.json")})
                .exit_code,
            0);
  const auto a = json::parse(test::read_file(plan)),
             b = json::parse(test::read_file(path("back.json")));
  EXPECT_EQ(a["physical_to_logical_map"], b["physical_to_logical_map"]);
}

TEST_F(PlanCommand, ConstraintsAreObeyed) {
  std::ofstream(path("c.json"))
      << R"({"pinned":[{"slot":0,"expert":5}],"forbidden":[{"layer":1,"gpu":3,"expert":6}]})";
  ASSERT_EQ(run_moescope({"plan", "solve", "--loads", loads_, "--gpus", "16", "--slots", "80",
                          "--constraints", path("c.json"), "-o", path("p.json")})
                .exit_code,
            0);
  const auto map = json::parse(test::read_file(path("p.json")))["physical_to_logical_map"];
  for (const auto& row : map) EXPECT_EQ(row[0], 5);
  for (std::size_t s = 15; s < 20; ++s) EXPECT_NE(map[1][s], 6);
  std::ofstream(path("bad.json")) << R"({"pinned":[{"slot":-4,"expert":5}]})";
  EXPECT_EQ(run_moescope({"plan", "solve", "--loads", loads_, "--gpus", "16", "--slots", "80",
                          "--constraints", path("bad.json"), "-o", path("q.json")})
                .exit_code,
            1);
}

TEST_F(PlanCommand, ErrorsAndWrongUsage) {
  EXPECT_EQ(run_moescope({"plan"}).exit_code, 2);
  EXPECT_EQ(run_moescope({"plan", "solve"}).exit_code, 2);
  EXPECT_EQ(run_moescope({"plan", "export", "--plan", "x", "--engine", "y", "-o", "z"}).exit_code,
            2);
  const auto result = run_moescope(
      {"plan", "solve", "--loads", loads_, "--gpus", "16", "--slots", "81", "-o", path("p.json")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("81 slots do not divide over 16 GPUs"));
  EXPECT_FALSE(std::filesystem::exists(path("p.json")));
  EXPECT_EQ(run_moescope({"loads", path("nothing")}).exit_code, 1);
}

/// A plan file of one of the engine's maps: the map comes back slot for slot.
TEST_F(PlanCommand, EvaluatePrintsTheEnginesDispatchMap) {
  MOESCOPE_REQUIRE_DATA("engine_rules/sglang_static_1.json");
  std::ifstream file(test::shared_data("engine_rules/sglang_static_1.json"));
  const auto engine = json::parse(file);
  const auto plan = path("plan.json");
  std::ofstream(plan) << json{{"schema", 1},
                              {"num_gpus", engine["ep_size"]},
                              {"num_nodes", engine["num_nodes"]},
                              {"physical_to_logical_map", engine["physical_to_logical_map"]}};
  const auto result = run_json({"plan", "evaluate", "--plan", plan, "--engine", "sglang",
                                "--dispatch", "static", "--dispatch-map", "--json"});
  EXPECT_EQ(result["rule"], "sglang static");
  EXPECT_EQ(result["sources"], "equal");
  EXPECT_EQ(result["dispatch_physical"], engine["dispatch_physical"]);
  EXPECT_EQ(run_moescope({"plan", "evaluate", "--plan", plan, "--dispatch-map"}).exit_code, 2)
      << "a map is JSON";
  EXPECT_EQ(run_moescope({"plan", "evaluate", "--plan", plan, "--json"}).exit_code, 2)
      << "loads are missing";
  const auto hash = run_moescope(
      {"plan", "evaluate", "--plan", plan, "--dispatch", "hash", "--dispatch-map", "--json"});
  EXPECT_EQ(hash.exit_code, 1);
  EXPECT_THAT(hash.err, HasSubstr("decides token by token"));
}

TEST_F(PlanCommand, EveryFigureNamesItsRule) {
  const auto plan = path("plan.json");
  const auto solved = run_json({"plan", "solve", "--loads", loads_, "--gpus", "16", "--nodes", "2",
                                "--slots", "80", "--engine", "sglang", "-o", plan, "--json"});
  EXPECT_EQ(solved["rule"], "sglang static, sglang dynamic");
  ASSERT_EQ(solved["rules"].size(), 2u);
  EXPECT_EQ(solved["made_for_equal_shares"], false);
  EXPECT_LT(solved["under_rule"]["max"], 1.01);
  EXPECT_GE(solved["rules"][0]["bound"]["mean"], 1.0);

  const auto even = evaluate(plan, loads_);
  EXPECT_EQ(even["rule"], "even split");
  EXPECT_EQ(even["summary"]["under_rule"], even["summary"]["equal"]);
  const auto ruled = run_json({"plan", "evaluate", "--plan", plan, "--loads", loads_, "--engine",
                               "sglang", "--dispatch", "static", "--json"});
  EXPECT_EQ(ruled["rule"], "sglang static");
  EXPECT_NEAR(ruled["summary"]["under_rule"]["mean"], solved["rules"][0]["under_rule"]["mean"],
              1e-12);
  EXPECT_EQ(ruled["summary"]["equal"], even["summary"]["equal"]) << "which the rule leaves alone";
  EXPECT_NEAR(ruled["imbalance"]["mean"], ruled["summary"]["under_rule"]["mean"], 1e-12);
  const auto text =
      run_moescope({"plan", "evaluate", "--plan", plan, "--loads", loads_, "--engine", "sglang"});
  EXPECT_THAT(text.out, HasSubstr("replicas by sglang static (0.5.23)"));
  EXPECT_THAT(text.out, HasSubstr("every rank is assumed to send the same share"));

  const auto diff =
      run_json({"plan", "diff", plan, plan, "--loads", loads_, "--dispatch", "modulo", "--json"});
  EXPECT_EQ(diff["rule"], "vllm-ascend modulo");
  EXPECT_EQ(diff["rerouted"], 0);
  EXPECT_EQ(diff["imbalance"]["a"], diff["imbalance"]["b"]);
  const auto bounds = run_json({"plan", "bounds", "--loads", loads_, "--gpus", "16", "--engine",
                                "sglang", "--max-slots", "80"});
  EXPECT_EQ(bounds["rule"], "sglang static");
  const auto loads =
      run_json({"loads", loads_, "--gpus", "16", "--engine", "trtllm", "--json"})["loads"][0];
  EXPECT_EQ(loads["rule"], "trtllm even");
}

TEST_F(PlanCommand, RulesThatDoNotExistAreRefused) {
  const auto refused = run_moescope({"plan", "bounds", "--loads", loads_, "--gpus", "16",
                                     "--engine", "vllm", "--dispatch", "static"});
  EXPECT_EQ(refused.exit_code, 2) << "wrong usage, as an engine that nobody knows";
  EXPECT_EQ(run_moescope({"plan", "solve", "--loads", loads_, "--gpus", "16", "--slots", "80",
                          "--engine", "trtllm", "--dispatch", "static", "-o", path("x.json")})
                .exit_code,
            2);
  EXPECT_FALSE(std::filesystem::exists(path("x.json")));
  EXPECT_THAT(refused.err, HasSubstr("vllm has no replica rule \"static\""));
  EXPECT_EQ(run_moescope({"plan", "bounds", "--loads", loads_, "--gpus", "16", "--engine", "other"})
                .exit_code,
            2);
  EXPECT_EQ(run_moescope({"plan", "solve", "--loads", loads_, "--gpus", "16", "--slots", "80",
                          "--good-enough", "0.5", "-o", path("x.json")})
                .exit_code,
            2);
}

TEST_F(PlanCommand, LoadsJson) {
  const auto document =
      run_json({"loads", loads_, later_, "--gpus", "8", "--layer", "1", "--top", "3", "--json"});
  EXPECT_EQ(document["schema"], 1);
  ASSERT_EQ(document["loads"].size(), 2U);
  const auto& first = document["loads"][0];
  EXPECT_EQ(first["experts"], 64);
  EXPECT_EQ(first["layers"], 3);
  ASSERT_EQ(first["layers_detail"].size(), 1U);
  const auto& layer = first["layers_detail"][0];
  EXPECT_EQ(layer["layer"], 1);
  EXPECT_EQ(layer["tokens"], 131072 * 8);
  EXPECT_EQ(layer["hottest"].size(), 3U);
  EXPECT_EQ(layer["load"].size(), 64U);
  EXPECT_TRUE(layer["drift"].is_null());  // one window
  const auto& u = layer["experts"];
  EXPECT_NEAR(u["max_over_mean"].get<double>() * u["mean_over_max"].get<double>(), 1, 1e-12);
  EXPECT_NEAR(u["max_over_mean"].get<double>() - 1, u["excess"].get<double>(), 1e-12);
}

TEST_F(PlanCommand, RoutesGiveRemoteNodes) {
  MOESCOPE_REQUIRE_DATA("esft_intent_topk_ids.safetensors");
  const auto routes = test::shared_data("esft_intent_topk_ids.safetensors").string();
  ASSERT_EQ(run_moescope({"plan", "solve", "--loads", routes, "--gpus", "8", "--nodes", "2",
                          "--groups", "2", "--slots", "72", "-o", path("p.json")})
                .exit_code,
            0);
  const auto judged = evaluate(path("p.json"), routes);
  const double remote = judged["summary"]["remote_nodes_per_token"]["mean"];
  EXPECT_GT(remote, 0.5);  // six experts on two nodes nearly always reach the other one
  EXPECT_LE(remote, 1);
}

}  // namespace
}  // namespace moescope
