// `moescope analyze` against independently measured figures of real traces, to the nanosecond.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/data.h"
#include "tests/support/run_program.h"

namespace moescope {
namespace {

using nlohmann::json;
using test::run_moescope;
using testing::HasSubstr;

constexpr std::int64_t kUs = 1000;

json analyze(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "analyze");
  arguments.push_back("--json");
  const auto result = run_moescope(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return json::parse(result.out, nullptr, false);
}

std::int64_t pair_ns(const json& device, int comm, int compute) {
  for (const auto& pair : device["sm"]["pairs"])
    if (pair["comm"] == comm && pair["compute"] == compute) return pair["ns"];
  return -1;
}

/// Expects integer fields of `device` in ns.
void expect_ns(const json& device,
               const std::vector<std::pair<const char*, std::int64_t>>& fields) {
  for (const auto& [key, ns] : fields) EXPECT_EQ(device[key], ns) << key;
}

TEST(AnalyzeReference, DeepSeekV3TrainingRank) {
  MOESCOPE_REQUIRE_DATA("deepseek_v3_train_rank0.json");
  const auto document = analyze({test::shared_data("deepseek_v3_train_rank0.json").string()});
  EXPECT_EQ(document["schema"], 1);
  ASSERT_EQ(document["devices"].size(), 1U);
  const auto& d = document["devices"][0];
  EXPECT_EQ(d["rank"], 0);
  EXPECT_EQ(d["device"], 0);
  EXPECT_EQ(d["name"], "NVIDIA H800");
  EXPECT_EQ(d["sm_count"], 132);
  EXPECT_EQ(d["events"], (json{{"comm", 36}, {"compute", 927}, {"memory", 20}}));
  expect_ns(d, {{"span_ns", 129012 * kUs},
                {"busy_ns", 128515 * kUs},
                {"idle_ns", 497 * kUs},
                {"compute_ns", 124310 * kUs},
                {"comm_ns", 113440 * kUs},
                {"memory_ns", 28 * kUs},
                {"overlap_ns", 109250 * kUs},
                {"exposed_comm_ns", 4190 * kUs},
                {"comm_wait_ns", 32578 * kUs}});
  EXPECT_EQ(d["overlap_pct"], 96.3064);
}

TEST(AnalyzeReference, SmAllocationOfTheTrainingRank) {
  MOESCOPE_REQUIRE_DATA("deepseek_v3_train_rank0.json");
  const auto document = analyze({test::shared_data("deepseek_v3_train_rank0.json").string()});
  const auto& d = document["devices"][0];
  EXPECT_EQ(d["sm"]["method"], "inferred");
  expect_ns(d["sm"], {{"comm_sm_ns", 2160972 * kUs},
                      {"compute_sm_ns", 13913584 * kUs},
                      {"free_sm_ns", 955028 * kUs},
                      {"oversubscribed_ns", 52579 * kUs},
                      {"exact_ns", 94094 * kUs}});
  const std::vector<std::tuple<int, int, std::int64_t>> pairs = {
      {20, 112, 97953}, {0, 112, 7789}, {0, 132, 7242}, {9, 112, 6179}, {20, 0, 4061},
      {9, 123, 2688},   {20, 4, 964},   {0, 0, 512},    {20, 32, 350},  {16, 112, 279}};
  for (const auto& [comm, compute, us] : pairs)
    EXPECT_EQ(pair_ns(d, comm, compute), us * kUs) << comm << ", " << compute;
}

TEST(AnalyzeReference, RulesChangeWhatCountsAsCommunication) {
  MOESCOPE_REQUIRE_DATA("deepseek_v3_train_rank0.json");
  const test::TempFolder folder;
  const auto with_rule = [&](const std::string& pattern) {
    const auto rules = folder / "rules.json";
    std::ofstream(rules) << json{{"schema", 1},
                                 {"rules", {{{"class", "communication"}, {"pattern", pattern}}}}};
    return analyze({test::shared_data("deepseek_v3_train_rank0.json").string(), "--rules",
                    rules.string()})["devices"][0];
  };
  const auto transfers = with_rule("dpsk::ep::.*::(dispatch|combine)<");
  EXPECT_EQ(transfers["events"]["comm"], 16);
  expect_ns(transfers,
            {{"comm_ns", 80452 * kUs}, {"overlap_ns", 77496 * kUs}, {"compute_ns", 125544 * kUs}});
  EXPECT_EQ(transfers["overlap_pct"], 96.3258);
  const auto internode = with_rule("dpsk::ep::internode::");
  EXPECT_EQ(internode["events"]["comm"], 32);
  EXPECT_EQ(internode["comm_ns"], 113030 * kUs);
  EXPECT_EQ(internode["overlap_pct"], 96.3178);
  const auto nccl_only = with_rule("^nccl");
  EXPECT_EQ(nccl_only["comm_ns"], 0);
  EXPECT_TRUE(nccl_only["overlap_pct"].is_null());
  EXPECT_EQ(nccl_only["compute_ns"], 128500 * kUs);
}

TEST(AnalyzeReference, NsightSystemsWithTwoGpus) {
  MOESCOPE_REQUIRE_DATA("nsys_mfu_2gpu_before.sqlite");
  const auto document = analyze({test::shared_data("nsys_mfu_2gpu_before.sqlite").string()});
  ASSERT_EQ(document["devices"].size(), 2U);
  const auto& a = document["devices"][0];
  const auto& b = document["devices"][1];
  EXPECT_EQ(a["events"], (json{{"comm", 33}, {"compute", 1960}, {"memory", 643}}));
  expect_ns(a, {{"span_ns", 299848812},
                {"busy_ns", 273817787},
                {"compute_ns", 253690832},
                {"comm_ns", 17172652},
                {"memory_ns", 2954303},
                {"overlap_ns", 0}});
  EXPECT_EQ(b["events"], (json{{"comm", 33}, {"compute", 1984}, {"memory", 646}}));
  expect_ns(b, {{"span_ns", 298661551},
                {"busy_ns", 267275916},
                {"compute_ns", 256095624},
                {"comm_ns", 8229100},
                {"memory_ns", 2951192},
                {"overlap_ns", 0}});
}

TEST(Analyze, AWindowIsGivenInNanosecondsFromTheStart) {
  MOESCOPE_REQUIRE_DATA("deepseek_v3_train_rank0.json");
  const auto path = test::shared_data("deepseek_v3_train_rank0.json").string();
  const auto whole = analyze({path})["devices"][0];
  const auto first = analyze({path, "--to", "60000000"})["devices"][0];
  const auto rest = analyze({path, "--from", "60000000"})["devices"][0];
  for (const auto* key : {"compute_ns", "comm_ns", "overlap_ns", "exposed_comm_ns", "comm_wait_ns"})
    EXPECT_EQ(first[key].get<std::int64_t>() + rest[key].get<std::int64_t>(),
              whole[key].get<std::int64_t>())
        << key;
}

TEST(Analyze, ScopesHonourTheWindowAndSayTheirEvents) {
  MOESCOPE_REQUIRE_DATA("deepseek_v3_train_rank0.json");
  const auto path = test::shared_data("deepseek_v3_train_rank0.json").string();
  const auto scope = [](const json& document, const std::string& name) {
    for (const auto& found : document["scopes"])
      if (found["kind"] == "annotation" && found["name"] == name) return found;
    return json();
  };
  const auto whole = scope(analyze({path, "--scopes"}), "1F1B");
  const auto first = scope(analyze({path, "--scopes", "--to", "60000000"}), "1F1B");
  const auto rest = scope(analyze({path, "--scopes", "--from", "60000000"}), "1F1B");
  ASSERT_TRUE(whole.is_object() && first.is_object() && rest.is_object());
  for (const auto* key : {"span_ns", "busy_ns", "compute_ns", "comm_ns", "overlap_ns"})
    EXPECT_EQ(first[key].get<std::int64_t>() + rest[key].get<std::int64_t>(),
              whole[key].get<std::int64_t>())
        << key;
  EXPECT_GT(whole["events"]["comm"], 0);
  EXPECT_LE(whole["events"]["comm"], 36);
}

TEST(Analyze, ScopesAreATableWithoutJson) {
  MOESCOPE_REQUIRE_DATA("deepseek_v3_train_rank0.json");
  const auto result = run_moescope(
      {"analyze", "--scopes", test::shared_data("deepseek_v3_train_rank0.json").string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("dispatch(F)"));
  EXPECT_THAT(result.out, HasSubstr("overlap %"));
}

/// A gemm, NCCL beside it and after it, and one kernel of DeepSeek-V4 that does it all.
std::string fused_trace(const test::TempFolder& folder) {
  const auto path = folder / "fused.json";
  std::ofstream(path)
      << R"({"distributedInfo":{"rank":0},"traceEvents":[)"
      << R"({"ph":"X","cat":"kernel","name":"gemm","pid":0,"tid":7,"ts":0,"dur":100,)"
      << R"("args":{"device":0,"stream":7}},)"
      << R"({"ph":"X","cat":"kernel","name":"ncclDevKernel_AllReduce","pid":0,"tid":8,)"
      << R"("ts":50,"dur":100,"args":{"device":0,"stream":8}},)"
      << R"x({"ph":"X","cat":"kernel","name":"deep_gemm::sm100_fp8_fp4_mega_moe_impl<8>(int)",)x"
      << R"("pid":0,"tid":7,"ts":150,"dur":300,"args":{"device":0,"stream":7,"tokens":512,)"
      << R"("hidden":7168,"width":3072,"experts":384,"top_k":6,"gpus":8}}]})";
  return path.string();
}

TEST(Analyze, SaysThatFusedKernelsCannotBeObserved) {
  const test::TempFolder folder;
  const auto file = fused_trace(folder);
  const auto document = analyze({file});
  const auto& device = document["devices"][0];
  EXPECT_EQ(device["events"], (json{{"comm", 1}, {"compute", 1}, {"memory", 0}}));
  expect_ns(device, {{"compute_ns", 100 * kUs},
                     {"comm_ns", 100 * kUs},
                     {"overlap_ns", 50 * kUs},
                     {"exposed_comm_ns", 50 * kUs},
                     {"busy_ns", 450 * kUs}});
  const json fused = {{"kernels", 1}, {"fused_ns", 300 * kUs}, {"comm_pct", 75.0}};
  EXPECT_EQ(device["not_observable"], fused);
  EXPECT_EQ(document["headline"]["not_observable"], fused);
  EXPECT_FALSE(document.contains("fused_bounds"));
  const auto text = run_moescope({"analyze", file});
  EXPECT_THAT(text.out, HasSubstr("not observable in 1 kernel, 75.0 % of communication time"));
  EXPECT_THAT(run_moescope({"analyze", file, "--per-device"}).out, HasSubstr("fused MoE"));
}

TEST(Analyze, BoundsWhatFusedKernelsTake) {
  const test::TempFolder folder;
  const auto file = fused_trace(folder);
  const auto bounds = analyze({file, "--bounds", "b200"})["fused_bounds"];
  EXPECT_EQ(bounds["without_shape"], 0);
  ASSERT_EQ(bounds["launches"].size(), 1U);
  const auto& launch = bounds["launches"][0];
  EXPECT_EQ(launch["tokens"], 512);
  EXPECT_EQ(launch["mean_ns"], 300 * kUs);
  EXPECT_GT(launch["comm_ns"], 0);
  EXPECT_LT(launch["least_ns"], launch["mean_ns"]);
  EXPECT_THAT(run_moescope({"analyze", file, "--bounds", "b200"}).out,
              HasSubstr("fused MoE bounds"));
  EXPECT_EQ(run_moescope({"analyze", file, "--bounds", "no-such-card"}).exit_code, 1);
}

TEST(Analyze, WrongUseAndFailuresHaveTheirExitCodes) {
  EXPECT_EQ(run_moescope({"analyze"}).exit_code, 2);
  EXPECT_EQ(run_moescope({"analyze", "--no-such-option", "x"}).exit_code, 2);
  const auto missing = run_moescope({"analyze", "/no/such/file.json"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.err, HasSubstr("/no/such/file.json"));
  EXPECT_EQ(missing.out, "");
  EXPECT_EQ(run_moescope({"analyze", "--help"}).exit_code, 0);
  EXPECT_EQ(run_moescope({"--version"}).exit_code, 0);
}

}  // namespace
}  // namespace moescope
