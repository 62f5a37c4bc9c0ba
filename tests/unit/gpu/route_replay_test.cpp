// Recorded routing instead of the gate's, and how skewed the workload's loads are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "core/trace/file/moetrace_writer.h"
#include "gpu/compute/local_forward.h"
#include "gpu/engine/cpu/cpu_backend.h"
#include "gpu/engine/engine.h"
#include "gpu/engine/layout.h"
#include "tests/support/data.h"
#include "tests/unit/gpu/gpu_test_support.h"
#include "tests/unit/gpu/serving_support.h"

namespace moescope::runtime {
namespace {

using test::error_of;
using test::served_model;
using test::small_options;
using test::TempFolder;
using ::testing::HasSubstr;

/// Routes of two texts of three and two tokens, for two layers and top-4.
void write_routes(const std::filesystem::path& path, int layers = 2, int top_k = 4) {
  TensorData ids{"topk_ids",
                 DType::U8,
                 {5, static_cast<std::uint64_t>(layers), static_cast<std::uint64_t>(top_k)},
                 {}};
  for (int i = 0; i < 5 * layers * top_k; ++i)
    ids.bytes.push_back(static_cast<std::byte>(i * 3 % 16));
  TensorData offsets{"text_offsets", DType::I64, {3}, std::vector<std::byte>(24)};
  offsets.bytes[8] = std::byte{3};
  offsets.bytes[16] = std::byte{5};
  write_safetensors(path, {ids, offsets}, {{"num_logical_experts", "16"}});
}

TEST(GpuRouteReplay, TokensOfATextFollowOneAnotherAndBeginAgain) {
  const TempFolder folder;
  write_routes(folder / "routes.safetensors");
  Progress progress;
  const auto replay =
      RouteReplay::read(folder / "routes.safetensors", served_model()->config, progress);
  EXPECT_TRUE(replay->by_token());
  const auto second = replay->routes(0, 1, 2, 0, 3);  // topic 1 of 2: the second text
  ASSERT_EQ(second.size(), 3U * 8U);
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(second[i], (3 * 8 + i) * 3 % 16);
    EXPECT_EQ(second[8 + i], (4 * 8 + i) * 3 % 16);
    EXPECT_EQ(second[16 + i], second[i]);
  }
  EXPECT_EQ(replay->routes(0, 0, 2, 0, 1)[5], 15);
}

TEST(GpuRouteReplay, WhatDoesNotFitTheModelIsRefused) {
  const TempFolder folder;
  const auto refusal = [&](int layers, int top_k) {
    write_routes(folder / "r.safetensors", layers, top_k);
    Progress progress;
    return error_of(
        [&] { RouteReplay::read(folder / "r.safetensors", served_model()->config, progress); });
  };
  EXPECT_THAT(refusal(3, 4), HasSubstr("of 3 MoE layers, the model has 2"));
  EXPECT_THAT(refusal(2, 6), HasSubstr("of 6 experts per token, the model has 4"));
  ModelConfig small = served_model()->config;
  small.experts = 12;
  write_routes(folder / "r.safetensors");
  Progress progress;
  EXPECT_THAT(error_of([&] { RouteReplay::read(folder / "r.safetensors", small, progress); }),
              HasSubstr("16 experts"));
}

TEST(GpuRouteReplay, CountsOfARecordingAreDrawnInProportion) {
  const TempFolder folder;
  {
    MoetraceWriter writer(folder / "a.moetrace");
    for (int window = 0; window < 2; ++window)
      for (int layer = 1; layer <= 2; ++layer) {
        LoadRow row{window * 1000, window * 1000 + 1000, layer, "logical", std::nullopt, {}};
        for (int expert = 0; expert < 16; ++expert)
          row.counts.push_back(expert % 2 == window ? 100U : 0U);
        writer.add_loads(row);
      }
    Progress progress;
    writer.finish(progress);
  }
  Progress progress;
  const auto replay = RouteReplay::read(folder / "a.moetrace", served_model()->config, progress);
  EXPECT_FALSE(replay->by_token());
  for (const double seconds : {0.2, 1.5, 2.5}) {
    const auto routes = replay->routes(7, 0, 6, seconds, 50);
    ASSERT_EQ(routes.size(), 400U);
    for (const auto expert : routes) EXPECT_EQ(expert % 2, seconds > 1 && seconds < 2);
    for (std::size_t i = 0; i < 400; i += 4)
      EXPECT_EQ(std::set<int>(routes.begin() + static_cast<std::ptrdiff_t>(i),
                              routes.begin() + static_cast<std::ptrdiff_t>(i) + 4)
                    .size(),
                4U);
  }
}

TEST(GpuRouteReplay, ServedLoadsAreThoseOfTheRoutes) {
  const TempFolder folder;
  write_routes(folder / "routes.safetensors");
  Progress progress;
  EngineOptions options = small_options();
  options.workload.topics = 2;
  options.replay =
      RouteReplay::read(folder / "routes.safetensors", served_model()->config, progress);
  {
    MoetraceWriter writer(folder / "run.moetrace");
    Recorder recorder(writer, recorded_ranks(options, served_model()->config), {}, 0);
    Engine engine(cpu_backend(), served_model(), options, std::nullopt, &recorder);
    engine.run({0, 30}, progress);
    recorder.finish();
    Progress writing;
    writer.finish(writing);
  }
  // In layer 0 tokens of these texts go to these experts only.
  std::set<int> possible;
  for (std::size_t token = 0; token < 5; ++token)
    for (std::size_t k = 0; k < 4; ++k) possible.insert(static_cast<int>((token * 8 + k) * 3 % 16));
  ASSERT_LT(possible.size(), 16U);
  std::uint64_t tokens = 0;
  for (const LoadRow& row : read_load_rows(folder / "run.moetrace"))
    if (row.space == "logical" && row.layer == 1)
      for (std::size_t expert = 0; expert < row.counts.size(); ++expert) {
        tokens += row.counts[expert];
        EXPECT_TRUE(possible.contains(static_cast<int>(expert)) || row.counts[expert] == 0)
            << "expert " << expert;
      }
  EXPECT_GT(tokens, 0U);
}

TEST(GpuRouteReplay, RealRoutesFitTheLiteModel) {
  MOESCOPE_REQUIRE_DATA("esft_intent_topk_ids.safetensors");
  const auto path = moescope::test::shared_data("esft_intent_topk_ids.safetensors");
  Progress progress;
  const auto replay = RouteReplay::read(path, tiny_lite_config(), progress);
  EXPECT_TRUE(replay->by_token());
  const auto routes = replay->routes(3, 2, 6, 0, 10);
  EXPECT_EQ(routes.size(), 10U * 26U * 6U);
  EXPECT_THAT(error_of([&] { RouteReplay::read(path, tiny_config(), progress); }),
              HasSubstr("tiny-lite"));
}

/// Expert counts [layer][expert] of the prompts that arrive in [begin, end) seconds.
std::vector<std::vector<double>> loads_between(const Model& model, double begin, double end) {
  Workload workload(parse_workload("rate=6,seed=3"), model.config.vocab);
  std::vector<std::vector<double>> loads(
      static_cast<std::size_t>(model.config.moe_layers()),
      std::vector<double>(static_cast<std::size_t>(model.config.experts)));
  const std::shared_ptr<const Model> borrowed(std::shared_ptr<const Model>(), &model);
  while (static_cast<double>(workload.next_arrival()) < end * 1e9) {
    const Request request = workload.next();
    if (static_cast<double>(request.arrival) < begin * 1e9) continue;
    LocalForward forward(borrowed, 64, 4);
    KvSequence sequence;
    EXPECT_TRUE(forward.cache().reserve(sequence, static_cast<int>(request.prompt.size())));
    std::vector<TokenRow> rows;
    for (int t = 0; t < static_cast<int>(request.prompt.size()); ++t)
      rows.push_back({&sequence, t});
    forward.run(request.prompt, rows);
    for (std::size_t layer = 0; layer < loads.size(); ++layer)
      for (const int expert : forward.routing()[layer].experts)
        ++loads[layer][static_cast<std::size_t>(expert)];
  }
  return loads;
}

/// Max over mean load of ranks with `each` consecutive experts.
double imbalance(const std::vector<double>& loads, std::size_t each) {
  std::vector<double> ranks(loads.size() / each);
  for (std::size_t expert = 0; expert < loads.size(); ++expert)
    ranks[expert / each] += loads[expert];
  return *std::max_element(ranks.begin(), ranks.end()) * static_cast<double>(ranks.size()) /
         std::accumulate(ranks.begin(), ranks.end(), 0.0);
}

TEST(GpuWorkload, LoadsOfContiguousExpertsAreSkewedAndDriftWithTheTopics) {
  Progress progress;
  const auto model = load_model("tiny", 1, progress);
  const auto early = loads_between(*model, 0, 4), late = loads_between(*model, 10, 14);
  double mean = 0, drift = 0;
  for (std::size_t layer = 0; layer < early.size(); ++layer) {
    mean += imbalance(early[layer], 8) / static_cast<double>(early.size());
    const double a = std::accumulate(early[layer].begin(), early[layer].end(), 0.0),
                 b = std::accumulate(late[layer].begin(), late[layer].end(), 0.0);
    double moved = 0;  // share of the tokens that goes to other experts
    for (std::size_t expert = 0; expert < early[layer].size(); ++expert)
      moved += std::abs(early[layer][expert] / a - late[layer][expert] / b) / 2;
    drift += moved / static_cast<double>(early.size());
  }
  RecordProperty("imbalance", std::to_string(mean));
  RecordProperty("drift", std::to_string(drift));
  std::printf("imbalance %.2f, drift %.2f\n", mean, drift);
  EXPECT_GT(mean, 1.2);
  EXPECT_GT(drift, 0.1);
}

}  // namespace
}  // namespace moescope::runtime
