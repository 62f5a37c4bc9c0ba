// Dumps that the engines' own code wrote, against the counts that it was fed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/loads/engine_figures.h"
#include "core/loads/open/join_loads.h"
#include "core/loads/open/open_loads.h"
#include "core/loads/open/sniff.h"
#include "tests/support/data.h"

namespace moescope {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;

json truth_of(const std::string& name) {
  std::ifstream file(test::shared_data("engine_dumps/" + name));
  return json::parse(file);
}

class EngineDumps : public testing::Test {
 protected:
  static std::filesystem::path at(const std::string& name) {
    return test::shared_data("engine_dumps/" + name);
  }
  LoadSet read(const std::string& name) { return read_loads(at(name), progress_); }
  /// The layers of one fed pass that have a router.
  static LayerLoads fed(const json& pass, const LoadSet& loads) {
    LayerLoads layers;
    for (const int l : loads.layer_ids)
      layers.push_back(pass.at(static_cast<std::size_t>(l)).get<std::vector<double>>());
    return layers;
  }
  Progress progress_;
};

TEST_F(EngineDumps, SglangStatIsInTheOrderOfTimeWhereThatCanBeKnown) {
  MOESCOPE_REQUIRE_DATA("engine_dumps/sglang/stat/truth.json");
  const auto truth = truth_of("sglang/stat/truth.json");
  for (std::size_t dump = 0; dump < 2; ++dump) {
    const auto loads = read("sglang/stat/" + truth["files"][dump].get<std::string>());
    EXPECT_EQ(loads.layer_ids, (std::vector<int>{3, 4, 5, 6, 7, 8}));
    EXPECT_EQ(loads.dropped_layers, 3);
    EXPECT_TRUE(loads.ordered_in_time) << dump;
    const auto& passes = truth["dumps"][dump];
    ASSERT_EQ(loads.windows.size(), passes.size());
    for (std::size_t p = 0; p < passes.size(); ++p)
      EXPECT_EQ(loads.windows[p], fed(passes[p], loads)) << dump << ", pass " << p;
  }
  EXPECT_THAT(read("sglang/stat/" + truth["files"][1].get<std::string>()).notes,
              Contains(HasSubstr("rows from 7 on come before rows 0..2")));
}

TEST_F(EngineDumps, AnOverflownSglangBufferIsExactButHasNoOrder) {
  MOESCOPE_REQUIRE_DATA("engine_dumps/sglang/stat/truth.json");
  const auto truth = truth_of("sglang/stat/truth.json");
  const auto loads = read("sglang/stat/" + truth["files"][2].get<std::string>());
  EXPECT_FALSE(loads.ordered_in_time);
  ASSERT_EQ(loads.windows.size(), 10U);
  std::vector<LayerLoads> newest;
  const auto& passes = truth["dumps"][2];
  for (std::size_t p = passes.size() - 10; p < passes.size(); ++p)
    newest.push_back(fed(passes[p], loads));
  EXPECT_THAT(loads.windows, testing::UnorderedElementsAreArray(newest));
}

TEST_F(EngineDumps, SglangStatAcrossARebalanceIsWhatTheFileHoldsWithANote) {
  MOESCOPE_REQUIRE_DATA("engine_dumps/sglang/stat_rebalanced/truth.json");
  const auto truth = truth_of("sglang/stat_rebalanced/truth.json");
  const auto loads = read("sglang/stat_rebalanced/" + truth["files"][0].get<std::string>());
  EXPECT_THAT(loads.notes, Contains(HasSubstr("rebalanced while it recorded")));
  ASSERT_EQ(loads.windows.size(), 6U);
  // Tokens are all there, and those of the passes after the change name the right experts.
  const auto total = [](const LayerLoads& window) {
    double sum = 0;
    for (const auto& row : window)
      for (const double v : row) sum += v;
    return sum;
  };
  for (std::size_t p = 0; p < 6; ++p) {
    const auto expected = fed(truth["dumps"][0][p], loads);
    EXPECT_EQ(total(loads.windows[p]), total(expected));
    if (p >= 3) {
      EXPECT_EQ(loads.windows[p], expected) << p;
    }
  }
}

TEST_F(EngineDumps, SglangPassesAreExactAndTheirFiguresAreThoseOfTheEngines) {
  for (const std::string name : {"sglang/per_pass", "sglang/per_token"}) {
    MOESCOPE_REQUIRE_DATA(("engine_dumps/" + name + "/truth.json"));
    const auto truth = truth_of(name + "/truth.json");
    const auto loads = read(name);
    EXPECT_EQ(loads.num_gpus, 4);
    EXPECT_TRUE(loads.ordered_in_time);
    const auto& passes = truth["dumps"][0];
    ASSERT_EQ(loads.windows.size(), passes.size());
    for (std::size_t p = 0; p < passes.size(); ++p)
      EXPECT_EQ(loads.windows[p], fed(passes[p], loads)) << name << ", pass " << p;
    std::vector<std::vector<int>> map;
    for (const int l : loads.layer_ids)
      map.push_back(truth["last_map"][static_cast<std::size_t>(l)].get<std::vector<int>>());
    EXPECT_EQ(loads.running_map, map);
  }
  const auto loads = read("sglang/per_pass");
  const auto figures = engine_figures(loads, 0, static_cast<int>(loads.windows.size()), {});
  ASSERT_TRUE(figures);
  EXPECT_TRUE(figures->measured);
  // By SGLang's own formula on the slots' counts; over the layers with a router alone it is 0.720.
  EXPECT_NEAR(figures->sglang_balancedness, 0.8132436174553282, 1e-9);
}

TEST_F(EngineDumps, TensorRtFoldersAreExactAndTheirRatioIsThatOfTheReport) {
  MOESCOPE_REQUIRE_DATA("engine_dumps/trtllm/r1_like/truth.json");
  const auto truth = truth_of("trtllm/r1_like/truth.json");
  const auto loads = read("trtllm/r1_like");
  ASSERT_EQ(loads.windows.size(), truth.size());
  std::size_t window = 0;
  for (const auto& [iteration, layers] : truth.items()) {
    for (std::size_t l = 0; l < loads.layer_ids.size(); ++l)
      EXPECT_EQ(loads.windows[window][l],
                layers[std::to_string(loads.layer_ids[l])].get<std::vector<double>>());
    ++window;
  }
  const auto figures = engine_figures(loads, 0, static_cast<int>(loads.windows.size()), {});
  ASSERT_TRUE(figures);
  EXPECT_NEAR(figures->trtllm_imbalance_ratio.front(), 0.1813, 0.00005);  // layer 3
}

TEST_F(EngineDumps, RoutedExpertsAreRoutesNeverCounts) {
  MOESCOPE_REQUIRE_DATA("engine_dumps/vllm/chat_reply.json");
  std::vector<LoadSet> sets;
  for (const std::string name : {"vllm/routed_experts_uint8.npy", "vllm/routed_experts_int32.npy",
                                 "vllm/chat_reply.json", "sglang_generate_reply.json"}) {
    EXPECT_EQ(sniff_load_input(at(name)), LoadInput::Loads) << name;
    sets.push_back(read(name));
    const auto& loads = sets.back();
    EXPECT_EQ(loads.routes.tokens(), 200U) << name;
    EXPECT_EQ(loads.routes.layers, 8) << name;
    EXPECT_EQ(loads.top_k, 6) << name;
    double tokens = 0;
    for (const double v : loads.windows[0][0]) tokens += v;
    EXPECT_EQ(tokens, 200 * 6) << name;
  }
  EXPECT_EQ(sets[0].routes.experts, sets[1].routes.experts);
  EXPECT_EQ(sets[0].routes.experts, sets[2].routes.experts);
  EXPECT_EQ(sets[0].windows, sets[3].windows);
}

TEST_F(EngineDumps, ABareTensorOfVllmAscendIsLoads) {
  MOESCOPE_REQUIRE_DATA("engine_dumps/ascend/eplb_strategy_workload.pt");
  const auto loads = read("ascend/eplb_strategy_workload.pt");
  EXPECT_EQ(loads.windows.size(), 1U);
  EXPECT_EQ(loads.layers(), 6);
  EXPECT_EQ(loads.experts, 32);
  EXPECT_TRUE(loads.routes.experts.empty());
}

/// Values of a series, as the log prints them.
std::vector<double> values_of(const BalanceLog& log, const std::string& name) {
  for (const auto& series : log.series)
    if (series.name == name) {
      std::vector<double> values;
      for (const auto& point : series.points) values.push_back(point.value);
      return values;
    }
  return {};
}

void expect_near(const std::vector<double>& found, const std::vector<double>& expected,
                 double rounding) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], rounding);
}

TEST_F(EngineDumps, BalanceLinesOfAllEnginesAreWhatTheyComputed) {
  MOESCOPE_REQUIRE_DATA("engine_dumps/ascend/server.log");
  const auto ascend = truth_of("ascend/server_truth.json");
  const auto column = [&](const char* key) {
    std::vector<double> values;
    for (const auto& row : ascend) values.push_back(row[key]);
    return values;
  };
  for (const std::string name : {"ascend/server.log", "ascend/server_prefixed.log"}) {
    EXPECT_EQ(sniff_load_input(at(name)), LoadInput::BalanceLog) << name;
    const auto log = read_balance_log(at(name), progress_);
    expect_near(values_of(log, "mean over layers, before"), column("current_mean"), 0.0006);
    expect_near(values_of(log, "worst layer, before"), column("current_max"), 0.0006);
    expect_near(values_of(log, "mean over layers, after (predicted)"), column("update_mean"),
                0.0006);
    expect_near(values_of(log, "worst layer, after (predicted)"), column("update_max"), 0.0006);
  }
  const auto vllm = read_balance_log(at("vllm/server.log"), progress_);
  std::vector<double> balancedness;
  for (const auto& row : truth_of("vllm/server_truth.json"))
    balancedness.push_back(row["balancedness"]);
  expect_near(values_of(vllm, "model deepseek-ai/DeepSeek-V3"), balancedness, 0.00006);
  const auto sglang = read_balance_log(at("sglang_server.log"), progress_);
  expect_near(values_of(sglang, "current pass"),
              truth_of("sglang_server_truth.json").get<std::vector<double>>(), 0.0006);
}

}  // namespace
}  // namespace moescope
