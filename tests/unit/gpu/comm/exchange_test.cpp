#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <set>
#include <span>
#include <thread>

#include "gpu/comm/exchange/host_exchange.h"
#include "tests/unit/gpu/comm/exchange_support.h"
#include "tests/unit/gpu/gpu_test_support.h"

namespace moescope::runtime {
namespace {

using test::kChoices;
using test::kHidden;
using test::kSlotsPerRank;
using test::Layer;
using ::testing::ElementsAre;

TEST(GpuAddressSpace, TransfersAreCountedByLinkAndPurpose) {
  AddressSpace space({0, 0, 1, 1});
  const WindowId window = space.add_window(64);
  const std::vector<std::byte> bytes(16, std::byte{7});
  space.write(0, {0, window, 0}, bytes, Purpose::Dispatch);
  space.write(0, {1, window, 8}, bytes, Purpose::Dispatch);
  space.write(0, {2, window, 48}, bytes, Purpose::Combine);
  const std::vector<int> receivers = {1, 2, 3};
  space.multicast(0, receivers, window, 32, bytes, Purpose::Forward);
  std::vector<std::byte> back(8);
  space.read(3, {1, window, 16}, back, Purpose::KvCache);
  EXPECT_EQ(back[0], std::byte{7});
  const Traffic traffic = space.traffic(0);
  EXPECT_EQ(traffic.of(Purpose::Dispatch, Link::SameGpu), 16U);
  EXPECT_EQ(traffic.of(Purpose::Dispatch, Link::NvLink), 16U);
  EXPECT_EQ(traffic.of(Purpose::Combine, Link::Ib), 16U);
  EXPECT_EQ(traffic.of(Purpose::Forward, Link::NvLink), 16U);
  EXPECT_EQ(traffic.of(Purpose::Forward, Link::Ib), 32U);
  EXPECT_EQ(space.traffic(3).of(Purpose::KvCache, Link::Ib), 8U);
  EXPECT_EQ(space.total_traffic().transfers[static_cast<std::size_t>(Purpose::Forward)][2], 2U);
}

TEST(GpuAddressSpace, ReduceSumsInTheOrderOfTheSources) {
  AddressSpace space({0, 0, 1});
  const WindowId window = space.add_window(8);
  const float values[3][2] = {{1e8F, 1}, {1, 2}, {-1e8F, 3}};
  for (int rank = 0; rank < 3; ++rank)
    std::memcpy(space.local(rank, window).data(), values[rank], 8);
  std::vector<float> sum(2);
  space.reduce(1, std::vector<Place>{{0, window, 0}, {1, window, 0}, {2, window, 0}}, sum,
               Purpose::Combine);
  EXPECT_THAT(sum, ElementsAre(0.0F, 6.0F));
  space.reduce(1, std::vector<Place>{{0, window, 0}, {2, window, 0}, {1, window, 0}}, sum,
               Purpose::Combine);
  EXPECT_THAT(sum, ElementsAre(1.0F, 6.0F));
}

TEST(GpuAddressSpace, NothingLeavesAWindow) {
  AddressSpace space({0, 0});
  const WindowId window = space.add_window(16);
  std::vector<std::byte> bytes(8);
  EXPECT_THROW(space.write(0, {1, window, 9}, bytes, Purpose::Dispatch), std::out_of_range);
  EXPECT_THROW(space.write(0, {1, window, std::size_t(0) - 4}, bytes, Purpose::Dispatch),
               std::out_of_range);
  EXPECT_THROW(space.write(0, {2, window, 0}, bytes, Purpose::Dispatch), std::out_of_range);
  EXPECT_THROW(space.read(0, {1, window + 1, 0}, bytes, Purpose::Dispatch), std::out_of_range);
}

TEST(GpuAddressSpace, AWaitingRankSeesWhatWasWrittenBeforeTheSignalAndWakesOnAbort) {
  AddressSpace space({0, 1});
  const WindowId window = space.add_window(4);
  const FlagId flag = space.add_flag();
  int seen = 0;
  std::thread reader([&] {
    space.wait(1, flag, 1);
    std::memcpy(&seen, space.local(1, window).data(), 4);
    space.signal(0, flag);
    EXPECT_THROW(space.wait(1, flag, 2), Aborted);
  });
  const int value = 42;
  space.write(0, {1, window, 0}, std::as_bytes(std::span(&value, 1)), Purpose::Dispatch);
  space.signal(1, flag);
  space.wait(0, flag, 1);
  space.abort("enough");
  reader.join();
  EXPECT_EQ(seen, 42);
  EXPECT_THROW(space.wait(0, flag, 1), Aborted);
}

/// Runs `layer` on all members in threads; returns the sums by member.
std::vector<std::vector<float>> run_layer(Exchange& exchange, const Layer& layer) {
  std::vector<std::vector<float>> sums(layer.x.size());
  std::vector<std::thread> threads;
  for (int member = 0; member < static_cast<int>(layer.x.size()); ++member)
    threads.emplace_back([&, member] {
      const auto m = static_cast<std::size_t>(member);
      SerialTeam team;
      exchange.send(member, layer.x[m].data(), layer.choices_of(m), 1, team);
      exchange.forward(member, team);
      exchange.receive(member, team);
      const auto outputs = test::outputs_of(member, exchange.group(member, team));
      exchange.return_outputs(member, outputs.data(), team);
      exchange.reduce_node(member, team);
      exchange.await_outputs(member, team);
      sums[m].resize(layer.x[m].size());
      exchange.collect(member, sums[m].data(), team);
    });
  for (auto& thread : threads) thread.join();
  return sums;
}

struct Expected {
  std::vector<std::vector<float>> sums;
  std::uint64_t node_crossings = 0;    ///< (token, remote node) pairs
  std::uint64_t rank_crossings = 0;    ///< (token, rank on a remote node) pairs
  std::uint64_t choice_crossings = 0;  ///< choices served on a remote node
};

Expected expected_of(const Group& group, const Layer& layer) {
  Expected e;
  for (int member = 0; member < group.size; ++member) {
    const auto m = static_cast<std::size_t>(member);
    auto& sums = e.sums.emplace_back(layer.x[m].size());
    for (std::size_t t = 0; t < layer.choices[m].size() / kChoices; ++t) {
      std::set<int> nodes, ranks;
      for (const Choice& choice :
           std::span(layer.choices_of(m).of(static_cast<int>(t)), kChoices)) {
        const int server = choice.slot / kSlotsPerRank;
        if (group.node_of(server) != group.node_of(member)) {
          nodes.insert(group.node_of(server));
          ranks.insert(server);
          ++e.choice_crossings;
        }
        for (std::size_t d = 0; d < kHidden; ++d)
          sums[t * kHidden + d] +=
              choice.weight * test::expert(choice.slot, layer.x[m][t * kHidden + d]);
      }
      e.node_crossings += nodes.size();
      e.rank_crossings += ranks.size();
    }
  }
  return e;
}

using Case = std::tuple<int, int, DispatchMode, CombineMode>;
class GpuExchange : public ::testing::TestWithParam<Case> {};

TEST_P(GpuExchange, EveryTokenComesBackSummedAndTheCountersProveTheDeduplication) {
  const auto [size, nodes, dispatch, combine] = GetParam();
  const Group group{0, size, nodes};
  AddressSpace space(group.node_table());
  const auto owner =
      host_exchange(space, {group, {kHidden, kChoices, 9, kSlotsPerRank}, dispatch, combine});
  Exchange& exchange = *owner;
  std::mt19937 random(static_cast<unsigned>(size * 10 + nodes));
  std::uint64_t node_crossings = 0, rank_crossings = 0, choice_crossings = 0;
  for (int round = 0; round < 8; ++round) {
    const Layer layer = test::random_layer(group, 9, random);
    const auto sums = run_layer(exchange, layer);
    const Expected expected = expected_of(group, layer);
    for (std::size_t m = 0; m < sums.size(); ++m) {
      if (combine == CombineMode::Ordered) {
        EXPECT_EQ(sums[m], expected.sums[m]);
        continue;
      }
      for (std::size_t i = 0; i < sums[m].size(); ++i)
        EXPECT_NEAR(sums[m][i], expected.sums[m][i], 1e-5 * (1 + std::abs(expected.sums[m][i])));
    }
    node_crossings += expected.node_crossings;
    rank_crossings += expected.rank_crossings;
    choice_crossings += expected.choice_crossings;
  }
  const Traffic traffic = space.total_traffic();
  const bool per_node = dispatch == DispatchMode::PerNode;
  EXPECT_EQ(traffic.of(Purpose::Dispatch, Link::Ib),
            exchange.wire().row_bytes() * (per_node ? node_crossings : rank_crossings));
  const std::uint64_t returned = combine == CombineMode::Ordered ? choice_crossings
                                 : per_node                      ? node_crossings
                                                                 : rank_crossings;
  EXPECT_EQ(traffic.of(Purpose::Combine, Link::Ib), exchange.wire().output_bytes() * returned);
  EXPECT_EQ(traffic.of(Purpose::Forward, Link::Ib), 0U);
  EXPECT_EQ(
      traffic.of(Purpose::Forward, Link::NvLink) + traffic.of(Purpose::Forward, Link::SameGpu),
      per_node ? exchange.wire().row_bytes() * rank_crossings : 0U);
  if (nodes > 1 && size > nodes) {
    EXPECT_GT(rank_crossings, node_crossings);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Layouts, GpuExchange,
    ::testing::Combine(::testing::Values(4, 8), ::testing::Values(1, 2, 4),
                       ::testing::Values(DispatchMode::PerNode, DispatchMode::Direct),
                       ::testing::Values(CombineMode::Ordered, CombineMode::Hierarchical)));

TEST(GpuExchangeLimits, MoreTokensThanThereIsRoomForAreRefused) {
  AddressSpace space({0});
  const auto exchange = host_exchange(space, {{0, 1, 1},
                                              {kHidden, kChoices, 2, kSlotsPerRank},
                                              DispatchMode::Direct,
                                              CombineMode::Ordered});
  SerialTeam team;
  const std::vector<float> x(3 * kHidden);
  const std::vector<Choice> choices(3 * (kChoices + 1));
  EXPECT_THROW(exchange->send(0, x.data(), {choices.data(), 3, kChoices}, 1, team),
               std::length_error);
  EXPECT_THROW(exchange->send(0, x.data(), {choices.data(), 1, kChoices + 1}, 1, team),
               std::length_error);
}

TEST(GpuExchangeEpochs, TokensOfAnotherPlanEpochFailLoudly) {
  for (const DispatchMode mode : {DispatchMode::Direct, DispatchMode::PerNode}) {
    const Group group{0, 2, 2};
    AddressSpace space(group.node_table());
    const auto exchange = host_exchange(
        space, {group, {kHidden, kChoices, 2, kSlotsPerRank}, mode, CombineMode::Ordered});
    SerialTeam team;
    const std::vector<float> x(kHidden);
    const Choice to_member_1{kSlotsPerRank, 0, 1.0F};
    exchange->send(0, x.data(), {&to_member_1, 1, 1}, 4, team);
    exchange->send(1, x.data(), {nullptr, 0, 1}, 5, team);
    EXPECT_THAT(test::error_of([&] {
                  exchange->forward(1, team);
                  exchange->receive(1, team);
                }),
                ::testing::HasSubstr("is in plan epoch 5, tokens arrived from epoch 4"));
  }
}

}  // namespace
}  // namespace moescope::runtime
