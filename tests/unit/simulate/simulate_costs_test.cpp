// The cost model against figures worked out by hand and against published measurements.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "core/error.h"
#include "core/placement/eplb/eplb.h"
#include "core/simulate/model/footprint.h"
#include "core/simulate/step/costs.h"
#include "core/simulate/step/traffic.h"
#include "tests/support/gate_routes.h"
#include "tests/support/scenario_maker.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using test::ideal;
using test::rolling_plan;
using testing::HasSubstr;

std::vector<double> even_share(const Plan& plan) {
  return std::vector<double>(static_cast<std::size_t>(plan.slot_count()), 1.0);
}

TEST(Description, EveryCompiledInOneLoads) {
  for (const auto* name : {"h800", "h100", "h200"}) {
    const auto h = load_hardware(name);
    EXPECT_EQ(h.name, name);
    EXPECT_EQ(h.sources.size(), hardware_constants().size());
    for (const auto& [constant, source] : h.sources) EXPECT_FALSE(source.empty()) << constant;
  }
  for (const auto* name :
       {"deepseek-v3", "deepseek-v2-lite", "qwen3-30b-a3b", "olmoe-1b-7b", "tiny"})
    EXPECT_EQ(load_model_shape(name).name, name);
  for (const auto* name : {"prefill32", "decode320", "prefill32-dp", "decode144", "decode128"})
    EXPECT_EQ(load_unit(name).name, name);
  const auto prefill = load_unit("prefill32");
  EXPECT_EQ(prefill.comm_sms, 20);
  EXPECT_EQ(prefill.slot_count - load_model_shape("deepseek-v3").experts, 32);
}

TEST(Description, SaysWhatIsWrongAndWhere) {
  const test::TempFolder folder;
  const auto path = (folder / "unit.json").string();
  const auto error_of = [&](const std::string& text) {
    std::ofstream(path) << text;
    try {
      load_unit(path);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  const std::string good = R"("schema":1,"name":"u","phase":"decode","gpus":8,"nodes":2,)"
                           R"("slots":16,"tokens_per_gpu":4,"context":100)";
  EXPECT_EQ(error_of("{" + good + "}"), "no error");
  EXPECT_THAT(error_of("{" + good + ",\"sm\":3}"), HasSubstr("sm"));
  EXPECT_THAT(error_of("{" + good + ",\"micro_batches\":3}"), HasSubstr("micro_batches"));
  EXPECT_THAT(error_of(R"({"schema":2})"), HasSubstr("schema"));
  EXPECT_THAT(error_of(R"({"schema":1,"name":"u","phase":"rest"})"), HasSubstr("phase"));
  EXPECT_THAT(error_of("[1]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(error_of("{\"schema\":1,"), HasSubstr("not a JSON object"));
  EXPECT_THROW(load_unit("decode9000"), Error);
  EXPECT_THROW(load_hardware((folder / "absent.json").string()), Error);
}

TEST(ModelShape, DeepSeekV3ByHand) {
  const auto v3 = load_model_shape("deepseek-v3");
  EXPECT_EQ(v3.moe_layers(), 58);
  EXPECT_DOUBLE_EQ(v3.expert_bytes(), 44'050'944);  // 3 x 7168 x 2048 and a scale a 128x128 block
  EXPECT_DOUBLE_EQ(v3.expert_flops(), 88'080'384);
  EXPECT_DOUBLE_EQ(v3.dispatch_bytes(), 7168 + 4 * 56);
  EXPECT_DOUBLE_EQ(v3.combine_bytes(), 14336);
  EXPECT_DOUBLE_EQ(v3.cache_bytes(), 2 * 576);
  // q 7168x1536 + 1536x24576, kv 7168x576 + 512x32768, o 16384x7168
  EXPECT_DOUBLE_EQ(v3.attention_weights(), 187'105'280);
  EXPECT_DOUBLE_EQ(v3.attention_core_flops(10, false), 2 * 128 * 320 * 10);
  EXPECT_DOUBLE_EQ(v3.attention_core_flops(10, true), 2 * 128 * 1088 * 10);
}

TEST(ModelShape, GroupedQueryByHand) {
  const auto qwen = load_model_shape("qwen3-30b-a3b");
  EXPECT_DOUBLE_EQ(qwen.expert_bytes(), 2.0 * 3 * 2048 * 768);
  EXPECT_DOUBLE_EQ(qwen.attention_weights(), 2048.0 * 128 * (2 * 32 + 2 * 4));
  EXPECT_DOUBLE_EQ(qwen.cache_bytes(), 2.0 * 2 * 4 * 128);
  EXPECT_DOUBLE_EQ(qwen.attention_core_flops(7, false), 4.0 * 32 * 128 * 7);
}

/// Peaks: 13 us to read an expert, 44.5 ns per token, the two meet at 295 tokens; 206 on an H200.
TEST(ExpertTime, RegimesMeetWhereTheyShould) {
  const auto v3 = load_model_shape("deepseek-v3");
  const auto on = [&](const char* name, double tokens) {
    return expert_time({tokens}, v3, rates_on(ideal(name), v3, 132), 1);
  };
  EXPECT_NEAR(on("h800", 1).weights, 13.15e-6, 0.01e-6);
  EXPECT_NEAR(on("h800", 1).compute, 44.5e-9, 0.1e-9);
  EXPECT_TRUE(on("h800", 256).memory_bound());
  EXPECT_TRUE(on("h800", 295).memory_bound());
  EXPECT_FALSE(on("h800", 296).memory_bound());
  EXPECT_TRUE(on("h200", 206).memory_bound());
  EXPECT_FALSE(on("h200", 207).memory_bound());
  // Below the crossover the tokens do not matter, above they do.
  EXPECT_DOUBLE_EQ(on("h800", 10).total, on("h800", 290).total);
  EXPECT_LT(on("h800", 300).total, on("h800", 600).total);
}

TEST(ExpertTime, TilesRoundUpAndIdleSlotsCostNothing) {
  const auto v3 = load_model_shape("deepseek-v3");
  const auto rates = rates_on(ideal("h800"), v3, 132);
  const auto time = [&](const std::vector<double>& tokens) {
    return expert_time(tokens, v3, rates, 128);
  };
  EXPECT_DOUBLE_EQ(time({513}).total, time({640}).total);
  EXPECT_DOUBLE_EQ(time({640}).compute, 640 * 88'080'384.0 / 1979e12);
  EXPECT_DOUBLE_EQ(time({640, 0, 0}).total, time({640}).total);
  EXPECT_DOUBLE_EQ(time({0, 0}).total, 0);
  EXPECT_DOUBLE_EQ(time({1, 1}).weights, 2 * time({1}).weights);  // each replica is read
  EXPECT_DOUBLE_EQ(expert_time({640}, v3, rates_on(ideal("h800"), v3, 66), 128).compute,
                   2 * time({640}).compute);
}

TEST(SmShares, CommunicationTakesItsSmsFromCompute) {
  const auto hardware = load_hardware("h800");
  auto unit = load_unit("prefill32");
  EXPECT_EQ(share_sms(hardware, unit).main, 112);
  unit.comm_sms = 0;
  EXPECT_EQ(share_sms(hardware, unit).main, 132);
  unit.comm_sms = 20;
  unit.micro_batches = 1;  // nothing runs beside communication
  EXPECT_EQ(share_sms(hardware, unit).main, 132);
  unit.micro_batches = 2;
  unit.comm_sms = 132;
  EXPECT_THROW(share_sms(hardware, unit), Error);
  const auto decode = load_unit("decode320");
  EXPECT_EQ(share_sms(hardware, decode).side, 48);
  EXPECT_EQ(share_sms(hardware, decode).main, 84);
}

/// Remote nodes per token with top-4 of 8 groups on 4 nodes: a simulated gate gave 2.375 where
/// groups stay on their node and 2.73 where experts lie anywhere.
TEST(Traffic, ATokenCrossesOncePerNodeWithinTheGroupLimit) {
  const auto v3 = load_model_shape("deepseek-v3");
  const auto own = rolling_plan(32, 4, 256, 256, 1, 8);
  const auto traffic =
      normal_traffic(own, visits_of_gate(own, own.physical_to_logical[0], even_share(own), v3), 1);
  EXPECT_NEAR(traffic.remote_nodes_per_token, 2.357, 0.001);  // 3 x (1 - C(6,4) / C(8,4))
  auto mixed = own;
  for (std::size_t s = 0; s < 256; ++s)
    mixed.physical_to_logical[0][s] = static_cast<int>(s % 32 * 8 + s / 32);
  const auto anywhere = normal_traffic(
      mixed, visits_of_gate(mixed, mixed.physical_to_logical[0], even_share(mixed), v3), 1);
  EXPECT_NEAR(anywhere.remote_nodes_per_token, 2.73, 0.05);
  EXPECT_LE(anywhere.nodes_per_token, 4.0);
  EXPECT_LE(anywhere.gpus_per_token, 8.0);
}

/// Visits by the loads alone against those of tokens whose routes are known, which the gate of
/// tests/support chose one by one.
TEST(Traffic, VisitsOfTheGateAreThoseOfItsTokens) {
  const auto v3 = load_model_shape("deepseek-v3");
  auto loads = test::r1_loads();
  loads = {loads[3], loads[30], loads[57]};  // even, uneven, very uneven
  const auto routes = test::gate_routes(loads, 4000, v3.groups, v3.top_groups, v3.top_k, 11);
  const auto routed = test::loads_of_routes(routes, v3.experts);
  auto spread = rolling_plan(32, 4, 256, 256, 3, 8);
  for (auto& row : spread.physical_to_logical)
    for (std::size_t s = 0; s < 256; ++s) row[s] = static_cast<int>(s % 32 * 8 + s / 32);
  auto replicated = eplb_plan(routed, 288, 1, 1, 32);
  replicated.num_nodes = 4;
  for (const Plan& plan : {rolling_plan(32, 4, 256, 256, 3, 8), spread, replicated})
    for (std::size_t l = 0; l < routed.size(); ++l) {
      const auto& row = plan.physical_to_logical[l];
      const auto replicas = replica_counts(row, plan.num_experts);
      const double total = std::accumulate(routed[l].begin(), routed[l].end(), 0.0);
      std::vector<double> share, weight;
      for (const int e : row) {
        weight.push_back(1.0 / replicas[static_cast<std::size_t>(e)]);
        share.push_back(routed[l][static_cast<std::size_t>(e)] * weight.back() / total);
      }
      const auto sum = [](const std::vector<double>& v) {
        return std::accumulate(v.begin(), v.end(), 0.0);
      };
      const auto gate = visits_of_gate(plan, row, share, v3);
      const auto seen = visits_of_routes(plan, row, weight, static_cast<int>(l), routes);
      EXPECT_NEAR(sum(gate.gpu) / sum(seen.gpu), 1, 0.012) << "layer " << l;
      EXPECT_NEAR(sum(gate.node) / sum(seen.node), 1, 0.012) << "layer " << l;
    }
}

TEST(Traffic, RoutesByHand) {
  auto plan = rolling_plan(4, 2, 4, 4, 1);  // experts 0 1 on node 0, 2 3 on node 1
  Routes routes;
  routes.layers = 1;
  routes.top_k = 2;
  // Tokens 0..3 come from GPUs 0..3, nodes 0 0 1 1.
  routes.experts = {0, 1, 2, 3, 0, 2, 3, -1};
  const auto visits = visits_of_routes(plan, plan.physical_to_logical[0], {1, 1, 1, 1}, 0, routes);
  EXPECT_EQ(visits.gpu, (std::vector<double>{0.5, 0.25, 0.5, 0.5}));
  // Foreign tokens: 2 of each node. Token 2 goes to node 0; token 1 to node 1.
  EXPECT_EQ(visits.node, (std::vector<double>{0.5, 0.5}));
  const auto traffic = normal_traffic(plan, visits, 100);
  EXPECT_EQ(traffic.ib_in, (std::vector<double>{50, 50, 50, 50}));
  EXPECT_EQ(traffic.ib_out, (std::vector<double>{50, 50, 50, 50}));
  EXPECT_EQ(traffic.nvlink_in, (std::vector<double>{200, 100, 200, 200}));
  EXPECT_EQ(traffic.nvlink_out, (std::vector<double>{150, 150, 200, 200}));
}

TEST(Traffic, DecodeSendsEachChoiceOnItsOwn) {
  const auto plan = rolling_plan(4, 2, 4, 4, 1);
  const auto traffic = low_latency_traffic(plan, {40, 0, 20, 20});
  EXPECT_EQ(traffic.ib_in, (std::vector<double>{20, 0, 10, 10}));
  EXPECT_EQ(traffic.nvlink_in, (std::vector<double>{20, 0, 10, 10}));
  EXPECT_EQ(traffic.ib_out, (std::vector<double>{10, 10, 10, 10}));
}

/// DeepEP V1 on H800 with 4,096 tokens, top 8 of 256, at most 4 nodes: GB/s as its test counts
/// them.
TEST(Anchors, PrefillAllToAllIsWithinAQuarterOfDeepEp) {
  const auto hardware = load_hardware("h800");
  struct Anchor {
    int gpus;
    double dispatch, combine;
  };
  for (const auto& a :
       {Anchor{8, 153, 158}, Anchor{16, 43, 43}, Anchor{32, 58, 57}, Anchor{64, 51, 50}}) {
    auto v3 = load_model_shape("deepseek-v3");
    v3.groups = a.gpus / 8;
    v3.top_groups = std::min(v3.groups, 4);
    const auto plan = rolling_plan(a.gpus, a.gpus / 8, 256, 256, 1, v3.groups);
    const auto traffic = normal_traffic(
        plan, visits_of_gate(plan, plan.physical_to_logical[0], even_share(plan), v3), 4096);
    const double copies = a.gpus == 8 ? traffic.gpus_per_token : traffic.nodes_per_token;
    const auto reached = [&](double bytes) {
      return copies * 4096 * bytes /
             transfer_time(traffic, bytes, hardware, Phase::Prefill, 24).seconds / 1e9;
    };
    EXPECT_LT(std::abs(std::log(reached(v3.dispatch_bytes()) / a.dispatch)), std::log(1.25))
        << a.gpus << " GPUs: " << reached(v3.dispatch_bytes());
    EXPECT_LT(std::abs(std::log(reached(v3.combine_bytes()) / a.combine)), std::log(1.25))
        << a.gpus << " GPUs: " << reached(v3.combine_bytes());
  }
}

/// DeepEP V1 low latency on H800 with 128 tokens.
TEST(Anchors, DecodeAllToAllIsWithinATenthOfDeepEp) {
  const auto hardware = load_hardware("h800");
  const auto v3 = load_model_shape("deepseek-v3");
  struct Anchor {
    int gpus;
    double dispatch, combine;
  };
  for (const auto& a : {Anchor{8, 77, 114}, Anchor{16, 118, 195}, Anchor{32, 155, 273},
                        Anchor{64, 173, 314}, Anchor{128, 192, 369}, Anchor{256, 194, 360}}) {
    const auto plan = rolling_plan(a.gpus, a.gpus / 8, 256, 256, 1);
    const auto traffic =
        low_latency_traffic(plan, std::vector<double>(static_cast<std::size_t>(a.gpus), 128 * 8));
    const auto time = [&](double bytes) {
      return transfer_time(traffic, bytes, hardware, Phase::Decode, 0).seconds * 1e6;
    };
    EXPECT_NEAR(time(v3.dispatch_bytes()), a.dispatch, a.dispatch * 0.1) << a.gpus << " GPUs";
    EXPECT_NEAR(time(v3.combine_bytes()), a.combine, a.combine * 0.1) << a.gpus << " GPUs";
  }
}

TEST(TransferTime, FewSmsLimitTheLinksAndNoneDoNot) {
  const auto hardware = load_hardware("h800");
  Traffic traffic;
  traffic.nvlink_in = traffic.nvlink_out = {1000, 2000};
  traffic.ib_in = traffic.ib_out = {0, 0};
  const auto seconds = [&](double sms) {
    return transfer_time(traffic, 1e6, hardware, Phase::Prefill, sms).seconds - 20e-6;
  };
  EXPECT_NEAR(seconds(20), 2e9 / 160e9, 1e-9);
  EXPECT_NEAR(seconds(2), 2e9 / 50e9, 1e-9);
  EXPECT_NEAR(seconds(0), seconds(20), 1e-12);
}

/// Nine slots of a layer are 396 MB, 8.8 ms at 45 GB/s, 58 layers 0.51 s; 2.6 ms at 150 GB/s.
TEST(MoveCost, PublishedArithmetic) {
  const auto v3 = load_model_shape("deepseek-v3");
  auto hardware = load_hardware("h800");
  hardware.nvlink_gb_per_s = 150;
  const auto moved = [&](int nodes, int layers) {
    const auto from = rolling_plan(4, nodes, 36, 36, layers);
    auto to = from;
    for (auto& row : to.physical_to_logical) std::rotate(row.begin(), row.begin() + 9, row.end());
    return move_cost(from, to, hardware, v3);
  };
  const auto far = moved(4, 58);
  EXPECT_EQ(far.copies, 36 * 58);
  EXPECT_NEAR(far.gpu_bytes / 58, 396.5e6, 0.1e6);
  EXPECT_NEAR(far.layer_seconds, 8.81e-3, 0.01e-3);
  EXPECT_NEAR(far.seconds, 0.511, 0.001);
  EXPECT_NEAR(far.bytes, far.copies * 44'050'944.0, 1);
  EXPECT_NEAR(moved(1, 1).seconds, 2.64e-3, 0.01e-3);
  const auto same = rolling_plan(4, 1, 36, 36, 2);
  EXPECT_EQ(move_cost(same, same, hardware, v3).copies, 0);
  EXPECT_EQ(move_cost(same, same, hardware, v3).seconds, 0);
}

TEST(MemoryUse, ARedundantSlotCostsTwoAndAHalfGigabytes) {
  const auto v3 = load_model_shape("deepseek-v3");
  const auto unit = load_unit("prefill32");
  const auto use = [&](int slots) {
    return memory_use(load_hardware("h800"), v3, unit, rolling_plan(32, 4, slots, 256, 58));
  };
  EXPECT_NEAR(use(320).experts - use(288).experts, 2.555e9, 0.001e9);
  EXPECT_NEAR(use(288).experts, 23.0e9, 0.05e9);
  EXPECT_TRUE(use(288).fits());
  EXPECT_FALSE(use(1024).fits());
}

}  // namespace
}  // namespace moescope
