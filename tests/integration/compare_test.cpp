// `moescope compare`, `steps` and the headline of `analyze` as scripts use them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/data.h"
#include "tests/support/run_program.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using nlohmann::json;
using test::run_moescope;
using testing::HasSubstr;

class CompareCommand : public testing::Test {
 protected:
  /// A trace of one rank: a gemm of 10 us and a dispatch of `us`, that begins when the gemm ends.
  std::string trace(const std::string& name, int us) {
    const auto path = folder_ / name;
    std::ofstream(path)
        << R"({"distributedInfo":{"rank":0},"traceEvents":[)"
        << R"({"ph":"X","cat":"kernel","name":"gemm","pid":0,"tid":7,"ts":0,"dur":10,)"
        << R"("args":{"device":0,"stream":7}},)"
        << R"x({"ph":"X","cat":"kernel","name":"deep_ep::dispatch<true>(int)","pid":0,"tid":8,)x"
        << R"("ts":10,"dur":)" << us << R"(,"args":{"device":0,"stream":8}}]})";
    return path.string();
  }
  std::string file(const std::string& name, const std::string& text) {
    const auto path = folder_ / name;
    std::ofstream(path) << text;
    return path.string();
  }
  static json row(const json& document, const std::string& scope, const std::string& figure) {
    for (const json& row : document["differences"])
      if (row["scope"] == scope && row["figure"] == figure) return row;
    return {};
  }
  test::TempFolder folder_;
};

TEST_F(CompareCommand, PrintsEveryDifferenceAsJson) {
  const auto result = run_moescope({"compare", trace("a.json", 20), trace("b.json", 30), "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json document = json::parse(result.out);
  EXPECT_EQ(document["schema"], 1);
  EXPECT_EQ(document["aligned_by"], "time");
  EXPECT_EQ(document["a"]["devices"][0]["exposed_comm_ns"], 20'000);
  const json exposed = row(document, "trace", "exposed_comm_ns");
  EXPECT_EQ(exposed["a"], 20'000);
  EXPECT_EQ(exposed["b"], 30'000);
  EXPECT_EQ(exposed["delta"], 10'000);
  EXPECT_EQ(exposed["delta_pct"], 50);
  EXPECT_TRUE(exposed["noise"].is_null());
  EXPECT_EQ(exposed["significant"], true);
  EXPECT_THAT(document["causes"].dump(), HasSubstr("dispatch is slower"));
}

TEST_F(CompareCommand, FailsWhenAConditionHolds) {
  const auto a = trace("a.json", 20), b = trace("b.json", 30);
  const auto failed = run_moescope(
      {"compare", a, b, "--json", "--fail-if", "exposed_comm_ns>+5%", "--fail-if", "comm_ns>1ms"});
  EXPECT_EQ(failed.exit_code, 1);
  const json conditions = json::parse(failed.out)["fail_if"];
  EXPECT_EQ(conditions[0]["holds"], true);
  EXPECT_EQ(conditions[1]["holds"], false);
  EXPECT_THAT(failed.err, HasSubstr("holds: exposed_comm_ns>+5%"));
  EXPECT_EQ(run_moescope({"compare", b, a, "--fail-if", "exposed_comm_ns>+5%"}).exit_code, 0);
  const auto unknown = run_moescope({"compare", a, b, "--fail-if", "nothing>5%"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("there is no figure 'nothing'"));
  EXPECT_EQ(run_moescope({"compare", a}).exit_code, 2);
  EXPECT_EQ(run_moescope({"compare", a, b, "--align", "sideways"}).exit_code, 2);
}

TEST_F(CompareCommand, ComparesLoadsAndPlansToo) {
  const auto a = file("a.csv", "layer_id,expert_id,count\n0,0,10\n0,1,10\n0,2,10\n0,3,10\n");
  const auto b = file("b.csv", "layer_id,expert_id,count\n0,0,40\n0,1,10\n0,2,10\n0,3,10\n");
  const auto loads = run_moescope({"compare", a, b, "--json", "--fail-if", "imbalance_worst>10%"});
  EXPECT_EQ(loads.exit_code, 1) << loads.err;
  EXPECT_EQ(row(json::parse(loads.out), "layer", "imbalance")["a"], 1);
  const auto plan = [&](const char* name, const char* last) {
    return file(name, std::string(R"({"schema":1,"physical_to_logical_map":[[0,1,2,)") + last +
                          R"(]],"num_gpus":2,"num_nodes":1,"num_groups":1})");
  };
  const auto plans = run_moescope({"compare", plan("a.json", "0"), plan("b.json", "1"), "--json"});
  ASSERT_EQ(plans.exit_code, 0) << plans.err;
  EXPECT_EQ(row(json::parse(plans.out), "plan", "slots_changed")["b"], 1);
}

TEST_F(CompareCommand, TheReferenceTraceWithItselfDiffersInNothing) {
  MOESCOPE_REQUIRE_DATA("deepseek_v3_train_rank0.json");
  const auto path = test::shared_data("deepseek_v3_train_rank0.json").string();
  const auto result = run_moescope({"compare", path, path, "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json document = json::parse(result.out);
  EXPECT_EQ(document["aligned_by"], "step");
  EXPECT_EQ(document["causes"], json({"nothing differs"}));
  for (const json& row : document["differences"]) EXPECT_EQ(row["significant"], false) << row;
}

TEST(AnalyzeHeadline, IsTheAnswerOverAllDevices) {
  MOESCOPE_REQUIRE_DATA("deepseek_v3_train_rank0.json");
  const auto path = test::shared_data("deepseek_v3_train_rank0.json").string();
  const json headline = json::parse(run_moescope({"analyze", path, "--json"}).out)["headline"];
  EXPECT_EQ(headline["exposed_comm_ns"], 4'190'000);
  EXPECT_EQ(headline["hidden_pct"], 96.3064);
  EXPECT_EQ(headline["comm_sms"], 20);
  EXPECT_EQ(headline["comm_sms_mean"], 19.113) << "counted independently: formats/traces.md";
  EXPECT_EQ(headline["worst"]["exposed_comm_ns"], 4'190'000);
  EXPECT_THAT(headline["worst"]["cause"].get<std::string>(), HasSubstr("combine"));
  const auto text = run_moescope({"analyze", path});
  EXPECT_THAT(text.out, testing::StartsWith("1 device, whole trace\nexposed communication  4.19 ms "
                                            "of 113 ms (3.7 %); 96.3 % is hidden\n"));
  EXPECT_THAT(run_moescope({"analyze", path, "--per-device"}).out, HasSubstr("overlap         "));
}

TEST(StepsCommand, ListsStepsAndExplainsOne) {
  MOESCOPE_REQUIRE_DATA("deepseek_v3_train_rank0.json");
  const auto path = test::shared_data("deepseek_v3_train_rank0.json").string();
  const json document = json::parse(run_moescope({"steps", path, "--step", "1", "--json"}).out);
  EXPECT_EQ(document["source"], "repetition");
  ASSERT_EQ(document["steps"].size(), 4U);
  const json& step = document["steps"][1];
  std::int64_t sum = 0;
  for (const json& share : document["critical_path"]["shares"]) sum += share["ns"].get<int64_t>();
  EXPECT_EQ(sum, step["step_ns"]) << "the path covers its step";
  EXPECT_EQ(run_moescope({"steps", path, "--step", "99"}).exit_code, 1);
  EXPECT_THAT(run_moescope({"steps", path}).out, HasSubstr("4 steps, from"));
}

}  // namespace
}  // namespace moescope
