// Dispatch and combine of ranks that run at the same time: every rank is a block of one grid and
// only the flags order them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/comm/exchange/host_exchange.h"
#include "tests/unit/gpu/comm/exchange_support.h"
#include "tests/unit/gpu/comm/step_support.h"
#include "tests/unit/gpu/hw/edges.h"

namespace moescope::runtime {
namespace {

using test::kChoices;
using test::kHidden;
using test::kSlotsPerRank;
using ::testing::IsEmpty;

/// Keeps the steps of every rank instead of running them.
struct StepList {
  using Step = std::function<void(const hw::Warp&, Share)>;
  std::vector<std::vector<Step>> of_rank;

  template <typename One>
  void run(const One& step, int rank, SpanName, Team&) {
    of_rank[static_cast<std::size_t>(rank)].push_back(
        [step](const hw::Warp& warp, Share share) { step(warp, share); });
  }
};

/// The experts between dispatch and combine, as a step.
struct ExpertStep {
  int member = 0;
  ArrivedRows arrived;
  float* outputs = nullptr;

  void operator()(const hw::Warp& warp, Share share) const {
    for (int slot = share.first; slot < kSlotsPerRank; slot += share.step)
      for (int i = arrived.offsets[slot] * kHidden + warp.lane();
           i < arrived.offsets[slot + 1] * kHidden; i += warp.width())
        outputs[i] = test::expert(member * kSlotsPerRank + slot, arrived.x[i]);
  }
};

constexpr int kTokens = 6, kWarps = 2;

/// All that a rank does in a layer, in order. The sums go to sums[member].
void list_steps(StepExchange<StepList>& exchange, StepList& list, const test::Layer& layer,
                std::vector<std::vector<float>>& outputs, std::vector<std::vector<float>>& sums) {
  SerialTeam team;
  const ExchangeWire& wire = exchange.wire();
  for (int member = 0; member < wire.group.size; ++member) {
    const auto m = static_cast<std::size_t>(member);
    outputs[m].resize(wire.most_rows() * kHidden);
    sums[m].assign(layer.x[m].size(), std::nanf(""));
    exchange.send(member, layer.x[m].data(), layer.choices_of(m), 1, team);
    exchange.forward(member, team);
    exchange.receive(member, team);
    const ArrivedRows arrived = exchange.group(member, team);
    list.run(ExpertStep{member, arrived, outputs[m].data()}, member, SpanName::Experts, team);
    exchange.return_outputs(member, outputs[m].data(), team);
    exchange.reduce_node(member, team);
    exchange.await_outputs(member, team);
    exchange.collect(member, sums[m].data(), team);
  }
}

/// True when all ranks, running at once, give `expected`.
bool right(const ExchangeWire& wire, const test::Layer& layer,
           const std::vector<std::vector<float>>& expected, const hw::Emulation& emulation) {
  HostMemory memory;
  StepList list;
  list.of_rank.resize(layer.x.size());
  StepExchange<StepList> exchange(wire, memory, list);
  std::vector<std::vector<float>> outputs(layer.x.size()), sums(layer.x.size());
  list_steps(exchange, list, layer, outputs, sums);
  hw::emulate({wire.group.size, kWarps * hw::Warp::kLanes, 0, true, 0}, emulation, [&] {
    for (const StepList::Step& step : list.of_rank[static_cast<std::size_t>(hw::block())]) {
      step(hw::Warp(), {hw::thread() / hw::Warp::kLanes, kWarps});
      hw::sync_block(hw::Site());  // where a kernel ends: not of the text under test
    }
  });
  exchange.check();
  return sums == expected;
}

using Case = std::tuple<int, DispatchMode, CombineMode>;
class ConcurrentRanks : public ::testing::TestWithParam<Case> {};

TEST_P(ConcurrentRanks, GiveTheBitsOfTheCpuOnEveryScheduleAndNeedAllTheirFlags) {
  const auto [nodes, dispatch, combine] = GetParam();
  const Group group{0, 4, nodes};
  const ExchangeWire wire{group, {kHidden, kChoices, kTokens, kSlotsPerRank}, dispatch, combine};
  std::mt19937 random(7);
  const test::Layer layer = test::random_layer(group, kTokens, random);
  AddressSpace space(group.node_table());
  const auto expected = test::run_in_turn(*host_exchange(space, wire), layer);
  const auto works = [&](const hw::Emulation& e) { return right(wire, layer, expected, e); };
  EXPECT_THAT(test::failures(works), IsEmpty());
  EXPECT_THAT(test::unnoticed(works), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Layouts, ConcurrentRanks,
    ::testing::Values(Case{1, DispatchMode::Direct, CombineMode::Ordered},
                      Case{2, DispatchMode::PerNode, CombineMode::Ordered},
                      Case{2, DispatchMode::PerNode, CombineMode::Hierarchical},
                      Case{2, DispatchMode::Direct, CombineMode::Hierarchical}));

}  // namespace
}  // namespace moescope::runtime
