// Units on the emulated device against units of the CPU: the same bits, loads and traffic.
#include "gpu/engine/device/device_unit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "gpu/engine/cpu/cpu_backend.h"
#include "gpu/engine/device/emulated_backend.h"
#include "gpu/engine/unit/probe.h"
#include "tests/unit/gpu/gpu_test_support.h"

namespace moescope::runtime {
namespace {

using test::error_of;
using ::testing::HasSubstr;

using Change = void (*)(ModelConfig&);

std::shared_ptr<const Model> model_with(Change change) {
  auto made = std::make_shared<Model>();
  made->config = test::small_model(3)->config;
  change(made->config);
  SeededSource source(3);
  Progress progress;
  made->weights = load_weights(made->config, source, progress);
  return made;
}

void latents(ModelConfig&) {}
void softmax_gate(ModelConfig& c) {
  c.mla.q_rank = 0;
  c.shared_experts = 2;
  c.gate = Gate{};
}
void shared_heads(ModelConfig& c) {
  c.family = "qwen3_moe";
  c.attention = AttentionKind::Gqa;
  c.gqa = {2, 16, QkNorm::PerHead, 0};
  c.shared_experts = 0;
  c.dense_layers = 0;
  c.gate = Gate{};
  c.gate.normalise = true;
  c.rope.interleaved = false;
}
void clipped_heads(ModelConfig& c) {
  shared_heads(c);
  c.family = "olmoe";
  c.gqa = {4, 16, QkNorm::FullWidth, 0.5};
}

constexpr Group kGroup{0, 4, 2};
constexpr int kPositions = 24;

/// Every expert once and some twice, in random order.
Placement random_placement(const ModelConfig& config, unsigned seed, int extra) {
  std::mt19937 random(seed);
  std::vector<std::vector<int>> slots;
  for (int layer = 0; layer < config.moe_layers(); ++layer) {
    auto& row = slots.emplace_back(static_cast<std::size_t>(config.experts));
    std::iota(row.begin(), row.end(), 0);
    for (int i = 0; i < extra; ++i)
      row.push_back(static_cast<int>(random() % static_cast<unsigned>(config.experts)));
    std::shuffle(row.begin(), row.end(), random);
  }
  return {slots, {}, config.experts, kGroup.size};
}

UnitOptions options_of(UnitKind kind, CombineMode combine) {
  UnitOptions options;
  options.kind = kind;
  options.combine = combine;
  options.max_tokens = 16;
  options.max_positions = kPositions;
  options.kv_pages = 8;
  options.spare_places = 12;
  return options;
}

/// A unit of some backend with sequences of its own.
struct Running {
  Running(const Backend& backend, const std::shared_ptr<const Model>& model,
          const UnitOptions& options, const Placement& placement, int sequences)
      : space(kGroup.node_table()),
        unit(backend.make_unit({model, space, kGroup, options, placement})),
        sequences_of(static_cast<std::size_t>(sequences)) {
    for (std::size_t s = 0; s < sequences_of.size(); ++s)
      EXPECT_TRUE(
          unit->pages(static_cast<int>(s) % kGroup.size).reserve(sequences_of[s], kPositions));
  }

  /// Tokens [begin, end) of every sequence; sequence s is on rank s % 4, micro-batch s / 4 % 2.
  std::vector<RankOutput> step(int begin, int end, int vocab) {
    std::vector<RankInput> inputs(kGroup.size);
    for (std::size_t s = 0; s < sequences_of.size(); ++s) {
      MicroBatch& batch = inputs[s % kGroup.size].micro_batches[s / kGroup.size % 2];
      for (int t = begin; t < end + static_cast<int>(s % 3) * (begin == 0 ? 1 : 0); ++t)
        batch.add((static_cast<int>(s) * 31 + t * 7 + 5) % vocab, &sequences_of[s], t, s);
      batch.sampled.push_back(batch.size() - 1);
    }
    return unit->step(inputs);
  }

  AddressSpace space;
  std::unique_ptr<Unit> unit;
  std::vector<KvSequence> sequences_of;
};

void expect_same(const std::vector<RankOutput>& found, const std::vector<RankOutput>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t rank = 0; rank < found.size(); ++rank)
    for (int mb = 0; mb < kMaxMicroBatches; ++mb)
      EXPECT_EQ(found[rank].logits[mb], expected[rank].logits[mb]) << "rank " << rank;
}

using Case = std::tuple<Change, UnitKind, CombineMode>;
class DeviceUnits : public ::testing::TestWithParam<Case> {};

TEST_P(DeviceUnits, GiveTheBitsLoadsAndTrafficOfTheCpu) {
  const auto [change, kind, combine] = GetParam();
  const auto model = model_with(change);
  const Placement placement = random_placement(model->config, 5, 4);
  const UnitOptions options = options_of(kind, combine);
  Running cpu(cpu_backend(), model, options, placement, 6);
  Running device(emulated_backend(), model, options, placement, 6);
  for (const auto& [begin, end] : {std::pair{0, 5}, {7, 8}, {8, 9}}) {
    expect_same(device.step(begin, end, model->config.vocab),
                cpu.step(begin, end, model->config.vocab));
    EXPECT_EQ(device.unit->loads().logical, cpu.unit->loads().logical);
    EXPECT_EQ(device.unit->loads().physical, cpu.unit->loads().physical);
  }
  EXPECT_EQ(device.unit->steps(), 3U);
  // A micro-batch without a row is not run at all on a device, so that its lists are not sent.
  auto sent = device.space.total_traffic(), expected = cpu.space.total_traffic();
  for (const Purpose purpose : {Purpose::Dispatch, Purpose::Forward, Purpose::Combine})
    for (const Link link : {Link::SameGpu, Link::NvLink, Link::Ib})
      EXPECT_EQ(sent.of(purpose, link), expected.of(purpose, link));
}

INSTANTIATE_TEST_SUITE_P(
    Models, DeviceUnits,
    ::testing::Values(Case{latents, UnitKind::Prefill, CombineMode::Ordered},
                      Case{latents, UnitKind::Decode, CombineMode::Hierarchical},
                      Case{softmax_gate, UnitKind::Prefill, CombineMode::Hierarchical},
                      Case{shared_heads, UnitKind::Decode, CombineMode::Ordered},
                      Case{clipped_heads, UnitKind::Prefill, CombineMode::Hierarchical}));

TEST(DeviceUnit, ServesOnWithTheSameBitsAfterAChangeOfPlan) {
  const auto model = model_with(latents);
  const UnitOptions options = options_of(UnitKind::Prefill, CombineMode::Ordered);
  const Placement first = random_placement(model->config, 1, 0);
  Running cpu(cpu_backend(), model, options, first, 4);
  Running device(emulated_backend(), model, options, first, 4);
  const auto expected = cpu.step(0, 4, model->config.vocab);
  expect_same(device.step(0, 4, model->config.vocab), expected);
  Unit& unit = *device.unit;
  // One layer after the other, as spare places allow.
  Placement next = first;
  for (const int layer : {0, 1}) {
    auto slots = next.table();
    std::reverse(slots[static_cast<std::size_t>(layer)].begin(),
                 slots[static_cast<std::size_t>(layer)].end());
    next = Placement(slots, {}, model->config.experts, kGroup.size);
    MovePlan plan = plan_moves(unit.table(), next, {layer}, unit.places(), kGroup.per_node());
    ASSERT_TRUE(plan.fits);
    ASSERT_FALSE(plan.moves.empty());
    for (const Move& move : plan.moves) {
      const std::size_t bytes = unit.expert_bytes(move.expert), half = bytes / 2;
      unit.copy_expert(move, 0, half);
      unit.copy_expert(move, half, bytes - half);
      EXPECT_EQ(unit.held_digest(move.to, move.place, bytes),
                unit.held_digest(move.from, move.from_place, bytes));
    }
    const std::uint64_t epoch = unit.table().epoch + 1;
    unit.stage(std::move(plan.table));
    unit.flip(epoch);
    EXPECT_EQ(unit.table().epoch, epoch);
    expect_same(device.step(0, 4, model->config.vocab), expected);
  }
  EXPECT_GT(device.space.total_traffic().of(Purpose::Weights, Link::Ib), 0U);
  EXPECT_THROW(unit.flip(unit.table().epoch), std::invalid_argument);
}

TEST(DeviceUnit, PlansWithMoreSlotsTakeALargerExchange) {
  const auto model = model_with(latents);
  const UnitOptions options = options_of(UnitKind::Decode, CombineMode::Ordered);
  const Placement first = random_placement(model->config, 1, 0);
  Running device(emulated_backend(), model, options, first, 4);
  const auto expected = device.step(0, 4, model->config.vocab);
  const Placement next = random_placement(model->config, 2, 4);
  Unit& unit = *device.unit;
  MovePlan plan = plan_moves(unit.table(), next, {0, 1}, unit.places(), kGroup.per_node());
  ASSERT_TRUE(plan.fits);
  for (const Move& move : plan.moves) unit.copy_expert(move, 0, unit.expert_bytes(move.expert));
  unit.stage(std::move(plan.table));
  unit.flip(1);
  expect_same(device.step(0, 4, model->config.vocab), expected);
  EXPECT_EQ(unit.loads().physical.front().size(), 20U);
}

TEST(DeviceUnit, ProbesVisitEverySlotAndGiveTheLogitsOfTheCpu) {
  const auto model = model_with(latents);
  const UnitOptions options = options_of(UnitKind::Prefill, CombineMode::Hierarchical);
  const Placement placement = random_placement(model->config, 7, 4);
  Running cpu(cpu_backend(), model, options, placement, 0);
  Running device(emulated_backend(), model, options, placement, 0);
  Probe on_cpu(*cpu.unit, model->config, kPositions);
  Probe on_device(*device.unit, model->config, kPositions);
  EXPECT_EQ(on_device.run(2), on_cpu.run(2));
  EXPECT_EQ(on_device.slots_used(), on_cpu.slots_used());
}

TEST(DeviceUnit, PagesGoFromOneUnitToAnother) {
  const auto model = model_with(latents);
  const Placement placement = random_placement(model->config, 1, 0);
  AddressSpace space({0, 0, 1, 1, 0, 0, 1, 1});
  const auto make = [&](UnitKind kind, int first) {
    return emulated_backend().make_unit(
        {model, space, {first, 4, 2}, options_of(kind, CombineMode::Ordered), placement});
  };
  const auto prefill = make(UnitKind::Prefill, 0), decode = make(UnitKind::Decode, 4);
  KvSequence here, there, other;
  ASSERT_TRUE(prefill->pages(1).reserve(here, 20));
  ASSERT_TRUE(decode->pages(2).reserve(other, 5));  // so that pages have other numbers
  ASSERT_TRUE(decode->pages(2).reserve(there, 20));
  const auto logits_of = [&](Unit& unit, int member, const KvSequence& sequence, int begin) {
    std::vector<RankInput> inputs(4);
    MicroBatch& batch = inputs[static_cast<std::size_t>(member)].micro_batches[0];
    for (int t = begin; t < begin + (begin == 0 ? 16 : 1); ++t) batch.add(t * 3, &sequence, t, 1);
    batch.sampled.push_back(batch.size() - 1);
    return unit.step(inputs)[static_cast<std::size_t>(member)].logits[0];
  };
  logits_of(*prefill, 1, here, 0);
  decode->fetch_pages(2, there, prefill->page_places(1, here));
  EXPECT_EQ(logits_of(*decode, 2, there, 16), logits_of(*prefill, 1, here, 16));
  EXPECT_EQ(space.total_traffic().of(Purpose::KvCache, Link::Ib),
            2 * static_cast<std::size_t>(model->config.layers) * decode->page_bytes());
}

TEST(DeviceUnit, WhatItCannotDoIsRefused) {
  const auto model = model_with(latents);
  const Placement placement = random_placement(model->config, 1, 0);
  const auto refusal = [&](const std::function<void(UnitOptions&)>& change) {
    UnitOptions options = options_of(UnitKind::Decode, CombineMode::Ordered);
    change(options);
    AddressSpace space(kGroup.node_table());
    return error_of([&] {
      emulated_backend().make_unit({model, space, kGroup, options, placement});
    });
  };
  EXPECT_THAT(refusal([](UnitOptions& o) { o.tp = 2; }), HasSubstr("no tensor parallelism"));
  EXPECT_THAT(refusal([](UnitOptions& o) { o.active_slots = 4; }), HasSubstr("active slots"));
  EXPECT_THAT(refusal([](UnitOptions& o) { o.micro_batches = 3; }), HasSubstr("expected 1 or 2"));
  EXPECT_THAT(error_of([&] { check_device_unit({}, true); }), HasSubstr("in one process"));
  UnitOptions routed;
  routed.route_shared = true;
  EXPECT_THAT(error_of([&] { check_device_unit(routed, false); }), HasSubstr("shared expert"));
}

TEST(DeviceUnit, AFailingStepLeavesItUnusable) {
  const auto model = model_with(latents);
  UnitOptions options = options_of(UnitKind::Decode, CombineMode::Ordered);
  const Placement placement = random_placement(model->config, 1, 0);
  Running device(emulated_backend(), model, options, placement, 4);
  std::vector<RankInput> inputs(kGroup.size);
  inputs[2].micro_batches[0].add(4711, device.sequences_of.data(), 0, 1);
  EXPECT_THROW(device.unit->step(inputs), std::out_of_range);
  EXPECT_THROW(device.step(0, 1, model->config.vocab), std::out_of_range);
}

TEST(DeviceUnit, TheBudgetLeavesEachStreamAnSm) {
  const auto model = model_with(latents);
  Running device(emulated_backend(), model, options_of(UnitKind::Decode, CombineMode::Ordered),
                 random_placement(model->config, 1, 0), 4);
  const auto expected = device.step(0, 4, model->config.vocab);
  WorkerBudget granted = device.unit->set_budget({1, 9});
  EXPECT_EQ(granted.workers, 3);
  EXPECT_EQ(granted.communication, 1);
  granted = device.unit->set_budget({7, 3});
  EXPECT_EQ(granted.communication, 3);
  EXPECT_EQ(device.unit->take_observed_budget().workers, 7);
  expect_same(device.step(0, 4, model->config.vocab), expected);
}

}  // namespace
}  // namespace moescope::runtime
