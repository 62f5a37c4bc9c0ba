#include "gpu/engine/unit/unit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "gpu/compute/local_forward.h"
#include "gpu/engine/cpu/cpu_backend.h"
#include "gpu/engine/placement/active_slots.h"
#include "gpu/engine/plan/plan_form.h"
#include "gpu/engine/rank/worker_team.h"
#include "tests/unit/gpu/gpu_test_support.h"

namespace moescope::runtime {
namespace {

using test::error_of;
using ::testing::HasSubstr;

/// One dense and two MoE layers, 16 experts in 4 groups.
std::shared_ptr<const Model> small_model() {
  static const auto model = test::small_model(3);
  return model;
}

/// Prompts of several requests; request r has 3 + r % 5 tokens.
std::vector<std::vector<int>> prompts(int count) {
  std::vector<std::vector<int>> result;
  for (int r = 0; r < count; ++r) {
    auto& prompt = result.emplace_back();
    for (int t = 0; t < 3 + r % 5; ++t) prompt.push_back((r * 31 + t * 7 + 5) % 96);
  }
  return result;
}

/// Logits of the last token of each prompt, computed alone and without communication.
std::vector<std::vector<float>> expected_logits(const std::vector<std::vector<int>>& all) {
  std::vector<std::vector<float>> result;
  const auto model = small_model();
  for (const auto& prompt : all) {
    LocalForward forward(model, 64, 8);
    KvSequence sequence;
    EXPECT_TRUE(forward.cache().reserve(sequence, static_cast<int>(prompt.size())));
    std::vector<TokenRow> rows;
    for (int t = 0; t < static_cast<int>(prompt.size()); ++t) rows.push_back({&sequence, t});
    const auto logits = forward.run(prompt, rows);
    result.emplace_back(logits.end() - model->config.vocab, logits.end());
  }
  return result;
}

struct Layout {
  int ranks = 4, nodes = 2;
  UnitOptions options;
  std::vector<std::vector<int>> slots;  ///< empty: contiguous
};

class Running {
 public:
  explicit Running(const Layout& setup)
      : group_{0, setup.ranks, setup.nodes}, space_(group_.node_table()), options_(setup.options) {
    options_.max_tokens = 128;
    options_.max_positions = 64;
    const auto model = small_model();
    const Placement placement =
        setup.slots.empty()
            ? contiguous_placement(model->config, {setup.ranks, setup.nodes, options_.route_shared})
            : Placement(setup.slots, {}, model->config.experts + options_.route_shared,
                        setup.ranks);
    unit_ = cpu_backend().make_unit({model, space_, group_, options_, placement});
  }
  Unit& unit() { return *unit_; }
  AddressSpace& space() { return space_; }

  /// Prefills the prompts, spread over ranks and micro-batches, and returns their last logits.
  std::vector<std::vector<float>> prefill(const std::vector<std::vector<int>>& all) {
    std::vector<RankInput> inputs(static_cast<std::size_t>(group_.size));
    sequences_.assign(all.size(), {});
    for (std::size_t r = 0; r < all.size(); ++r) {
      const int rank = static_cast<int>(r) % group_.size;
      EXPECT_TRUE(unit_->pages(rank).reserve(sequences_[r], 16));
      auto& batch = batch_of(inputs, r);
      for (int t = 0; t < static_cast<int>(all[r].size()); ++t)
        batch.add(all[r][static_cast<std::size_t>(t)], &sequences_[r], t, r);
      batch.sampled.push_back(batch.size() - 1);
    }
    return sampled(inputs, all.size());
  }
  /// One more token for every request at `position[r]`.
  std::vector<std::vector<float>> decode(const std::vector<int>& tokens,
                                         const std::vector<int>& positions) {
    std::vector<RankInput> inputs(static_cast<std::size_t>(group_.size));
    for (std::size_t r = 0; r < tokens.size(); ++r) {
      auto& batch = batch_of(inputs, r);
      batch.add(tokens[r], &sequences_[r], positions[r], r);
      batch.sampled.push_back(batch.size() - 1);
    }
    return sampled(inputs, tokens.size());
  }
  std::vector<KvSequence>& sequences() { return sequences_; }

 private:
  MicroBatch& batch_of(std::vector<RankInput>& inputs, std::size_t r) {
    const auto size = static_cast<std::size_t>(group_.size);
    return inputs[r % size]
        .micro_batches[r / size % static_cast<std::size_t>(options_.micro_batches)];
  }
  std::vector<std::vector<float>> sampled(std::vector<RankInput>& inputs, std::size_t count) {
    const auto outputs = unit_->step(inputs);
    const auto vocab = static_cast<std::ptrdiff_t>(small_model()->config.vocab);
    std::vector<std::vector<std::ptrdiff_t>> next(outputs.size(), std::vector<std::ptrdiff_t>(2));
    std::vector<std::vector<float>> result;
    const auto size = static_cast<std::size_t>(group_.size);
    for (std::size_t r = 0; r < count; ++r) {
      const std::size_t mb = r / size % static_cast<std::size_t>(options_.micro_batches);
      const auto& logits = outputs[r % size].logits[mb];
      auto& at = next[r % size][mb];
      result.emplace_back(logits.begin() + at * vocab, logits.begin() + (at + 1) * vocab);
      ++at;
    }
    return result;
  }

  Group group_;
  AddressSpace space_;
  UnitOptions options_;
  std::unique_ptr<Unit> unit_;
  std::vector<KvSequence> sequences_;
};

/// A placement with every expert once and `extra` random copies, in random order.
std::vector<std::vector<int>> random_slots(int extra, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::vector<int>> result;
  for (int layer = 0; layer < small_model()->config.moe_layers(); ++layer) {
    auto& row = result.emplace_back(16);
    std::iota(row.begin(), row.end(), 0);
    for (int i = 0; i < extra; ++i) row.push_back(static_cast<int>(random() % 16));
    std::shuffle(row.begin(), row.end(), random);
  }
  return result;
}

/// Relative to the largest logit.
double worst_difference(const std::vector<std::vector<float>>& a,
                        const std::vector<std::vector<float>>& b) {
  double worst = 0;
  for (std::size_t r = 0; r < a.size(); ++r) {
    double scale = 0, difference = 0;
    for (std::size_t i = 0; i < a[r].size(); ++i) {
      scale = std::max(scale, std::abs(static_cast<double>(a[r][i])));
      difference = std::max(difference, std::abs(static_cast<double>(a[r][i] - b[r][i])));
    }
    worst = std::max(worst, difference / scale);
  }
  return worst;
}

TEST(GpuUnit, LogitsAreBitwiseTheSameForEverySizeKindPlanAndOrder) {
  const auto all = prompts(20);
  const auto expected = expected_logits(all);
  std::vector<Layout> setups;
  for (const auto& [ranks, nodes] : {std::pair{1, 1}, {2, 1}, {4, 2}, {8, 2}, {16, 4}})
    setups.push_back({ranks, nodes, {}, {}});
  for (auto kind : {UnitKind::Prefill, UnitKind::Decode})
    for (const bool overlap : {true, false}) {
      Layout setup{4, 2, {}, random_slots(8, overlap ? 1 : 2)};
      setup.options.kind = kind;
      setup.options.overlap = overlap;
      setup.options.budget = {overlap ? 6 : 3, overlap ? 2 : 1};
      setups.push_back(setup);
    }
  Layout single{8, 4, {}, random_slots(16, 5)};
  single.options.micro_batches = 1;
  setups.push_back(single);
  for (const Layout& setup : setups) {
    Running running(setup);
    const auto found = running.prefill(all);
    for (std::size_t r = 0; r < all.size(); ++r)
      ASSERT_EQ(found[r], expected[r]) << setup.ranks << " ranks, request " << r;
  }
}

TEST(GpuUnit, HierarchicalCombineAgreesWithinItsTolerance) {
  const auto all = prompts(12);
  const auto expected = expected_logits(all);
  for (auto kind : {UnitKind::Prefill, UnitKind::Decode}) {
    Layout setup{8, 2, {}, random_slots(8, 9)};
    setup.options.kind = kind;
    setup.options.combine = CombineMode::Hierarchical;
    Running running(setup);
    const auto found = running.prefill(all);
    EXPECT_LT(worst_difference(found, expected), 1e-5);
  }
}

TEST(GpuUnit, DecodingContinuesWhatPrefillBegan) {
  auto all = prompts(6);
  Running running(Layout{4, 2, {}, random_slots(4, 3)});
  running.prefill(all);
  std::vector<int> tokens, positions;
  for (auto& prompt : all) {
    positions.push_back(static_cast<int>(prompt.size()));
    prompt.push_back(static_cast<int>(prompt.size()) * 11 % 96);
    tokens.push_back(prompt.back());
  }
  EXPECT_EQ(running.decode(tokens, positions), expected_logits(all));
}

TEST(GpuUnit, LoadsCountEveryChoiceOnceLogicallyAndOncePhysically) {
  const auto all = prompts(10);
  int rows = 0;
  for (const auto& prompt : all) rows += static_cast<int>(prompt.size());
  const auto slots = random_slots(8, 4);
  Running running(Layout{4, 2, {}, slots});
  running.prefill(all);
  const StepLoads& loads = running.unit().loads();
  ASSERT_EQ(loads.logical.size(), 2U);
  for (std::size_t layer = 0; layer < 2; ++layer) {
    EXPECT_EQ(std::accumulate(loads.logical[layer].begin(), loads.logical[layer].end(), 0U),
              static_cast<unsigned>(rows * 4));
    std::vector<std::uint32_t> by_expert(16);
    int used_replicas = 0;
    for (std::size_t slot = 0; slot < slots[layer].size(); ++slot) {
      by_expert[static_cast<std::size_t>(slots[layer][slot])] += loads.physical[layer][slot];
      used_replicas += loads.physical[layer][slot] > 0;
    }
    EXPECT_EQ(by_expert, loads.logical[layer]);
    EXPECT_GT(used_replicas, 16);  // tokens do spread over replicas
  }
}

TEST(GpuUnit, TheSharedExpertCanBeRoutedLikeOneMore) {
  const auto all = prompts(12);
  const auto expected = expected_logits(all);
  int rows = 0;
  for (const auto& prompt : all) rows += static_cast<int>(prompt.size());
  // The shared expert, number 16, on one rank, on all, and among redundant copies.
  auto single = random_slots(0, 1), redundant = random_slots(6, 2);
  for (auto& row : single) row.insert(row.end(), {16, 3, 5, 16});
  for (auto& row : redundant) row.insert(row.begin(), {16, 1});
  std::vector<std::vector<float>> first;
  for (const auto& slots : {std::vector<std::vector<int>>{}, single, redundant})
    for (auto kind : {UnitKind::Prefill, UnitKind::Decode}) {
      Layout setup{4, 2, {}, slots};
      setup.options.kind = kind;
      setup.options.route_shared = true;
      Running running(setup);
      const auto found = running.prefill(all);
      EXPECT_LT(worst_difference(found, expected), 1e-5);
      if (first.empty()) first = found;
      EXPECT_EQ(found, first) << "placements differ";
      for (const auto& counts : running.unit().loads().logical) {
        ASSERT_EQ(counts.size(), 17U);
        EXPECT_EQ(counts[16], static_cast<unsigned>(rows));
      }
      setup.options.combine = CombineMode::Hierarchical;
      EXPECT_LT(worst_difference(Running(setup).prefill(all), expected), 1e-5);
    }
}

TEST(GpuUnit, DynamicRedundancyActivatesFewSlotsAndComputesTheSame) {
  const auto all = prompts(20);
  const auto expected = expected_logits(all);
  std::uint32_t solved = 0, split = 0;
  for (auto kind : {UnitKind::Prefill, UnitKind::Decode})
    for (const unsigned seed : {1U, 2U, 3U}) {
      Layout setup{4, 2, {}, random_slots(16, seed)};  // eight slots per rank
      setup.options.kind = kind;
      setup.options.micro_batches = 1;
      const auto most_loaded = [&](int active) {
        setup.options.active_slots = active;
        Running running(setup);
        EXPECT_EQ(running.prefill(all), expected);
        std::uint32_t most = 0;
        for (const auto& slots : running.unit().loads().physical)
          for (std::size_t rank = 0; rank < 4; ++rank) {
            const auto begin = slots.begin() + static_cast<std::ptrdiff_t>(8 * rank);
            const auto used = std::count_if(begin, begin + 8, [](auto n) { return n > 0; });
            EXPECT_TRUE(active == 0 || used <= active) << used << " of " << active;
            most = std::max(most, std::accumulate(begin, begin + 8, 0U));
          }
        return most;
      };
      solved += most_loaded(6);
      split += most_loaded(0);
    }
  EXPECT_LT(solved, split);  // fewer active slots, and yet better balanced
}

TEST(GpuUnit, GivenRoutesReplaceTheGate) {
  const auto all = prompts(4);
  std::vector<std::uint16_t> route = {1, 5, 9, 13, 0, 2, 4, 6};  // [layer][top_k]
  Running running(Layout{4, 2, {}, {}});
  std::vector<RankInput> inputs(4);
  KvSequence sequence;
  ASSERT_TRUE(running.unit().pages(2).reserve(sequence, 2));
  MicroBatch& batch = inputs[2].micro_batches[1];
  for (int t = 0; t < 2; ++t) {
    batch.add(7, &sequence, t, 1);
    batch.routes.push_back(route.data());
  }
  running.unit().step(inputs);
  for (std::size_t layer = 0; layer < 2; ++layer)
    for (std::size_t expert = 0; expert < 16; ++expert) {
      const auto first = route.begin() + static_cast<std::ptrdiff_t>(4 * layer);
      EXPECT_EQ(running.unit().loads().logical[layer][expert],
                2 * std::count(first, first + 4, expert));
    }
}

TEST(GpuUnit, AFailingRankEndsTheStepForAllAndTheUnitStaysBroken) {
  Running running(Layout{4, 2, {}, {}});
  auto all = prompts(8);
  all[5][1] = 4711;  // no such token
  EXPECT_THROW(running.prefill(all), std::out_of_range);
  EXPECT_THROW(running.decode({1}, {1}), std::out_of_range);
}

TEST(GpuUnit, TheBudgetAlwaysLeavesEachStreamAWorker) {
  Layout setup;
  setup.options.kind = UnitKind::Decode;
  setup.options.budget = {1, 9};
  Running running(setup);
  EXPECT_EQ(running.unit().granted_budget().workers, 3);
  EXPECT_EQ(running.unit().granted_budget().communication, 1);
  const auto expected = expected_logits(prompts(4));
  EXPECT_EQ(running.unit().set_budget({8, 3}).communication, 3);
  EXPECT_EQ(running.prefill(prompts(4)), expected);
}

TEST(GpuUnit, LayoutsThatCannotBeAreRefused) {
  const auto model = small_model();
  EXPECT_THAT(error_of([&] { Placement::contiguous(2, 16, 3); }), HasSubstr("16 experts"));
  const Group group{0, 4, 2};
  AddressSpace space(group.node_table());
  EXPECT_THAT(error_of([&] {
                cpu_backend().make_unit({model, space, group, {}, Placement::contiguous(2, 16, 8)});
              }),
              HasSubstr("for 8 ranks"));
  EXPECT_THAT(error_of([&] {
                cpu_backend().make_unit({model, space, group, {}, Placement::contiguous(5, 16, 4)});
              }),
              HasSubstr("5 layers"));
  EXPECT_THAT(
      error_of([&] {
        cpu_backend().make_unit({model, space, {0, 4, 3}, {}, Placement::contiguous(2, 16, 4)});
      }),
      HasSubstr("3 nodes"));
}

TEST(GpuPlacement, BadPlansAreRefusedWithLayerAndSlot) {
  const auto refusal = [](std::vector<std::vector<int>> slots,
                          std::vector<std::vector<double>> weights) {
    return error_of([&] { Placement(std::move(slots), std::move(weights), 4, 2, "p.json"); });
  };
  EXPECT_THAT(refusal({{0, 1, 2, 2}}, {}), HasSubstr("expert 3 has no slot"));
  EXPECT_THAT(refusal({{0, 1, 2, 3}, {0, 1, 9, 3}}, {}), HasSubstr("layer 1, slot 2"));
  EXPECT_THAT(refusal({{0, 1, 2, 3}, {0, 1, 2, 3, 0, 1}}, {}), HasSubstr("layer 1"));
  EXPECT_THAT(refusal({{0, 1, 2, 3, 0}}, {}), HasSubstr("evenly"));
  EXPECT_THAT(refusal({}, {}), HasSubstr("no layers"));
  EXPECT_THAT(refusal({{0, 1, 2, 3}}, {{1, 1, 1}}), HasSubstr("split weights"));
  EXPECT_THAT(refusal({{0, 1, 2, 3}}, {{1, -1, 1, 1}}), HasSubstr("slot 1"));
  EXPECT_THAT(refusal({{0, 1, 2, 3}}, {{1, 0, 1, 1}}), HasSubstr("all zero"));
}

TEST(GpuPlacement, TokensSplitOverReplicasByTheirWeights) {
  const Placement placement({{0, 0, 1, 0}}, {{1, 2, 1, 1}}, 2, 2);
  std::vector<int> count(4);
  for (std::uint64_t request = 0; request < 20000; ++request)
    ++count[static_cast<std::size_t>(placement.choose(0, 0, token_key(request, 3, 1)))];
  EXPECT_NEAR(count[0], 5000, 300);
  EXPECT_NEAR(count[1], 10000, 300);
  EXPECT_EQ(count[2], 0);
}

TEST(GpuActiveSlots, EveryTokenHasASlotAndNoRankIsAskedForMore) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    const Placement placement(random_slots(16, static_cast<unsigned>(round)), {}, 16, 4);
    std::vector<std::uint32_t> counts(16);
    for (auto& count : counts) count = random() % 3 == 0 ? random() % 100 : random() % 10;
    const ActiveSlots active(placement, 0, 5, counts);
    for (int rank = 0; rank < 4; ++rank) {
      const auto begin = active.shares().begin() + 8 * rank;
      EXPECT_LE(std::count_if(begin, begin + 8, [](auto n) { return n > 0; }), 5);
    }
    std::vector<std::uint32_t> used(32);
    for (int expert = 0; expert < 16; ++expert)
      for (std::uint32_t n = 0; n < counts[static_cast<std::size_t>(expert)]; ++n) {
        const int slot = active.slot(expert, n);
        ASSERT_EQ(placement.expert(0, slot), expert);
        ++used[static_cast<std::size_t>(slot)];
      }
    EXPECT_EQ(used, active.shares());
  }
}

TEST(GpuActiveSlots, TokensOfAHotExpertGoWhereThereIsLittleToDo) {
  // Expert 0 is on both ranks; rank 0 also has the busy expert 1.
  const Placement placement({{0, 1, 0, 2}}, {}, 3, 2);
  const std::vector<std::uint32_t> counts = {100, 60, 20};
  EXPECT_EQ(ActiveSlots(placement, 0, 2, counts).most_loaded(), 90U);
  EXPECT_EQ(ActiveSlots(placement, 0, 2, counts).shares(),
            (std::vector<std::uint32_t>{30, 60, 70, 20}));
}

TEST(GpuActiveSlots, TooFewAreRefused) {
  const Placement placement({{0, 1, 2, 0}}, {}, 3, 2);
  check_active_slots(placement, 2);
  EXPECT_THAT(error_of([&] { check_active_slots(placement, 1); }), HasSubstr("layer 0"));
}

TEST(GpuSchedule, PrefillRunsExpertsOfOneBatchAgainstCommunicationOfTheOther) {
  const Schedule s = make_schedule(UnitKind::Prefill, true, 2, 3, 1);
  std::string order;
  for (const Item& item : s.streams[static_cast<int>(StreamId::Communication)])
    order += (item.part == Part::Dispatch ? "D" : "C") + std::to_string(item.layer) +
             std::to_string(item.micro_batch) + " ";
  EXPECT_EQ(order, "D10 D11 C10 C11 D20 D21 C20 C21 ");
  EXPECT_TRUE(s.streams[static_cast<int>(StreamId::Experts)].empty());
}

TEST(GpuSchedule, DecodeRunsAttentionOfOneAgainstAllElseOfTheOther) {
  const Schedule s = make_schedule(UnitKind::Decode, true, 2, 3, 1);
  std::string order;
  for (const Item& item : s.streams[static_cast<int>(StreamId::Communication)])
    order += (item.part == Part::Dispatch ? "D" : "C") + std::to_string(item.layer) +
             std::to_string(item.micro_batch) + " ";
  EXPECT_EQ(order, "D10 C10 D11 C11 D20 C20 D21 C21 ");
  EXPECT_EQ(s.streams[static_cast<int>(StreamId::Experts)].size(), 4U);
}

TEST(GpuSchedule, DecodeCanGoPartByPart) {
  const Schedule s = make_schedule(UnitKind::Decode, true, 2, 3, 1, DecodeOrder::PartByPart);
  std::string order;
  for (const Item& item : s.streams[static_cast<int>(StreamId::Communication)])
    order += (item.part == Part::Dispatch ? "D" : "C") + std::to_string(item.layer) +
             std::to_string(item.micro_batch) + " ";
  EXPECT_EQ(order, "D10 D11 C10 C11 D20 D21 C20 C21 ");
  EXPECT_EQ(s.streams[static_cast<int>(StreamId::Experts)].size(), 4U);
}

TEST(GpuSchedule, SerialStepsHaveOnePartAtATime) {
  const Schedule s = make_schedule(UnitKind::Decode, false, 2, 3, 1);
  std::vector<int> turns;
  for (const auto& stream : s.streams)
    for (const Item& item : stream) turns.push_back(item.turn);
  std::sort(turns.begin(), turns.end());
  for (std::size_t i = 0; i < turns.size(); ++i) EXPECT_EQ(turns[i], static_cast<int>(i));
}

TEST(GpuWorkerTeam, CoversEverythingOnceAndRethrows) {
  WorkerTeam team(0, 4);
  for (const int size : {4, 1, 7}) {
    team.resize(0, size);
    for (const int count : {0, 1, 3, 100}) {
      std::vector<std::atomic<int>> seen(static_cast<std::size_t>(count));
      team.split(count, [&](int begin, int end) {
        for (int i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
      });
      for (const auto& times : seen) EXPECT_EQ(times, 1);
    }
  }
  EXPECT_THROW(team.split(7,
                          [](int begin, int) {
                            if (begin == 6) throw std::runtime_error("last");
                          }),
               std::runtime_error);
  int pieces = 0;
  team.split(1, [&](int, int) { ++pieces; });
  EXPECT_EQ(pieces, 1);
}

}  // namespace
}  // namespace moescope::runtime
