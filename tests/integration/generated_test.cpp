// The figures of the first questions (what is hidden, which SMs communication holds, which experts
// are hot, what a plan would do) from files that are generated here, so that a clone without
// foreign recordings checks them too. Every figure is derived beside the input.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/engine_dumps.h"
#include "tests/support/nsys_file.h"
#include "tests/support/run_program.h"

namespace moescope {
namespace {

using nlohmann::json;
using test::run_moescope;

class Generated : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  static json answer(std::vector<std::string> arguments) {
    arguments.push_back("--json");
    const auto result = run_moescope(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return json::parse(result.out, nullptr, false);
  }

 private:
  test::TempFolder folder_;
};

/// Expects integer fields of `object` that are `us` microseconds.
void expect_us(const json& object, const std::vector<std::pair<const char*, double>>& fields) {
  for (const auto& [key, us] : fields)
    EXPECT_EQ(object[key], static_cast<std::int64_t>(us * 1000)) << key;
}

std::int64_t pair_ns(const json& device, int comm, int compute) {
  for (const auto& pair : device["sm"]["pairs"])
    if (pair["comm"] == comm && pair["compute"] == compute) return pair["ns"];
  return -1;
}

// --- a trace of the PyTorch profiler
// ------------------------------------------------------------

/// A rank of 8 on a GPU of 132 SMs. Times in us after the first kernel; the host begins 50 before.
///
///     stream 7    gemm       [  0.0, 100.0)   4096 blocks: fills what communication leaves
///                 small      [130.5, 180.5)     64 blocks
///                 copy       [190.0, 195.0)
///     stream 23   dispatch   [ 60.0, 160.0)     20 blocks
///                 notify     [160.0, 170.0)      9 blocks: waits
///
/// compute [0, 100) + [130.5, 180.5) = 150; communication [60, 170) = 110; both [60, 100) +
/// [130.5, 170) = 79.5; busy [0, 180.5) + the copy = 185.5 of 195.
class GeneratedKineto : public Generated {
 protected:
  void SetUp() override {
    std::string text =
        R"({"deviceProperties":[{"id":0,"name":"NVIDIA H800","numSms":132,)"
        R"("maxThreadsPerMultiprocessor":2048,"regsPerMultiprocessor":65536,"warpSize":32}],)"
        R"("distributedInfo":{"backend":"nccl","rank":3,"world_size":8},"traceEvents":[)";
    text += annotation("attn(F)", -50, 40);
    text += launch(1, -45) + launch(2, -30) + launch(3, 90) + launch(4, 91) + launch(5, 92);
    text += kernel("gemm_kernel", 1, 7, 0, 100, 4096);
    text += kernel("deep_ep::internode::dispatch<8>", 2, 23, 60, 100, 20);
    text += kernel("small_kernel", 3, 7, 130.5, 50, 64);
    text += kernel("deep_ep::internode::notify_dispatch<8>", 4, 23, 160, 10, 9);
    text += event("gpu_memcpy", "Memcpy DtoD", 0, 7, 190, 5,
                  R"("device":0,"stream":7,"correlation":5)");
    text.pop_back();
    test::write_bytes(path("rank3.json"), text + "]}");
  }
  /// The only device of `analyze` with more arguments.
  json device(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"analyze", path("rank3.json")});
    const json document = answer(std::move(more));
    EXPECT_EQ(document["devices"].size(), 1U);
    return document["devices"][0];
  }

 private:
  static std::string event(const char* category, const std::string& name, int pid, int tid,
                           double at, double duration, const std::string& arguments) {
    constexpr double kBase = 1740461679470.25;  // as profilers count: us, with decimals
    return fmt::format(
        R"({{"ph":"X","cat":"{}","name":"{}","pid":{},"tid":{},"ts":{:.3f},"dur":{:.3f},)"
        R"("args":{{{}}}}},)",
        category, name, pid, tid, kBase + at, duration, arguments);
  }
  static std::string annotation(const std::string& name, double at, double duration) {
    return event("user_annotation", name, 100, 100, at, duration, "");
  }
  static std::string launch(int correlation, double at) {
    return event("cuda_runtime", "cudaLaunchKernel", 100, 100, at, 0.5,
                 fmt::format(R"("correlation":{})", correlation));
  }
  static std::string kernel(const std::string& name, int correlation, int stream, double at,
                            double duration, int blocks) {
    return event("kernel", name, 0, stream, at, duration,
                 fmt::format(R"("device":0,"stream":{},"correlation":{},"grid":[{},1,1],)"
                             R"("block":[128,1,1],"registers per thread":32,"shared memory":0)",
                             stream, correlation, blocks));
  }
};

TEST_F(GeneratedKineto, HiddenAndExposedCommunication) {
  const json d = device();
  EXPECT_EQ(d["rank"], 3);
  EXPECT_EQ(d["name"], "NVIDIA H800");
  EXPECT_EQ(d["events"], (json{{"comm", 2}, {"compute", 2}, {"memory", 1}}));
  expect_us(d, {{"span_ns", 195},
                {"busy_ns", 185.5},
                {"idle_ns", 9.5},
                {"compute_ns", 150},
                {"comm_ns", 110},
                {"memory_ns", 5},
                {"overlap_ns", 79.5},
                {"exposed_comm_ns", 30.5},
                {"comm_wait_ns", 10}});
  EXPECT_EQ(d["overlap_pct"], 72.2727);
}

TEST_F(GeneratedKineto, SmsThatCommunicationHolds) {
  const json d = device();
  EXPECT_EQ(d["sm"]["method"], "inferred");
  // comm 20 x 100 + 9 x 10; compute 132 x 60 + 112 x 40 + 64 x 50; free: the rest of 132 x 195.
  expect_us(d["sm"], {{"comm_sm_ns", 2090},
                      {"compute_sm_ns", 15600},
                      {"free_sm_ns", 8050},
                      {"oversubscribed_ns", 40}});
  const std::vector<std::tuple<int, int, double>> pairs = {
      {0, 132, 60}, {20, 112, 40}, {20, 0, 30.5}, {20, 64, 29.5},
      {9, 64, 10},  {0, 64, 10.5}, {0, 0, 14.5}};
  for (const auto& [comm, compute, us] : pairs)
    EXPECT_EQ(pair_ns(d, comm, compute), static_cast<std::int64_t>(us * 1000))
        << comm << ", " << compute;
  EXPECT_EQ(d["sm"]["pairs"].size(), pairs.size());
}

TEST_F(GeneratedKineto, AWindowIsCutAtItsEdges) {
  // From 60 to 140 after the first kernel, which begins 50 after the host.
  expect_us(device({"--from", "110000", "--to", "190000"}), {{"comm_ns", 80},
                                                             {"compute_ns", 40 + 9.5},
                                                             {"overlap_ns", 40 + 9.5},
                                                             {"exposed_comm_ns", 30.5}});
  const json whole = device(), first = device({"--to", "141000"}),
             rest = device({"--from", "141000"});
  for (const char* key : {"compute_ns", "comm_ns", "overlap_ns", "exposed_comm_ns", "comm_wait_ns"})
    EXPECT_EQ(first[key].get<std::int64_t>() + rest[key].get<std::int64_t>(),
              whole[key].get<std::int64_t>())
        << key;
}

TEST_F(GeneratedKineto, RulesChangeWhatCountsAsCommunication) {
  test::write_bytes(path("rules.json"),
                    R"({"schema":1,"rules":[{"class":"communication","pattern":"::dispatch<"}]})");
  const json d = device({"--rules", path("rules.json")});
  EXPECT_EQ(d["events"]["comm"], 1);
  // The notification lies inside the small kernel; communication ends at 160.
  expect_us(d, {{"comm_ns", 100}, {"compute_ns", 150}, {"overlap_ns", 40 + 29.5}});
  EXPECT_EQ(d["overlap_pct"], 69.5);
}

TEST_F(GeneratedKineto, AnAnnotationCoversWhatWasLaunchedInIt) {
  const json document = answer({"analyze", path("rank3.json"), "--scopes"});
  ASSERT_EQ(document["scopes"].size(), 1U);
  const json& scope = document["scopes"][0];
  EXPECT_EQ(scope["name"], "attn(F)");
  // The gemm and the dispatch: from 0 to 160.
  expect_us(
      scope,
      {{"span_ns", 160}, {"comm_ns", 100}, {"compute_ns", 100 + 29.5}, {"overlap_ns", 40 + 29.5}});
}

// --- an export of Nsight Systems
// ----------------------------------------------------------------

TEST_F(Generated, NsightSystemsWithTwoGpus) {
  auto statements = test::nsys_base({"gemm_kernel", "ncclDevKernel_SendRecv"});
  // {start, end, pid, device, stream, correlation, name}
  for (const test::KernelRow& row : std::vector<test::KernelRow>{{1000, 1400, 10, 0, 7, 1, 0},
                                                                 {1300, 1700, 10, 0, 20, 2, 1},
                                                                 {1100, 1250, 11, 1, 7, 1, 0},
                                                                 {1250, 1700, 11, 1, 20, 2, 1}})
    statements.push_back(test::insert_kernel(row));
  test::write_database(path("a.sqlite"), statements);
  const json document = answer({"analyze", path("a.sqlite")});
  ASSERT_EQ(document["devices"].size(), 2U);
  const json &a = document["devices"][0], &b = document["devices"][1];
  for (const json* d : {&a, &b})
    EXPECT_EQ((*d)["events"], (json{{"comm", 1}, {"compute", 1}, {"memory", 0}}));
  expect_us(a, {{"span_ns", 0.7},
                {"compute_ns", 0.4},
                {"comm_ns", 0.4},
                {"overlap_ns", 0.1},
                {"exposed_comm_ns", 0.3}});
  EXPECT_EQ(a["overlap_pct"], 25.0);
  expect_us(b, {{"span_ns", 0.6}, {"compute_ns", 0.15}, {"comm_ns", 0.45}, {"overlap_ns", 0}});
  EXPECT_EQ(b["overlap_pct"], 0.0);
}

// --- expert loads, and a plan for them
// ----------------------------------------------------------

/// A dump of SGLang's recorder: two passes of one layer, in all 90, 40, 20 and 10 tokens.
class GeneratedLoads : public Generated {
 protected:
  void SetUp() override {
    test::write_bytes(dump(), test::stat_file({2, 1, 4}, {60, 30, 15, 5, 30, 10, 5, 5}));
  }
  std::string dump() const { return path("dump.pt"); }
  json evaluate(const std::string& plan) const {
    return answer({"plan", "evaluate", "--plan", plan, "--loads", dump()})["summary"]["equal"];
  }
};

TEST_F(GeneratedLoads, ImbalanceOfExpertsAndGpus) {
  const json loads = answer({"loads", dump(), "--gpus", "2", "--layer", "0"})["loads"][0];
  EXPECT_EQ(loads["windows"], 2);
  const json& layer = loads["layers_detail"][0];
  EXPECT_EQ(layer["load"], json({90, 40, 20, 10}));
  EXPECT_EQ(layer["tokens"], 160);
  EXPECT_EQ(layer["experts"]["max_over_mean"], 90.0 / 40);
  EXPECT_EQ(layer["gpus"]["max_over_mean"], 130.0 / 80) << "experts 0 and 1 against 2 and 3";
}

TEST_F(GeneratedLoads, EplbGivesThePlanThatItsProcedureGivesByHand) {
  // Copies: 90 is the most, so 45 + 45; 45 is the most, so 3 x 30. Packing by load into two GPUs of
  // three slots, each into the lighter one: 40 | 30, 30 | 40 + 30, then 20 on the lighter second
  // GPU (60), 10 on the first (70). Both hold 80.
  const auto plan = path("plan.json");
  ASSERT_EQ(run_moescope({"plan", "solve", "--loads", dump(), "--gpus", "2", "--slots", "6",
                          "--compatible", "stable", "-o", plan})
                .exit_code,
            0);
  const json written = json::parse(test::read_file(plan));
  EXPECT_EQ(written["physical_to_logical_map"], json::parse("[[1,0,3,0,0,2]]"));
  EXPECT_EQ(evaluate(plan)["max"], 1.0);
}

TEST_F(GeneratedLoads, TheSolverReachesWhatIsPossible) {
  const auto plan = path("plan.json");
  // Without copies the best split of 90, 40, 20, 10 into pairs is 90 + 10 against 40 + 20.
  ASSERT_EQ(
      run_moescope({"plan", "solve", "--loads", dump(), "--gpus", "2", "--slots", "4", "-o", plan})
          .exit_code,
      0);
  EXPECT_EQ(evaluate(plan)["max"], 100.0 / 80);
}

}  // namespace
}  // namespace moescope
