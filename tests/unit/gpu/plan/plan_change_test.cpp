// Plan changes while an engine serves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <random>
#include <thread>

#include "gpu/engine/cpu/cpu_backend.h"
#include "gpu/engine/engine.h"
#include "gpu/engine/placement/slot_table.h"
#include "gpu/engine/plan/plan_form.h"
#include "tests/unit/gpu/gpu_test_support.h"
#include "tests/unit/gpu/serving_support.h"

namespace moescope::runtime {
namespace {

using test::greedy;
using test::served_model;
using test::small_options;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::Field;
using ::testing::HasSubstr;

/// Every expert once and `extra` random copies, in random order, on four ranks.
Plan random_plan(int extra, unsigned seed, int experts = 16) {
  std::mt19937 random(seed);
  Plan plan;
  plan.num_gpus = 4;
  plan.num_nodes = 2;
  plan.num_experts = experts;
  for (int layer = 0; layer < served_model()->config.moe_layers(); ++layer) {
    auto& row = plan.physical_to_logical.emplace_back(static_cast<std::size_t>(experts));
    std::iota(row.begin(), row.end(), 0);
    for (int i = 0; i < extra; ++i)
      row.push_back(static_cast<int>(random() % static_cast<unsigned>(experts)));
    std::shuffle(row.begin(), row.end(), random);
  }
  return plan;
}

/// An engine that serves on a separate thread until it is stopped.
class Serving4 {
 public:
  explicit Serving4(const EngineOptions& options = small_options())
      : engine_(cpu_backend(), served_model(), options, std::nullopt, nullptr) {
    engine_.keep_outputs();
  }
  ~Serving4() {
    if (thread_.joinable()) end();
  }
  void begin() {
    thread_ = std::thread([this] { statistics_ = engine_.run({}, progress_); });
  }
  void end() {
    progress_.cancel();
    thread_.join();
  }
  Control& control() { return engine_.control(); }
  /// Proposes on the current epoch and waits for the end of the change.
  PlanRecord change(const Plan& plan, PlanOptions options = {}) {
    return result(control().propose_plan(plan, control().epoch(), options));
  }
  PlanRecord result(PlanTicket ticket) {
    for (;;) {
      const auto change = *control().plan_change(ticket);
      if (is_final(change.phase)) return change;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  void wait_for(PlanTicket ticket, PlanPhase phase) {
    while (control().plan_change(ticket)->phase != phase)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  void wait_for_requests(std::uint64_t more) {
    const auto until = control().status().finished.value_or(0) + more;
    while (control().status().finished < until)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  void expect_right_tokens() {
    ASSERT_FALSE(engine_.outputs().empty());
    for (const auto& [request, output] : engine_.outputs())
      ASSERT_EQ(output, greedy(request)) << "request " << request.id;
  }

 private:
  Engine engine_;
  Progress progress_;
  std::thread thread_;
  EngineStatistics statistics_;
};

TEST(GpuPlanChange, RequestsInFlightGetTheirTokensWhilePlansChange) {
  Serving4 serving;
  serving.begin();
  serving.wait_for_requests(5);
  std::uint64_t epoch = 0;
  for (const int extra : {0, 8, 4, 0}) {
    const Plan plan = random_plan(extra, static_cast<unsigned>(extra) + 3);
    const PlanRecord change = serving.change(plan);
    ASSERT_EQ(change.phase, PlanPhase::Released) << change.reason;
    EXPECT_EQ(change.epoch, ++epoch);
    EXPECT_EQ(serving.control().epoch(), epoch);
    EXPECT_EQ(serving.control().plan().physical_to_logical, plan.physical_to_logical);
    EXPECT_GT(change.moves, 0);
    EXPECT_EQ(change.bytes_done, change.bytes_total);
    EXPECT_EQ(change.slots_probed, change.slot_count);
    serving.wait_for_requests(5);
  }
  serving.end();
  serving.expect_right_tokens();
}

TEST(GpuPlanChange, ARecordHasWhoWhenWhatAndHowFastTokensCame) {
  Serving4 serving;
  serving.begin();
  serving.wait_for_requests(5);
  PlanOptions options;
  options.who = "operator";
  options.bytes_per_step = 4096;
  options.hold = 0.05;
  std::vector<PlanPhase> phases;
  serving.control().on_plan_change([&](const PlanRecord& change) {
    if (phases.empty() || phases.back() != change.phase) phases.push_back(change.phase);
  });
  const PlanTicket ticket = serving.control().propose_plan(random_plan(4, 9), 0, options);
  serving.result(ticket);
  serving.wait_for_requests(5);
  const PlanRecord change = serving.control().history().at(ticket - 1);
  serving.control().on_plan_change({});
  EXPECT_EQ(phases, (std::vector{PlanPhase::Proposed, PlanPhase::Preparing, PlanPhase::Committing,
                                 PlanPhase::Verifying, PlanPhase::Holding, PlanPhase::Released}));
  EXPECT_EQ(change.who, "operator");
  EXPECT_GT(change.wall_ns, 0);
  EXPECT_LE(change.proposed, change.started);
  EXPECT_LT(change.started, change.prepared);
  EXPECT_LT(change.prepared, change.committed);
  EXPECT_LT(change.committed, change.verified);
  EXPECT_LT(change.verified, change.ended);
  EXPECT_GT(change.tpot_before, 0);
  EXPECT_GT(change.tpot_during, 0);
  EXPECT_GT(change.tpot_after, 0);
  EXPECT_LE(change.ib_bytes, change.bytes_done);
}

TEST(GpuPlanChange, WhatCannotBeIsRefusedAndTouchesNothing) {
  Serving4 serving;
  serving.begin();
  const auto refusal = [&](const Plan& plan, std::uint64_t epoch = 0) {
    const auto change = serving.result(serving.control().propose_plan(plan, epoch, {}));
    EXPECT_EQ(change.phase, PlanPhase::Refused);
    EXPECT_EQ(change.bytes_done, 0U);
    return change.reason;
  };
  EXPECT_THAT(refusal(random_plan(0, 1), 3), HasSubstr("based on epoch 3, epoch 0"));
  Plan plan = random_plan(0, 1);
  std::replace(plan.physical_to_logical[1].begin(), plan.physical_to_logical[1].end(), 5, 6);
  EXPECT_THAT(refusal(plan), AllOf(HasSubstr("layer 1"), HasSubstr("no replica: 5")));
  plan = random_plan(0, 1);
  plan.num_gpus = 8;
  EXPECT_THAT(refusal(plan), HasSubstr("8 GPUs, a unit has 4 ranks"));
  EXPECT_THAT(refusal(random_plan(0, 1, 20)), HasSubstr("20"));
  plan = random_plan(0, 1);
  plan.physical_to_logical.pop_back();
  EXPECT_THAT(refusal(plan), HasSubstr("layer"));
  EXPECT_THAT(refusal(random_plan(400, 1)), HasSubstr("spare places"));
  EXPECT_THAT(refusal(serving.control().plan()), HasSubstr("is the plan in force"));
  EXPECT_EQ(serving.control().epoch(), 0U);
  serving.wait_for_requests(5);
  serving.end();
  serving.expect_right_tokens();
  EXPECT_EQ(serving.change(random_plan(0, 1)).phase, PlanPhase::Refused);  // does not serve
}

TEST(GpuPlanChange, ARepeatedProposalIsOneChangeAndALateOneIsStale) {
  Serving4 serving;
  PlanOptions options;
  options.id = "message 17";
  const PlanTicket first = serving.control().propose_plan(random_plan(0, 1), 0, options);
  const PlanTicket again = serving.control().propose_plan(random_plan(0, 1), 0, options);
  const PlanTicket late = serving.control().propose_plan(random_plan(0, 2), 0, {});
  EXPECT_EQ(first, again);
  EXPECT_NE(first, late);
  serving.begin();
  EXPECT_EQ(serving.result(first).phase, PlanPhase::Released);
  EXPECT_EQ(serving.result(late).phase, PlanPhase::Refused);
  EXPECT_THAT(serving.result(late).reason, HasSubstr("epoch 0, epoch 1"));
  EXPECT_EQ(serving.control().propose_plan(random_plan(0, 1), 0, options), first);
}

TEST(GpuPlanChange, ARankThatFailsInAnyPhaseLeavesThePlanBefore) {
  std::atomic<int> phase{-1}, rank{-1};
  EngineOptions options = small_options();
  options.faults.plan = [&](PlanPhase p, int r) {
    if (static_cast<int>(p) == phase && r == rank) throw std::runtime_error("lost power");
  };
  Serving4 serving(options);
  serving.begin();
  const Plan before = serving.control().plan();
  for (const PlanPhase failing :
       {PlanPhase::Preparing, PlanPhase::Committing, PlanPhase::Verifying})
    for (const int failed : {0, 3, 4, 7}) {  // first and last rank of both units
      phase = static_cast<int>(failing);
      rank = failed;
      const PlanRecord change = serving.change(random_plan(8, 4));
      ASSERT_EQ(change.phase, PlanPhase::RolledBack);
      EXPECT_THAT(change.reason, HasSubstr("lost power"));
      EXPECT_EQ(change.epoch, 0U);
      EXPECT_EQ(serving.control().plan(), before);
    }
  phase = -1;
  EXPECT_EQ(serving.change(random_plan(8, 4)).phase, PlanPhase::Released);
  serving.wait_for_requests(5);
  serving.end();
  serving.expect_right_tokens();
}

TEST(GpuPlanChange, DamagedWeightsAreFoundBeforeTheyAreUsed) {
  std::atomic<int> arrivals{0};
  EngineOptions options = small_options();
  options.faults.arrived = [&](int, std::span<std::byte> weights) {
    if (++arrivals == 7) weights[weights.size() / 3] ^= std::byte{4};
  };
  Serving4 serving(options);
  serving.begin();
  const PlanRecord change = serving.change(random_plan(0, 4));
  EXPECT_EQ(change.phase, PlanPhase::RolledBack);
  EXPECT_THAT(change.reason, AllOf(HasSubstr("damaged"), HasSubstr("expert")));
  EXPECT_LT(change.bytes_done, change.bytes_total);
  serving.wait_for_requests(5);
  serving.end();
  serving.expect_right_tokens();
}

TEST(GpuPlanChange, WrongWeightsThatTheirDigestMissesFailTheProbe) {
  // Weights are changed after they were compared: in the last look before the plans are compared.
  std::vector<std::span<std::byte>> copies;
  EngineOptions options = small_options();
  options.faults.arrived = [&](int, std::span<std::byte> weights) { copies.push_back(weights); };
  options.faults.plan = [&](PlanPhase phase, int rank) {
    if (phase == PlanPhase::Verifying && rank == 0)
      std::fill_n(copies.back().begin(), 64, std::byte{0x3f});
  };
  Serving4 serving(options);
  serving.begin();
  const PlanRecord change = serving.change(random_plan(0, 4));
  EXPECT_EQ(change.phase, PlanPhase::RolledBack);
  EXPECT_THAT(change.reason, HasSubstr("other logits"));
  serving.wait_for_requests(5);
  serving.end();
  serving.expect_right_tokens();
}

TEST(GpuPlanChange, AHeldPlanFlipsBackAndAReleasedOneIsCopiedBack) {
  Serving4 serving;
  serving.begin();
  const Plan before = serving.control().plan();
  EXPECT_EQ(serving.control().rollback("nobody"), std::nullopt);
  EXPECT_EQ(serving.control().previous_plan(), std::nullopt);
  PlanOptions options;
  options.hold = 600;
  const PlanTicket ticket = serving.control().propose_plan(random_plan(4, 2), 0, options);
  serving.wait_for(ticket, PlanPhase::Holding);
  EXPECT_EQ(serving.control().epoch(), 1U);
  EXPECT_EQ(serving.control().rollback("operator"), ticket);
  const PlanRecord undone = serving.result(ticket);
  EXPECT_EQ(undone.phase, PlanPhase::RolledBack);
  EXPECT_THAT(undone.reason, HasSubstr("operator"));
  EXPECT_EQ(undone.epoch, 2U);  // epochs never mean two plans
  EXPECT_EQ(serving.control().plan().physical_to_logical, before.physical_to_logical);

  ASSERT_EQ(serving.change(random_plan(4, 2)).phase, PlanPhase::Released);
  ASSERT_TRUE(serving.control().previous_plan());
  EXPECT_EQ(*serving.control().previous_plan(), before) << "what a rollback restores is known";
  const auto back = serving.control().rollback("operator");
  ASSERT_TRUE(back.has_value());
  const PlanRecord copied = serving.result(*back);
  EXPECT_EQ(copied.phase, PlanPhase::Released) << copied.reason;
  EXPECT_EQ(copied.who, "operator");
  EXPECT_GT(copied.bytes_done, 0U);
  EXPECT_EQ(serving.control().plan().physical_to_logical, before.physical_to_logical);
  serving.wait_for_requests(5);
  serving.end();
  serving.expect_right_tokens();
}

TEST(GpuPlanChange, ACallForRollbackEndsThePreparation) {
  Serving4 serving;
  serving.begin();
  PlanOptions options;
  options.bytes_per_step = 16;  // takes for ever
  const PlanTicket ticket = serving.control().propose_plan(random_plan(4, 2), 0, options);
  serving.wait_for(ticket, PlanPhase::Preparing);
  EXPECT_EQ(serving.control().rollback("operator"), ticket);
  const PlanRecord change = serving.result(ticket);
  EXPECT_EQ(change.phase, PlanPhase::RolledBack);
  EXPECT_EQ(change.epoch, 0U);
}

TEST(GpuPlanChange, APhaseThatTakesTooLongIsUndone) {
  Serving4 serving;
  serving.begin();
  PlanOptions options;
  options.bytes_per_step = 16;
  options.deadlines.prepare = 0.02;
  const PlanRecord slow = serving.change(random_plan(4, 2), options);
  EXPECT_EQ(slow.phase, PlanPhase::RolledBack);
  EXPECT_THAT(slow.reason, HasSubstr("longer than"));
  PlanOptions hasty;
  hasty.deadlines.verify = 0;
  EXPECT_EQ(serving.change(random_plan(4, 2), hasty).phase, PlanPhase::RolledBack);
  EXPECT_EQ(serving.control().epoch(), 0U);
}

TEST(GpuPlanChange, WithRoomForOneLayerLayersChangeOneByOne) {
  EngineOptions options = small_options();
  options.spare_places = 4;  // one layer of a rank
  Serving4 serving(options);
  serving.begin();
  PlanOptions whole;
  whole.by_layer = false;
  // Every rank's experts come from another rank.
  Plan plan = serving.control().plan();
  for (auto& row : plan.physical_to_logical) std::rotate(row.begin(), row.begin() + 4, row.end());
  const PlanRecord refused = serving.change(plan, whole);
  EXPECT_EQ(refused.phase, PlanPhase::Refused);
  EXPECT_THAT(refused.reason, HasSubstr("at once"));
  const PlanRecord change = serving.change(plan);
  EXPECT_EQ(change.phase, PlanPhase::Released) << change.reason;
  EXPECT_EQ(change.stages, 2);
  EXPECT_EQ(change.epoch, 2U);
  EXPECT_EQ(serving.control().plan().physical_to_logical, plan.physical_to_logical);
  serving.wait_for_requests(5);
  serving.end();
  serving.expect_right_tokens();
}

TEST(GpuPlanChange, TheEndOfTheRunEndsAChange) {
  Serving4 serving;
  serving.begin();
  PlanOptions options;
  options.bytes_per_step = 16;
  const PlanTicket ticket = serving.control().propose_plan(random_plan(4, 2), 0, options);
  const PlanTicket next = serving.control().propose_plan(random_plan(4, 3), 0, {});
  serving.wait_for(ticket, PlanPhase::Preparing);
  serving.end();
  EXPECT_EQ(serving.result(ticket).phase, PlanPhase::RolledBack);
  EXPECT_EQ(serving.result(next).phase, PlanPhase::Refused);
}

TEST(GpuPlanMoves, SourcesAreOnTheSameNodeWhereOneHasTheExpertAndLivePlacesAreKept) {
  // Two nodes of two ranks; expert 0 is on ranks 0 and 2, rank 3 wants it.
  const Placement now({{0, 1, 2, 3, 0, 5, 4, 6}}, {}, 7, 4);
  const Placement next({{0, 1, 2, 3, 6, 5, 4, 0}}, {}, 7, 4);
  const SlotTable table = SlotTable::first(now);
  const MovePlan plan = plan_moves(table, next, {0}, 4, 2);
  ASSERT_TRUE(plan.fits);
  ASSERT_EQ(plan.moves.size(), 2U);
  for (const Move& move : plan.moves) {
    EXPECT_GE(move.place, 2) << "over a live place";
    if (move.to == 3) {
      EXPECT_EQ(move.from, 2);
      EXPECT_EQ(move.expert, 0);
    }
  }
  EXPECT_EQ(plan.table.places[0], table.places[0]);
  EXPECT_EQ(plan.table.places[2][0][1], table.places[2][0][1]);
  EXPECT_FALSE(plan_moves(table, next, {0}, 2, 2).fits);
}

TEST(GpuControl, AnEngineThatDoesNotServeYetReportsItsSettings) {
  EngineOptions options = small_options();
  options.budget = {5, 2};
  Engine engine(cpu_backend(), served_model(), options, std::nullopt, nullptr);
  const NodeStatus status = engine.control().status();
  EXPECT_FALSE(status.serving);
  for (const NodeUnit& unit : status.units) {
    EXPECT_EQ(unit.requested.workers, 5);
    EXPECT_EQ(unit.granted.workers, 5);
    EXPECT_EQ(unit.granted.communication, 2);
    EXPECT_EQ(unit.observed.workers, 0) << "nothing was seen at work";
  }
  EXPECT_GT(status.cores, 0);
  EXPECT_EQ(status.detail, std::nullopt) << "nothing is recorded";
}

TEST(GpuControl, SettingsTakeEffectWhileServingAndTokensStayTheSame) {
  Serving4 serving;
  serving.begin();
  serving.wait_for_requests(3);
  serving.control().set_overlap(false);
  serving.control().set_budget({6, 2});
  // A setting takes effect with the next step; several requests can end in the one before.
  NodeStatus status = serving.control().status();
  for (int done = 5; done <= 15 && status.units[1].granted.workers != 6; ++done) {
    serving.wait_for_requests(done);
    status = serving.control().status();
  }
  EXPECT_FALSE(status.overlap);
  EXPECT_EQ(status.units[1].requested.communication, 2);
  EXPECT_EQ(status.units[1].granted.workers, 6);
  serving.control().set_budget({1, 9});
  serving.control().set_overlap(true);
  WorkloadOptions workload = parse_workload(status.workload);
  workload.prompt_max = 3;
  serving.control().set_workload(workload);
  workload.prompt_max = 1000;
  EXPECT_THAT(test::error_of([&] { serving.control().set_workload(workload); }),
              HasSubstr("1009 tokens"));
  serving.wait_for_requests(20);
  status = serving.control().status();
  EXPECT_TRUE(status.serving);
  EXPECT_EQ(status.units[1].requested.workers, 1);
  EXPECT_EQ(status.units[1].granted.workers, 3);
  EXPECT_EQ(status.ranks.size(), 8U);
  EXPECT_EQ(parse_workload(status.workload).prompt_max, 3);
  serving.end();
  EXPECT_FALSE(serving.control().status().serving);
  serving.expect_right_tokens();
}

}  // namespace
}  // namespace moescope::runtime
