// The steps that kernels run, with one lane and with several, against the exchange of the CPU.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/comm/exchange/host_exchange.h"
#include "tests/unit/gpu/comm/exchange_support.h"
#include "tests/unit/gpu/comm/step_support.h"
#include "tests/unit/gpu/gpu_test_support.h"

namespace moescope::runtime {
namespace {

using test::HostSteps;
using test::kChoices;
using test::kHidden;
using test::kSlotsPerRank;
using test::Layer;
using ::testing::HasSubstr;

constexpr int kTokens = 9;

ExchangeWire wire_of(const Group& group, DispatchMode dispatch, CombineMode combine) {
  return {group, {kHidden, kChoices, kTokens, kSlotsPerRank}, dispatch, combine};
}

/// Both exchanges of one layout.
struct Pair {
  Pair(const ExchangeWire& wire, const test::StepRun& how)
      : space(wire.group.node_table()),
        host(host_exchange(space, wire)),
        runner{how},
        steps(wire, memory, runner) {}

  void expect_same(const Layer& layer) {
    EXPECT_EQ(test::run_in_turn(steps, layer), test::run_in_turn(*host, layer));
    EXPECT_EQ(test::error_of([&] { steps.check(); }), "");
    for (int member = 0; member < host->wire().group.size; ++member) {
      EXPECT_EQ(steps.traffic(member).bytes, space.traffic(member).bytes);
      EXPECT_EQ(steps.traffic(member).transfers, space.traffic(member).transfers);
    }
  }

  AddressSpace space;
  std::unique_ptr<Exchange> host;
  HostMemory memory;
  HostSteps runner;
  StepExchange<HostSteps> steps;
};

using Case = std::tuple<int, int, DispatchMode, CombineMode, int>;
class GpuExchangeSteps : public ::testing::TestWithParam<Case> {};

TEST_P(GpuExchangeSteps, GiveTheSameBitsAndTheSameTrafficAsTheExchangeOfTheCpu) {
  const auto [size, nodes, dispatch, combine, workers] = GetParam();
  const Group group{0, size, nodes};
  Pair pair(wire_of(group, dispatch, combine), {workers, false, {}});
  std::mt19937 random(static_cast<unsigned>(size * 10 + nodes));
  for (int round = 0; round < 4; ++round)
    pair.expect_same(test::random_layer(group, kTokens, random));
}

INSTANTIATE_TEST_SUITE_P(
    Layouts, GpuExchangeSteps,
    ::testing::Combine(::testing::Values(4, 8), ::testing::Values(1, 2, 4),
                       ::testing::Values(DispatchMode::PerNode, DispatchMode::Direct),
                       ::testing::Values(CombineMode::Ordered, CombineMode::Hierarchical),
                       ::testing::Values(1, 5)));

TEST(GpuExchangeSteps, AsWarpsGiveTheSame) {
  const Group group{0, 4, 2};
  for (const DispatchMode dispatch : {DispatchMode::PerNode, DispatchMode::Direct})
    for (const CombineMode combine : {CombineMode::Ordered, CombineMode::Hierarchical}) {
      Pair pair(wire_of(group, dispatch, combine), {2, true, {}});
      std::mt19937 random(7);
      pair.expect_same(test::random_layer(group, kTokens, random));
    }
}

TEST(GpuExchangeSteps, OneSlotMayTakeAllTokens) {
  const Group group{0, 4, 2};
  for (const CombineMode combine : {CombineMode::Ordered, CombineMode::Hierarchical}) {
    Pair pair(wire_of(group, DispatchMode::PerNode, combine), {2, false, {}});
    std::mt19937 random(3);
    Layer layer = test::random_layer(group, kTokens, random);
    for (auto& choices : layer.choices)
      for (Choice& choice : choices) choice.slot = 7;
    pair.expect_same(layer);
  }
}

TEST(GpuExchangeSteps, TokensOfAnotherPlanEpochAreAFault) {
  SerialTeam team;
  const float x[kHidden] = {};
  const Choice to_member_1{kSlotsPerRank, 0, 1.0F};
  for (const DispatchMode mode : {DispatchMode::Direct, DispatchMode::PerNode}) {
    Pair pair(wire_of({0, 2, 2}, mode, CombineMode::Ordered), {});
    pair.steps.send(0, x, {&to_member_1, 1, 1}, 4, team);
    pair.steps.send(1, x, {nullptr, 0, 1}, 5, team);
    pair.steps.forward(1, team);
    pair.steps.receive(1, team);
    const ArrivedRows arrived = pair.steps.group(1, team);
    EXPECT_EQ(arrived.offsets[kSlotsPerRank], 0);
    EXPECT_THAT(test::error_of([&] { pair.steps.check(); }),
                HasSubstr("is in plan epoch 5, tokens arrived from epoch 4"));
  }
}

TEST(GpuExchangeSteps, ARankThatNobodySendsToIsAFault) {
  SerialTeam team;
  Pair pair(wire_of({0, 2, 1}, DispatchMode::Direct, CombineMode::Ordered), {});
  pair.steps.send(1, nullptr, {nullptr, 0, 1}, 1, team);
  pair.steps.receive(1, team);
  EXPECT_THAT(test::error_of([&] { pair.steps.check(); }),
              HasSubstr("rank 1: timed out waiting for the other ranks"));
}

TEST(GpuExchangeSteps, MoreThanThereIsRoomForIsRefused) {
  SerialTeam team;
  Pair pair(wire_of({0, 2, 1}, DispatchMode::Direct, CombineMode::Ordered), {});
  const std::vector<Choice> choices((kTokens + 1) * kChoices);
  EXPECT_THROW(pair.steps.send(0, nullptr, {choices.data(), kTokens + 1, kChoices}, 1, team),
               std::length_error);
}

}  // namespace
}  // namespace moescope::runtime
