// `moescope simulate` and the predictions of `moescope plan` as a user runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/placement/evaluate.h"
#include "tests/support/load_generator.h"
#include "tests/support/run_program.h"

namespace moescope {
namespace {

using nlohmann::json;
using test::run_moescope;
using testing::HasSubstr;

class SimulateCommand : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  json run_json(std::vector<std::string> arguments) const {
    arguments.emplace_back("--json");
    const auto result = run_moescope(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return json::parse(result.out, nullptr, false);
  }
  json simulate(const std::string& unit, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"simulate",    "--hardware", "h800", "--model",
                                          "deepseek-v3", "--unit",     unit};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_json(arguments);
  }
  std::string write_csv(const std::string& name, const std::vector<LayerLoads>& windows) const {
    std::ofstream file(folder_ / name);
    for (const auto& window : windows) {
      for (const auto& row : window)
        for (std::size_t e = 0; e < row.size(); ++e)
          file << static_cast<long>(row[e]) << (e + 1 < row.size() ? "," : "\n");
      file << "\n";
    }
    return path(name);
  }
  test::TempFolder folder_;
};

TEST_F(SimulateCommand, AnalyzeFindsTheOverlapThatWasPredicted) {
  const auto trace = path("prefill.moetrace");
  const auto said = simulate("prefill32", {"--steps", "1", "-o", trace});
  EXPECT_EQ(said["schema"], 1);
  EXPECT_EQ(said["simulated"], true);
  const auto found = run_json({"analyze", trace});
  ASSERT_EQ(found["devices"].size(), 32U);
  for (std::size_t g = 0; g < 32; ++g) {
    const auto& device = found["devices"][g];
    EXPECT_THAT(device["name"].get<std::string>(), HasSubstr("simulated"));
    for (const char* key : {"span_ns", "compute_ns", "comm_ns", "overlap_ns", "exposed_comm_ns",
                            "idle_ns", "comm_wait_ns", "overlap_pct"})
      EXPECT_EQ(device[key], said["devices"][g][key]) << "GPU " << g << ", " << key;
  }
  // 20 SMs beside 112: the most common state of a GPU whose communication is hidden.
  const auto& pair = found["devices"][0]["sm"]["pairs"][0];
  EXPECT_EQ(pair["comm"], 20);
  EXPECT_EQ(pair["compute"], 112);
  EXPECT_GT(said["prediction"]["overlap_pct"], 50);
}

TEST_F(SimulateCommand, IsMarkedAsSimulatedAndHoldsLoadsAndPlan) {
  const auto trace = path("decode.moetrace");
  simulate("decode144", {"--steps", "1", "-o", trace});
  const auto info = run_moescope({"info", trace, "--json"});
  EXPECT_THAT(info.out, HasSubstr("moescope simulate"));
  EXPECT_THAT(info.out, HasSubstr("simulated"));
  const auto loads = run_json({"loads", trace})["loads"][0];
  EXPECT_EQ(loads["layers"], 58);
  EXPECT_EQ(loads["experts"], 256);
}

TEST_F(SimulateCommand, IsTheSameForTheSameSeed) {
  const auto one = simulate("prefill32", {"--steps", "2", "--seed", "5"});
  EXPECT_EQ(one, simulate("prefill32", {"--steps", "2", "--seed", "5"}));
  EXPECT_NE(one["steps_ns"], simulate("prefill32", {"--steps", "2", "--seed", "6"})["steps_ns"]);
}

TEST_F(SimulateCommand, DividesTheStepByCause) {
  const auto said = simulate("decode8", {"--steps", "1"});
  double sum = 0;
  for (const auto& [cause, ns] : said["causes"].items()) {
    EXPECT_THAT(cause, testing::EndsWith("_ns"));
    EXPECT_GE(ns.get<double>(), 0) << cause;
    sum += ns.get<double>();
  }
  EXPECT_EQ(said["causes"].size(), 6U);
  EXPECT_NEAR(sum, said["prediction"]["step_ns"].get<double>(), 4) << "each is rounded";
  const auto text = run_moescope({"simulate", "--hardware", "h800", "--model", "deepseek-v3",
                                  "--unit", "decode8", "--steps", "1"});
  EXPECT_THAT(text.out, HasSubstr("waiting for the slowest"));
}

TEST_F(SimulateCommand, WithoutCommunicationSmsComputeIsFaster) {
  const auto with = simulate("prefill32", {"--steps", "1"})["prediction"];
  const auto without = simulate("prefill32", {"--steps", "1", "--comm-sms", "0"})["prediction"];
  EXPECT_LT(without["attention_ns"], with["attention_ns"]);
  EXPECT_LT(without["step_ns"], with["step_ns"]);
}

TEST_F(SimulateCommand, SettingsChangeTheUnit) {
  const auto as_it_is = simulate("decode144", {"--steps", "1"});
  const auto more = simulate("decode144", {"--steps", "1", "--gpus", "72", "--redundant", "104"});
  EXPECT_EQ(as_it_is["devices"].size(), 144U);
  EXPECT_EQ(more["devices"].size(), 72U);
  const auto half = simulate("decode144", {"--steps", "1", "--batch", "32"});
  EXPECT_LT(half["prediction"]["step_ns"], as_it_is["prediction"]["step_ns"]);
  const auto both = run_moescope({"simulate", "--hardware", "h800", "--model", "deepseek-v3",
                                  "--unit", "decode144", "--plan", "p.json", "--gpus", "72"});
  EXPECT_EQ(both.exit_code, 2);
  EXPECT_THAT(both.err, HasSubstr("--gpus"));
}

TEST_F(SimulateCommand, PredictsUnderTheRuleOfTheEngine) {
  const auto loads = write_csv("loads.csv", {test::r1_loads(1)});
  const auto plan = path("plan.json");
  ASSERT_EQ(run_moescope({"plan", "solve", "--loads", loads, "--gpus", "32", "--nodes", "4",
                          "--slots", "288", "--engine", "vllm", "-o", plan})
                .exit_code,
            0);
  const auto under = [&](std::vector<std::string> rule) {
    rule.insert(rule.end(), {"--loads", loads, "--plan", plan, "--steps", "1"});
    return simulate("prefill32", rule);
  };
  const auto even = under({}), fixed = under({"--engine", "sglang", "--dispatch", "static"});
  EXPECT_EQ(even["rule"], "even split");
  EXPECT_EQ(fixed["rule"], "sglang static");
  EXPECT_GT(fixed["prediction"]["step_ns"], even["prediction"]["step_ns"]);
  const auto swept = run_json({"simulate",    "sweep",    "--hardware", "h800",       "--model",
                               "deepseek-v3", "--unit",   "prefill32",  "--loads",    loads,
                               "--plan",      plan,       "--over",     "comm-sms",   "--values",
                               "20",          "--engine", "sglang",     "--dispatch", "static"});
  EXPECT_EQ(swept["rule"], "sglang static");
  EXPECT_NEAR(
      swept["points"][0]["step_ns"].get<double>() / fixed["prediction"]["step_ns"].get<double>(), 1,
      0.05);
}

TEST_F(SimulateCommand, JudgesOnWindowsThatDidNotMakeThePlan) {
  const auto loads = write_csv("loads.csv", {test::r1_loads(1, 0), test::r1_loads(1, 0.1),
                                             test::r1_loads(1, 0.2), test::r1_loads(1, 0.3)});
  const auto p = simulate("prefill32", {"--steps", "1", "--loads", loads})["prediction"];
  EXPECT_EQ(p["judged_windows"]["held_out"], true);
  EXPECT_EQ(p["judged_windows"]["first"], 2);
  EXPECT_GT(p["drift_ns"], 0);
  EXPECT_EQ(p["layers"].size(), 58U);
}

TEST_F(SimulateCommand, PlanEvaluatePredictsBothPlans) {
  const auto loads = write_csv("loads.csv", {test::r1_loads()});
  const auto best = path("best.json"), greedy = path("greedy.json");
  for (const auto& [plan, flag] :
       {std::pair<std::string, std::string>(best, "--split=best"), {greedy, "--compatible"}})
    ASSERT_EQ(
        run_moescope({"plan", "solve", "--loads", loads, "--gpus", "32", "--nodes", "4", "--groups",
                      "8", "--slots", "288", "--hierarchy", "hard", flag, "-o", plan})
            .exit_code,
        0);
  const auto judged =
      run_json({"plan", "evaluate", "--plan", best, "--loads", loads, "--previous", greedy});
  const auto& p = judged["predicted"];
  EXPECT_GT(p["step_ns"], 0);
  EXPECT_NEAR(p["gain_ns"].get<double>(),
              p["previous_step_ns"].get<double>() - p["step_ns"].get<double>(), 1);
  EXPECT_TRUE(p["gain_below_noise"].is_boolean());
  EXPECT_GT(p["move"]["bytes"], 0);
  EXPECT_EQ(p["memory"]["fits"], true);
  EXPECT_EQ(p["traffic_from"], "gate");
}

TEST_F(SimulateCommand, NoModelOfThatShapeIsNoError) {
  const auto loads = write_csv("loads.csv", {test::r1_loads(1, 0, 3, 48)}), plan = path("p.json");
  ASSERT_EQ(
      run_moescope({"plan", "solve", "--loads", loads, "--gpus", "4", "--slots", "52", "-o", plan})
          .exit_code,
      0);
  const auto result =
      run_moescope({"plan", "evaluate", "--plan", plan, "--loads", loads, "--json"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(json::parse(result.out)["predicted"].is_null());
  EXPECT_THAT(result.err, HasSubstr("--model"));
}

TEST_F(SimulateCommand, CostAppendsPredictionAndErrorToEveryRow) {
  const auto queries = path("q.csv");
  std::ofstream(queries) << "system,engine,version,dtype,m,n,k,latency_us\r\n"
                            "h100_sxm,sglang,0.5.14,bfloat16,128,512,512,4.5\r\n"
                            "b200_sxm,sglang,0.5.14,fp8_block,4096,7168,2048,1\r\n";
  const auto result = run_moescope({"simulate", "cost", "--queries", queries, "--csv"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, testing::StartsWith("system,engine,version,dtype,m,n,k,latency_us,"
                                              "predicted_us,error_us\nh100_sxm,sglang,0.5.14,"
                                              "bfloat16,128,512,512,4.5,"));
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 3);
  const auto other =
      run_moescope({"simulate", "cost", "--hardware", "h100", "--queries", queries, "--csv"});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_EQ(other.out, "");
  EXPECT_THAT(other.err, testing::AllOf(HasSubstr("q.csv"), HasSubstr("line 3, column system")));
}

TEST_F(SimulateCommand, FitWritesHardwareOrNothing) {
  std::filesystem::create_directory(folder_ / "tables");
  const auto table = (folder_ / "tables" / "gemm.csv").string();
  const std::string header = "system,engine,version,dtype,m,n,k,latency_us\n";
  std::ofstream(table) << header << "h100_sxm,sglang,1,bfloat16,1,512,512,3\n"
                       << "h100_sxm,sglang,1,bfloat16,1,512,512,4\n";
  const auto output = path("h.json");
  const std::vector<std::string> command = {"simulate",   "fit",          "--hardware", "h100",
                                            "--measured", path("tables"), "-o",         output};
  const auto twice = run_moescope(command);
  EXPECT_EQ(twice.exit_code, 1);
  EXPECT_THAT(twice.err, testing::AllOf(HasSubstr("gemm.csv"), HasSubstr("line 3")));
  EXPECT_FALSE(std::filesystem::exists(output));
  std::ofstream(table) << header << "h100_sxm,sglang,1,bfloat16,1,512,512,3\n"
                       << "h100_sxm,sglang,1,bfloat16,2,512,512,4\n";
  const auto few = run_moescope(command);
  EXPECT_EQ(few.exit_code, 1);
  EXPECT_THAT(few.err, testing::AllOf(HasSubstr("gemm.csv"), HasSubstr("nothing can be fitted"),
                                      HasSubstr("gemm: bfloat16 1: 2 rows are too few for")));
  EXPECT_FALSE(std::filesystem::exists(output)) << "nothing was fitted, nothing is written";
  std::ofstream(table) << header << "h100_sxm,lmdeploy,1,bfloat16,1,512,512,3\n";
  const auto engine = run_moescope({"simulate", "cost", "--queries", table, "--csv"});
  EXPECT_EQ(engine.exit_code, 1);
  EXPECT_EQ(engine.out, "");
  EXPECT_THAT(engine.err, testing::AllOf(HasSubstr("gemm.csv"), HasSubstr("line 2, column engine"),
                                         HasSubstr("sglang, trtllm, vllm")));
  std::ofstream rows(table);
  rows << header;
  for (int m = 1; m <= 8192; m *= 2)
    for (const int k : {512, 4096})
      rows << "h100_sxm,sglang,1,bfloat16," << m << ",512," << k << "," << 3 + m * k / 1e5 << "\n";
  rows.close();
  const auto fitted = run_moescope(command);
  EXPECT_EQ(fitted.exit_code, 0) << fitted.err;
  EXPECT_THAT(fitted.out, HasSubstr("table gemm: error on"));
  EXPECT_EQ(run_moescope({"simulate", "cost", "--hardware", output, "--queries", table}).exit_code,
            0);
}

TEST_F(SimulateCommand, TheSameSeedGivesTheSameBytes) {
  for (const char* name : {"a.moetrace", "b.moetrace"})
    simulate("decode320", {"--steps", "1", "-o", path(name)});
  EXPECT_EQ(test::read_file(path("a.moetrace")), test::read_file(path("b.moetrace")));
}

/// A recording says how far the refitted model is off on steps that it was not fitted to.
TEST_F(SimulateCommand, RefitMeasuresItsError) {
  const auto trace = path("prefill.moetrace");
  simulate("prefill32", {"--steps", "6", "-o", trace});
  const auto before = simulate("prefill32");
  EXPECT_FALSE(before.contains("refit_errors"));
  const auto after = simulate("prefill32", {"--refit", trace});
  ASSERT_FALSE(after["refit_errors"].empty());
  for (const auto& error : after["refit_errors"]) {
    EXPECT_EQ(error["steps"], 6);
    EXPECT_GT(error["error"], 0);
    EXPECT_LT(error["error"], 0.1);
  }
  EXPECT_LT(after["prediction"]["model_error_ns"].get<double>() /
                after["prediction"]["step_ns"].get<double>(),
            0.25)
      << "rooflines that nothing was measured of";
}

TEST_F(SimulateCommand, SweepNamesTheOptimumAndWhy) {
  const auto sweep =
      run_json({"simulate", "sweep", "--hardware", "h800", "--model", "deepseek-v3", "--unit",
                "prefill32", "--over", "comm-sms", "--values", "4,20,40,200"});
  ASSERT_EQ(sweep["points"].size(), 3U);
  EXPECT_THAT(sweep["skipped"][0].get<std::string>(), HasSubstr("200"));
  EXPECT_EQ(sweep["optimum"], 20);
  EXPECT_THAT(sweep["reason"].get<std::string>(), HasSubstr("dispatch and combine"));
  EXPECT_GT(sweep["points"][0]["transfer_ns"], sweep["points"][1]["transfer_ns"]);
  EXPECT_LT(sweep["points"][1]["attention_ns"], sweep["points"][2]["attention_ns"]);
  EXPECT_EQ(run_moescope({"simulate", "sweep", "--hardware", "h800", "--model", "deepseek-v3",
                          "--unit", "prefill32", "--over", "luck"})
                .exit_code,
            2);
}

TEST_F(SimulateCommand, WrongInputSaysWhatToDo) {
  const auto unknown = run_moescope(
      {"simulate", "--hardware", "abacus", "--model", "deepseek-v3", "--unit", "prefill32"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("h800"));
  EXPECT_EQ(run_moescope({"simulate", "--hardware", "h800"}).exit_code, 2);
  EXPECT_EQ(run_moescope({"simulate", "--hardware", "h800", "--model", "tiny", "--unit",
                          "prefill32", "--steps", "0"})
                .exit_code,
            2);
}

}  // namespace
}  // namespace moescope
