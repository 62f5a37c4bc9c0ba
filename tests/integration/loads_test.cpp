// `moescope loads`, and its charts and report, on recordings, dumps and logs as a user runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/trace/moetrace_writer.h"
#include "tests/support/data.h"
#include "tests/support/run_program.h"

namespace moescope {
namespace {

using nlohmann::json;
using test::run_moescope;
using testing::HasSubstr;
using testing::StartsWith;

class LoadsCommand : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return path(name);
  }
  /// A recording of two units with one layer, two windows, two ranks of two slots each.
  std::string record() const {
    MoetraceWriter writer(folder_ / "run.moetrace");
    for (int rank = 0; rank < 4; ++rank) {
      Process process;
      process.label = "rank " + std::to_string(rank);
      process.name = rank < 2 ? "moescope-node prefill unit" : "moescope-node decode unit";
      process.rank = rank;
      writer.add_process(process);
    }
    writer.add_plan({0, "start",
                     R"({"schema":1,"num_gpus":2,"num_nodes":1,"num_groups":1,"num_experts":4,)"
                     R"("layer_ids":[5],"physical_to_logical_map":[[0,1,2,3]]})"});
    for (int window = 0; window < 2; ++window)
      for (const int first : {0, 2}) {
        const std::uint32_t hot = first == 0 ? 7 : 3;
        const TimeNs begin = window * 1000;
        writer.add_loads({begin, begin + 1000, 5, "logical", std::nullopt, {hot, 1, 1, 1}});
        writer.add_loads({begin, begin + 1000, 5, "physical", first, {hot, 1}});
        writer.add_loads({begin, begin + 1000, 5, "physical", first + 1, {1, 1}});
      }
    Progress progress;
    writer.finish(progress);
    return path("run.moetrace");
  }
  json loads(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "loads");
    arguments.push_back("--json");
    const auto result = run_moescope(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return json::parse(result.out, nullptr, false);
  }
  test::TempFolder folder_;
};

TEST_F(LoadsCommand, ARecordingGivesASetForEachUnit) {
  const auto document = loads({record()});
  EXPECT_EQ(document["schema"], 1);
  ASSERT_EQ(document["loads"].size(), 2U);
  const auto& prefill = document["loads"][0];
  EXPECT_EQ(prefill["unit"], "prefill");
  EXPECT_EQ(prefill["windows"], 2);
  EXPECT_EQ(prefill["window_ns"], json({0, 2000}));
  EXPECT_EQ(prefill["num_gpus"], 2);
  EXPECT_EQ(prefill["has_running_map"], true);
  const auto& layer = prefill["layers_detail"][0];
  EXPECT_EQ(layer["layer_id"], 5);
  EXPECT_EQ(layer["tokens"], 20);
  EXPECT_EQ(layer["gpus"]["max_over_mean"], 1.6);
  EXPECT_EQ(layer["gpus_measured"]["max_over_mean"], 1.6);
  EXPECT_EQ(document["loads"][1]["unit"], "decode");
}

TEST_F(LoadsCommand, OneUnitCanBeAskedFor) {
  const auto file = record();
  const auto document = loads({file, "--unit", "decode", "--window", "1:2"});
  ASSERT_EQ(document["loads"].size(), 1U);
  EXPECT_EQ(document["loads"][0]["layers_detail"][0]["tokens"], 6);
  EXPECT_EQ(run_moescope({"loads", file, "--unit", "both"}).exit_code, 2);
  EXPECT_EQ(run_moescope({"loads", write("d.csv", "1,2\n"), "--unit", "decode"}).exit_code, 1);
}

TEST_F(LoadsCommand, APlanIsSolvedForOneUnitOfARecording) {
  const auto file = record();
  const auto solve = [&](const std::string& unit) {
    const auto result = run_moescope({"plan", "solve", "--loads", file, "--unit", unit, "--gpus",
                                      "2", "--slots", "6", "-o", path("p.json")});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.err, testing::Not(HasSubstr("units")));  // no guess that must be told
    const auto bounds = run_moescope(
        {"plan", "bounds", "--loads", file, "--unit", unit, "--gpus", "1", "--max-slots", "4"});
    EXPECT_EQ(bounds.exit_code, 0) << bounds.err;
    const auto judged = run_moescope({"plan", "evaluate", "--plan", path("p.json"), "--loads", file,
                                      "--loads-unit", unit, "--json"});
    return json::parse(judged.out, nullptr, false)["loads_unit"];
  };
  EXPECT_EQ(solve("prefill"), "prefill");
  EXPECT_EQ(solve("decode"), "decode");
  EXPECT_EQ(run_moescope({"plan", "solve", "--loads", write("d.csv", "1,2\n"), "--unit", "decode",
                          "--gpus", "1", "--slots", "2", "-o", path("q.json")})
                .exit_code,
            1);
}

TEST_F(LoadsCommand, LogsGiveSeriesAndWaitMatrices) {
  const auto log = write("server.log",
                         "[Expert Balancedness] forward_pass_id=9 current_pass_balancedness=0.8\n"
                         "[EPLBManager] rebalance end time=2.5s\n");
  const auto waits = write("wait.log", "[t] rank=0 [1 1]\n[t] rank=1 [1 1]\n");
  const auto document = loads({log, waits});
  EXPECT_TRUE(document["loads"].empty());
  const auto& series = document["balance_logs"][0]["series"][0];
  EXPECT_EQ(series["engine"], "SGLang");
  EXPECT_EQ(series["points"], json::parse("[[9,0.8]]"));
  EXPECT_EQ(document["balance_logs"][0]["events"][0]["seconds"], 2.5);
  EXPECT_EQ(document["wait_logs"][0]["matrices"][0]["ranks"], 2);
  EXPECT_TRUE(document["wait_logs"][0]["matrices"][0]["slow"].empty());
  EXPECT_THAT(run_moescope({"loads", log}).out, HasSubstr("mean / max of GPU load"));
  EXPECT_THAT(run_moescope({"loads", waits}).out, HasSubstr("no rank or path stands out"));
}

TEST_F(LoadsCommand, TheRealWaitMatrixNamesRank4) {
  MOESCOPE_REQUIRE_DATA("deepxtrace_ep16_dispatch_wait_sample.log");
  const auto file = test::shared_data("deepxtrace_ep16_dispatch_wait_sample.log").string();
  const auto document = loads({file});
  const auto& slow = document["wait_logs"][0]["matrices"][0]["slow"];
  ASSERT_EQ(slow.size(), 1U);
  EXPECT_EQ(slow[0]["kind"], "Comp-Slow");
  EXPECT_EQ(slow[0]["awaited_rank"], 4);
  EXPECT_TRUE(slow[0]["waiting_rank"].is_null());
}

TEST_F(LoadsCommand, ARecordingWithoutLoadsSaysSo) {
  MoetraceWriter writer(folder_ / "empty.moetrace");
  Progress progress;
  writer.finish(progress);
  const auto result = run_moescope({"loads", path("empty.moetrace")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("no expert loads"));
}

TEST_F(LoadsCommand, ChartsAreWrittenWithoutADisplay) {
  const auto file = record();
  const auto export_to = [&](std::vector<std::string> arguments, const std::string& name) {
    arguments.insert(arguments.begin(), {"export", file});
    arguments.insert(arguments.end(), {"-o", path(name)});
    const auto result = run_moescope(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return test::read_file(path(name));
  };
  EXPECT_THAT(export_to({"--chart", "load"}, "a.png"), StartsWith("\x89PNG"));
  EXPECT_THAT(export_to({"--chart", "balance"}, "a.svg"), HasSubstr("</svg>"));
  EXPECT_THAT(export_to({"--chart", "balance", "--theme", "dark"}, "a.pdf"), StartsWith("%PDF-"));
  EXPECT_THAT(export_to({"--chart", "load", "--scale", "linear"}, "a.csv"),
              HasSubstr("5,14,2,2,2"));
  EXPECT_THAT(
      export_to({"--chart", "load", "--scale", "linear", "--heatmap", "gpu-layer"}, "b.csv"),
      HasSubstr("0,16\n1,4\n"));
  EXPECT_THAT(export_to({"--chart", "balance", "--unit", "decode"}, "c.csv"),
              HasSubstr("5,12,1.3333"));
  EXPECT_EQ(run_moescope({"export", file, "--chart", "load", "--layer", "4", "-o", path("d.csv")})
                .exit_code,
            1);
}

TEST_F(LoadsCommand, TheReportHasLoadsAndBalance) {
  const auto result = run_moescope({"report", record(), "-o", path("r.html")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto html = test::read_file(path("r.html"));
  EXPECT_THAT(html, HasSubstr("Balance of expert loads"));
  EXPECT_THAT(html, HasSubstr("What was opened"));
  const auto dump =
      run_moescope({"report", write("d.csv", "1,2,3,4\n4,3,2,1\n"), "-o", path("d.html")});
  ASSERT_EQ(dump.exit_code, 0) << dump.err;
  EXPECT_THAT(test::read_file(path("d.html")), HasSubstr("Balance of expert loads"));
}

}  // namespace
}  // namespace moescope
