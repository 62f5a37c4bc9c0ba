// What a layout takes is known by arithmetic, and what it takes is shared where it can be.
#include "gpu/engine/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "gpu/comm/memory/pages.h"
#include "gpu/engine/cpu/cpu_unit.h"
#include "gpu/engine/engine.h"
#include "gpu/engine/footprint.h"
#include "gpu/engine/placement/weight_pool.h"
#include "gpu/engine/plan/plan_form.h"
#include "tests/unit/gpu/gpu_test_support.h"

namespace moescope::runtime {
namespace {

using test::error_of;
using test::small_model;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr double kGiga = 1e9;
constexpr HostLimits kEndless{std::numeric_limits<double>::infinity(),
                              std::numeric_limits<double>::infinity()};

EngineOptions ranks_of(int ranks, int nodes = 2) {
  EngineOptions options;
  options.ranks = ranks;
  options.nodes = nodes;
  fit_to_ranks(options);
  return options;
}

/// Part of `memory` that is resident. Asked of the kernel page by page: what a sanitizer keeps
/// beside the memory does not count.
double resident_part(std::span<std::byte> memory) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> pages((memory.size() + page - 1) / page);
  if (mincore(memory.data(), memory.size(), pages.data()) != 0) return -1;
  const auto in = std::count_if(pages.begin(), pages.end(), [](auto flags) { return flags & 1; });
  return static_cast<double>(in) / static_cast<double>(pages.size());
}

TEST(GpuLayout, WhatCannotBeIsRefusedByArithmetic) {
  const ModelConfig tiny = tiny_config();
  const auto refusal = [&](EngineOptions options) {
    return error_of([&] { check_layout(options, tiny); });
  };
  EXPECT_THAT(refusal(ranks_of(7)), HasSubstr("even number of ranks"));
  EXPECT_THAT(refusal(ranks_of(0)), HasSubstr("even number of ranks"));
  EXPECT_THAT(refusal(ranks_of(1'000'000)), HasSubstr("1000000 ranks are more than the 65536"));
  EXPECT_THAT(refusal(ranks_of(320, 7)),
              AllOf(HasSubstr("160 ranks of a unit"), HasSubstr("8 nodes would do")));
  EXPECT_THAT(refusal(ranks_of(320, 0)), HasSubstr("1 nodes would do"));
  EngineOptions shared = ranks_of(320);
  shared.tp = 3;
  EXPECT_THAT(refusal(shared), HasSubstr("--tp"));
  EXPECT_EQ(refusal(ranks_of(320)), "");
}

TEST(GpuLayout, ThreeHundredAndTwentyRanksMayTakeSixGibibytesAtMost) {
  const Footprint print = footprint(ranks_of(320), tiny_config(), 1, {});
  EXPECT_LT(print.memory(), 6.0 * (1 << 30)) << to_string(print);
  EXPECT_GT(print.exchange, 1 * kGiga);  // every rank has room for rows of every other
  EXPECT_LT(print.weights, 0.02 * kGiga);
  EXPECT_GE(print.threads, 160 * 3 + 160 * 3);
}

TEST(GpuLayout, TooLittleMemoryOrTooFewThreadsAreReportedWithWhatWouldDo) {
  const auto refusal = [](const EngineOptions& options, const HostLimits& limits) {
    return error_of([&] { check_footprint(options, tiny_config(), 1, {}, limits); });
  };
  EXPECT_EQ(refusal(ranks_of(320), kEndless), "");
  HostLimits little = kEndless;
  little.memory = 2 * kGiga;
  const std::string text = refusal(ranks_of(320), little);
  EXPECT_THAT(text, AllOf(HasSubstr("320 ranks may take"), HasSubstr("2.0 GB of memory are free")));
  // What the message offers does fit.
  const auto at = text.find("at most --ranks ");
  ASSERT_NE(at, std::string::npos) << text;
  const int most = std::stoi(text.substr(at + 16));
  EXPECT_GT(most, 64);
  EXPECT_EQ(error_of([&] { check_footprint(ranks_of(most), tiny_config(), 1, {}, little); }), "");
  HostLimits few = kEndless;
  few.threads = 300;
  EXPECT_THAT(refusal(ranks_of(320), few), HasSubstr("300 threads are left"));
  few.threads = 1;
  EXPECT_THAT(refusal(ranks_of(320), few), HasSubstr("use a smaller model"));
}

TEST(GpuLayout, AbsurdSizesOfAModelDoNotOverflow) {
  ModelConfig config = tiny_config();
  config.hidden = config.expert_width = 1 << 20;
  config.layers = 1024;
  config.experts = 65536;
  EXPECT_GT(config.weight_bytes(), 1e20);
  EngineOptions options = ranks_of(65536, 1);
  options.route_shared = true;
  EXPECT_THAT(error_of([&] {
                check_footprint(options, config, 65536, {}, {64e9, 1e6});
              }),
              HasSubstr("GB of memory are free"));
}

TEST(GpuLayout, OneProcessHoldsTheWeightsOnceSeveralOnceEachAndTheSlots) {
  const ModelConfig config = tiny_config();
  EngineOptions options = ranks_of(16);
  options.spare_places = 0;
  const Footprint alone = footprint(options, config, 8, {});
  EXPECT_EQ(alone.weights, config.weight_bytes());
  EXPECT_EQ(alone.slots, 0);
  LayoutHost host;
  host.processes = 4;
  const Footprint spread = footprint(options, config, 8, host);
  EXPECT_EQ(spread.weights, 4 * config.weight_bytes());
  const double experts = 3.0 * 64 * 32 * sizeof(float) * 64 * 8;
  EXPECT_EQ(spread.slots, 2 * experts);  // both units
  host.hosts = 2;
  EXPECT_EQ(footprint(options, config, 8, host).slots, experts);
}

TEST(GpuLayout, WithoutAPlanSlotsThatRemainHoldTheFirstExpertsAgain) {
  const ModelConfig config = tiny_config();
  const Placement wide = contiguous_placement(config, {160, 2, false, 0});
  EXPECT_EQ(wide.slots_per_rank(), 1);
  EXPECT_EQ(wide.expert(3, 0), 0);
  EXPECT_EQ(wide.expert(3, 64), 0);
  EXPECT_EQ(wide.replicas(0, 31), (std::vector{31, 95, 159}));
  EXPECT_EQ(wide.replicas(0, 32), (std::vector{32, 96}));
  const Placement few = contiguous_placement(config, {10, 1, true, 0});
  EXPECT_EQ(few.slots_per_rank(), 8);  // seven, and the shared one
  for (int rank = 0; rank < 10; ++rank) EXPECT_EQ(few.expert(0, rank * 8 + 7), 64);
  EXPECT_EQ(few.expert(0, 9 * 8), 63);
  EXPECT_EQ(few.expert(0, 9 * 8 + 1), 0);
}

TEST(GpuLayout, ManyRanksGetShorterRingsAndFewerPages) {
  EXPECT_EQ(RankLogs::ring_capacity(16), RankLogs::ring_capacity(64));
  EXPECT_LT(static_cast<double>(RankLogs::bytes(320)), 0.7 * kGiga);
  EXPECT_GE(RankLogs::ring_capacity(65536), 1024U);
  EXPECT_EQ(ranks_of(64).kv_pages, 256);
  EXPECT_EQ(ranks_of(64).max_tokens, 64);
  EXPECT_EQ(ranks_of(320).kv_pages, 64);  // four of the longest requests
  EXPECT_EQ(ranks_of(320).max_tokens, EngineOptions().workload.prompt_max);
}

TEST(GpuPages, TakeNothingBeforeTheyAreTouchedAndNothingAfterTheyAreGivenBack) {
  constexpr std::size_t kBytes = std::size_t{1} << 28;
  Pages pages(kBytes);
  EXPECT_LT(resident_part(pages.memory()), 0.1);
  std::fill(pages.memory().begin(), pages.memory().end(), std::byte{7});
  EXPECT_EQ(resident_part(pages.memory()), 1);
  Pages::give_back(pages.memory().subspan(100));
  EXPECT_LT(resident_part(pages.memory()), 0.1);
  EXPECT_GE(resident_part(pages.memory()), 0);
  EXPECT_EQ(pages.memory()[99], std::byte{7});  // the page that is not given back whole
  EXPECT_EQ(pages.memory()[kBytes / 2], std::byte{0});
}

TEST(GpuWeightPool, APlaceRefersToSharedWeightsUntilItIsFilled) {
  const auto model = small_model(3);
  const Mlp& expert = model->weights.layers[1].experts[3];
  std::vector<std::byte> memory(WeightPool::bytes(expert.hidden, expert.width, 2));
  WeightPool pool(expert.hidden, expert.width, 2, memory);
  pool.share(1, expert);
  EXPECT_TRUE(pool.shared(1));
  EXPECT_EQ(pool.view(1, expert.width).gate.data, expert.data.data());
  const auto own = pool.bytes(1);
  EXPECT_FALSE(pool.shared(1));
  EXPECT_EQ(static_cast<const void*>(own.data()), pool.view(1, expert.width).gate.data);
  pool.put(0, expert);
  EXPECT_FALSE(pool.shared(0));
  const auto bytes = std::as_bytes(std::span(expert.data));
  EXPECT_EQ(digest(pool.content(0, bytes.size())), digest(bytes));
}

/// Ranks of one unit, and a plan with the experts in reverse.
struct Reversed {
  Reversed() {
    std::vector<int> row;
    for (int expert = 15; expert >= 0; --expert) row.push_back(expert);
    moves = plan_moves(unit.table(), Placement({row, row}, {}, 16, 4), {0, 1}, unit.places(), 2);
  }
  static UnitOptions options() {
    UnitOptions o;
    o.spare_places = 8;
    return o;
  }
  void copy_all() {
    for (const Move& move : moves.moves) {
      const std::size_t bytes = unit.expert_bytes(move.expert);
      unit.copy_expert(move, 0, bytes / 2);
      unit.copy_expert(move, bytes / 2, bytes - bytes / 2);
      EXPECT_EQ(unit.held_digest(move.to, move.place, bytes),
                unit.held_digest(move.from, move.from_place, bytes));
    }
    unit.stage(moves.table);
    unit.flip(1);
  }
  std::shared_ptr<const Model> model = small_model(3);
  AddressSpace space{Group{0, 4, 2}.node_table()};
  CpuUnit unit{{model, space, {0, 4, 2}, options(), Placement::contiguous(2, 16, 4)}};
  MovePlan moves{{0, unit.table().placement, {}}, {}, false};
};

TEST(GpuUnitWeights, RanksOfOneProcessShareThemAndAChangeOfPlanComesBackToThat) {
  Reversed r;
  const auto expect_shared = [&] {
    const SlotTable& table = r.unit.table();
    for (int member = 0; member < 4; ++member)
      for (int layer = 0; layer < 2; ++layer)
        for (int slot = 0; slot < 4; ++slot) {
          const int expert = table.placement.expert(layer, member * 4 + slot);
          const int place =
              table.places[static_cast<std::size_t>(member)][static_cast<std::size_t>(layer)]
                          [static_cast<std::size_t>(slot)];
          const Mlp& mlp = r.model->weights.layers[static_cast<std::size_t>(layer + 1)]
                               .experts[static_cast<std::size_t>(expert)];
          EXPECT_EQ(r.unit.pool(member).view(place, mlp.width).gate.data, mlp.data.data());
        }
  };
  expect_shared();
  ASSERT_TRUE(r.moves.fits);
  r.copy_all();
  for (const Move& move : r.moves.moves) EXPECT_FALSE(r.unit.pool(move.to).shared(move.place));
  r.unit.share_moved(r.moves.moves);
  expect_shared();
}

TEST(GpuUnitWeights, ACopyThatIsNotTheModelsIsNeverTakenForIt) {
  Reversed r;
  r.copy_all();
  const Move& move = r.moves.moves.back();
  r.unit.pool(move.to).bytes(move.place)[7] ^= std::byte{1};
  EXPECT_THAT(error_of([&] { r.unit.share_moved(r.moves.moves); }),
              HasSubstr("are not those of the model"));
  EXPECT_FALSE(r.unit.pool(move.to).shared(move.place));
}

}  // namespace
}  // namespace moescope::runtime
