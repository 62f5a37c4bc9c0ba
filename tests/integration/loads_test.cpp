// `moescope loads`, and its charts and report, on recordings, dumps and logs as a user runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/trace/file/moetrace_writer.h"
#include "tests/support/data.h"
#include "tests/support/engine_dumps.h"
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
    EXPECT_THAT(result.err, testing::Not(HasSubstr("units")));  // no guess that needs a note
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

TEST_F(LoadsCommand, ArraysThatCouldBeEitherAreAskedAndTheAnswerIsTaken) {
  const auto file =
      write("a.npy", test::npy_file("<i4", "(2, 1, 2)", test::int32_bytes({1, 2, 3, 4})));
  const auto asked = run_moescope({"loads", file});
  EXPECT_EQ(asked.exit_code, 1);
  EXPECT_THAT(asked.err, HasSubstr("--as counts or --as routes"));
  EXPECT_EQ(loads({file, "--as", "counts"})["loads"][0]["windows"], 2);
  const auto routes = loads({file, "--as", "routes", "--experts", "8"})["loads"][0];
  EXPECT_EQ(routes["routes"], 2);
  EXPECT_EQ(routes["experts"], 8);
  EXPECT_EQ(run_moescope({"loads", file, "--as", "plans"}).exit_code, 2);
}

TEST_F(LoadsCommand, WhatWasReadCanBeWrittenForEveryOtherCommand) {
  const auto file =
      write("a.npy", test::npy_file("<i4", "(2, 1, 2)", test::int32_bytes({1, 2, 3, 4})));
  loads({file, "--as", "counts", "-o", path("counts.json")});
  const auto again = loads({path("counts.json"), "--layer", "0"})["loads"][0];
  EXPECT_EQ(again["windows"], 2);
  EXPECT_EQ(again["ordered_in_time"], true);
  EXPECT_EQ(again["layers_detail"][0]["load"], json({4, 6}));
  EXPECT_EQ(run_moescope({"loads", file, file, "--as", "counts", "-o", path("b.json")}).exit_code,
            1);
}

TEST_F(LoadsCommand, FiguresNamedAfterEnginesAreTheirs) {
  MOESCOPE_REQUIRE_DATA("engine_dumps/sglang/per_pass/truth.json");
  const auto passes = test::shared_data("engine_dumps/sglang/per_pass").string();
  const auto figures = loads({passes})["loads"][0]["engine_figures"];
  EXPECT_EQ(figures["gpu_loads"], "measured");
  EXPECT_NEAR(figures["sglang_balancedness"].get<double>(), 0.8132, 0.0001);
  EXPECT_THAT(run_moescope({"loads", passes}).out, HasSubstr("SGLang balancedness 0.813"));
  const auto report = loads({test::shared_data("engine_dumps/trtllm/r1_like").string()});
  EXPECT_NEAR(report["loads"][0]["layers_detail"][0]["trtllm_imbalance_ratio"].get<double>(),
              0.1813, 0.0001);
  EXPECT_TRUE(loads({write("d.csv", "1,2\n")})["loads"][0]["engine_figures"].is_null());
}

TEST_F(LoadsCommand, APlacementInATorchFileIsAPlan) {
  MOESCOPE_REQUIRE_DATA("engine_dumps/sglang/per_pass/truth.json");
  const auto truth =
      json::parse(test::read_file(test::shared_data("engine_dumps/sglang/per_pass/truth.json")));
  const auto import = [&](const std::string& file, std::vector<std::string> more) {
    std::vector<std::string> command = {"plan",   "import", file,          "--engine",
                                        "sglang", "-o",     path("p.json")};
    command.insert(command.end(), more.begin(), more.end());
    return run_moescope(command);
  };
  const auto plan = [&] { return json::parse(test::read_file(path("p.json"))); };
  const auto folder = test::shared_data("engine_dumps/sglang/per_pass");
  auto result = import(folder.string(), {});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("last placement of the dump"));
  EXPECT_EQ(plan()["physical_to_logical_map"], truth["last_map"]);
  EXPECT_EQ(plan()["num_gpus"], 4);
  const auto one = (folder / truth["files"][0].get<std::string>()).string();
  EXPECT_THAT(import(one, {}).err, HasSubstr("--gpus"));
  ASSERT_EQ(import(one, {"--gpus", "4"}).exit_code, 0);
  EXPECT_EQ(plan()["physical_to_logical_map"], truth["last_map"]);
  ASSERT_EQ(import(test::shared_data("engine_dumps/plans/sgl_plan.pt").string(), {"--gpus", "4"})
                .exit_code,
            0);
  EXPECT_EQ(plan()["physical_to_logical_map"],
            json::parse(test::read_file(
                test::shared_data("engine_dumps/plans/sgl.json")))["physical_to_logical_map"]);
  EXPECT_EQ(
      run_moescope({"plan", "import", one, "--engine", "vllm", "-o", path("q.json")}).exit_code, 1);
}

/// Runs the command in at most 4 GB of address space, as the attack that found it.
test::ProgramResult within_4_gb(const std::string& file) {
  return test::StartedProgram(
             {"bash", "-c", "ulimit -v 4000000; exec \"$0\" loads \"$1\"", MOESCOPE_PROGRAM, file})
      .result();
}

TEST_F(LoadsCommand, LargeNonsenseIsRefusedBeforeItsMemoryIsTaken) {
  std::string rows, windows;
  for (int i = 0; i < 3'000'000; ++i) rows += "1,2\n";
  for (int i = 0; i < 4'500'000; ++i) windows += "1\n\n";
  const auto sparse = path("sparse");
  write("sparse", "");
  std::filesystem::resize_file(sparse, std::uintmax_t{5} << 30);
  const auto pipe = path("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (const auto& file :
       {write("rows.csv", rows), write("windows.csv", windows), sparse, pipe,
        std::string("/dev/zero"), write("deep.json", std::string(5 << 20, '['))}) {
    const auto result = within_4_gb(file);
    EXPECT_EQ(result.exit_code, 1) << file;
    EXPECT_THAT(result.err, HasSubstr(file));
    EXPECT_THAT(result.err, testing::Not(HasSubstr("bad_alloc"))) << file;
  }
}

}  // namespace
}  // namespace moescope
