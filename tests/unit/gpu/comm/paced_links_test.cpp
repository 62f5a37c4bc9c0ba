#include "gpu/comm/links/paced_links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"
#include "gpu/comm/exchange/host_exchange.h"
#include "tests/unit/gpu/comm/exchange_support.h"

namespace moescope::runtime {
namespace {

/// Time passes only while a rank sleeps.
class FakeClock final : public PaceClock {
 public:
  std::int64_t now() const override { return now_; }
  void sleep_until(std::int64_t time, const std::function<void()>& check) override {
    check();
    now_ = std::max(now_, time);
  }

 private:
  std::int64_t now_ = 1'000'000;
};

constexpr LinkRates kRates{3e9, 1e9, 0};  // a byte takes 1/3 and 1 ns

TEST(GpuLinkTime, WhoAsksGetsFreeTimeOnly) {
  LinkTime link;
  EXPECT_EQ(link.take(10, 5), 15);
  EXPECT_EQ(link.take(10, 5), 20);
  EXPECT_EQ(link.take(12, 1), 21);
  EXPECT_EQ(link.take(100, 0), 100);
  EXPECT_EQ(link.taken(), 11);
}

TEST(GpuLinkTime, GapsAreFilledSoThatTheOrderOfAskingHardlyMatters) {
  LinkTime link;
  EXPECT_EQ(link.take(20, 5), 25);
  EXPECT_EQ(link.take(40, 5), 45);
  // 10 before the first, 15 between both, 3 after the second.
  EXPECT_EQ(link.take(10, 28), 48);
  EXPECT_EQ(link.take(0, 10), 10);
  EXPECT_EQ(link.take(0, 1), 49);
}

TEST(GpuLinkTime, WhatIsForgottenIsNotGivenAgainLater) {
  LinkTime link;
  link.take(0, 10);
  link.take(50, 10);
  link.forget(30);
  EXPECT_EQ(link.take(50, 10), 70);
}

TEST(GpuPacedLinks, TransferTakesBytesOverRatePlusLatency) {
  FakeClock clock;
  PacedLinks links(4, 2, clock);
  links.set_rates({3e9, 1e9, 700});
  const Departure nvlink = links.depart(4, Link::NvLink, 3000, 5000);
  EXPECT_EQ(links.arrive(5, nvlink), 5000 + 1000 + 700);
  const Departure ib = links.depart(4, Link::Ib, 3000, 5000);
  EXPECT_EQ(links.arrive(5, ib), 5000 + 3000 + 700);
  EXPECT_EQ(links.arrive(5, links.depart(4, Link::SameGpu, 3000, 5000)), 0);
  EXPECT_EQ(links.arrive(5, links.depart(4, Link::Ib, 0, 5000)), 0);
}

TEST(GpuPacedLinks, OneSenderServesItsReceiversOneAfterTheOther) {
  FakeClock clock;
  PacedLinks links(0, 3, clock);
  links.set_rates(kRates);
  const auto first = links.depart(0, Link::Ib, 100, 0), second = links.depart(0, Link::Ib, 50, 0);
  EXPECT_EQ(links.arrive(1, first), 100);
  EXPECT_EQ(links.arrive(2, second), 150);
}

TEST(GpuPacedLinks, WayIntoAHotRankIsTheBottleneck) {
  FakeClock clock;
  PacedLinks links(0, 9, clock);
  links.set_rates(kRates);
  std::vector<Departure> departures;
  for (int from = 1; from < 9; ++from) departures.push_back(links.depart(from, Link::Ib, 100, 0));
  std::int64_t last = 0;
  for (const Departure& departure : departures) last = std::max(last, links.arrive(0, departure));
  EXPECT_EQ(last, 800);
  EXPECT_EQ(links.taken(0, Link::Ib, false), 800);
  EXPECT_EQ(links.taken(1, Link::Ib, true), 100);
  EXPECT_EQ(links.taken(0, Link::NvLink, false), 0);
}

TEST(GpuPacedLinks, OptionsAreRead) {
  EXPECT_EQ(parse_pace("off").mode, PaceOption::Mode::Off);
  EXPECT_EQ(parse_pace("auto").mode, PaceOption::Mode::Fit);
  const PaceOption given = parse_pace("ib=0.05,latency=2.5,nvlink=160");
  EXPECT_EQ(given.mode, PaceOption::Mode::Given);
  EXPECT_EQ(given.rates, (LinkRates{160e9, 0.05e9, 2500}));
  EXPECT_EQ(rates_text(given.rates), "NVLink 160 GB/s, IB 50 MB/s, latency 2.5 us");
  EXPECT_EQ(parse_pace("ib=50").rates, (LinkRates{0, 50e9, kLinkLatency}));
}

TEST(GpuPacedLinks, WrongOptionsAreRefusedWithTheirKey) {
  for (const auto& [text, place] :
       std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                        {"nvlink", "nvlink"},
                                                        {"nvlink=", "nvlink"},
                                                        {"nvlink=fast", "nvlink"},
                                                        {"nvlink=1GB", "nvlink"},
                                                        {"nvlink=0", "nvlink"},
                                                        {"nvlink=-1", "nvlink"},
                                                        {"nvlink=nan", "nvlink"},
                                                        {"nvlink=1e99", "nvlink"},
                                                        {"ib=1,latency=-1", "latency"},
                                                        {"latency=3", "latency=3"},
                                                        {"nvlink=1,cores=0", "cores"},
                                                        {"roce=1", "roce"},
                                                        {"nvlink=1,,ib=1", ""}}) {
    try {
      parse_pace(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.place(), place) << text;
      EXPECT_THAT(error.what(), testing::HasSubstr("nvlink=GB/S")) << text;
    }
  }
}

/// Eight ranks on two nodes whose tokens all go to one rank, or evenly to all.
test::Layer layer_of(bool hot) {
  constexpr int kTokens = 8;
  test::Layer layer;
  for (int member = 0; member < 8; ++member) {
    auto& choices = layer.choices.emplace_back();
    layer.x.emplace_back(static_cast<std::size_t>(kTokens * test::kHidden), 1.0F);
    for (int token = 0; token < kTokens; ++token)
      for (int j = 0; j < test::kChoices; ++j)
        choices.push_back(
            {(hot ? 5 : (token + member) % 8) * test::kSlotsPerRank + j % test::kSlotsPerRank, j,
             0.25F});
  }
  return layer;
}

/// ns that a layer takes over paced links, and its sums.
std::pair<std::int64_t, std::vector<std::vector<float>>> timed(const test::Layer& layer,
                                                               DispatchMode dispatch,
                                                               CombineMode combine, bool paced) {
  const Group group{0, 8, 2};
  FakeClock clock;
  PacedLinks links(0, 8, clock);
  if (paced) links.set_rates(kRates);
  AddressSpace space(group.node_table());
  const auto exchange = host_exchange(
      space, {group, {test::kHidden, test::kChoices, 9, test::kSlotsPerRank}, dispatch, combine},
      &links);
  const std::int64_t begin = clock.now();
  auto sums = test::run_in_turn(*exchange, layer);
  return {clock.now() - begin, std::move(sums)};
}

TEST(GpuPacedLinks, ExchangeComputesTheSameAndTakesTheTimeOfItsBusiestWay) {
  for (const auto dispatch : {DispatchMode::PerNode, DispatchMode::Direct})
    for (const auto combine : {CombineMode::Ordered, CombineMode::Hierarchical}) {
      const auto [bare, expected] = timed(layer_of(true), dispatch, combine, false);
      const auto [hot, sums] = timed(layer_of(true), dispatch, combine, true);
      const auto [even, others] = timed(layer_of(false), dispatch, combine, true);
      EXPECT_EQ(bare, 0);
      EXPECT_EQ(sums, expected);
      EXPECT_EQ(others, timed(layer_of(false), dispatch, combine, false).second);
      EXPECT_GT(hot, even);
    }
}

TEST(GpuPacedLinks, DirectDispatchLastsUntilTheHotRankHasAllRows) {
  const Group group{0, 8, 2};
  const ExchangeWire wire{group,
                          {test::kHidden, test::kChoices, 9, test::kSlotsPerRank},
                          DispatchMode::Direct,
                          CombineMode::Hierarchical};
  const auto [time, sums] =
      timed(layer_of(true), DispatchMode::Direct, CombineMode::Hierarchical, true);
  // Rank 5 takes 4 x 8 rows from the other node over IB, meanwhile those of its node over NVLink,
  // and gives a sum for each back.
  EXPECT_EQ(time, static_cast<std::int64_t>(32 * (wire.row_bytes() + wire.output_bytes())));
}

TEST(GpuPacedLinks, AbortedRunDoesNotWaitForLinks) {
  AddressSpace space({0, 1});
  FakeClock clock;
  PacedLinks links(0, 2, clock);
  links.set_rates(kRates);
  const auto exchange = host_exchange(space, {{0, 2, 2}, {4, 1, 4, 1}}, &links);
  space.abort("a rank failed");
  SerialTeam team;
  const std::vector<float> x(4, 1.0F);
  const Choice choice{1, 0, 1.0F};
  exchange->send(0, x.data(), {&choice, 1, 1}, 0, team);
  EXPECT_THROW(exchange->receive(0, team), Aborted);
}

}  // namespace
}  // namespace moescope::runtime
