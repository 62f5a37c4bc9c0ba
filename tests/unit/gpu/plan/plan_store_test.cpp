// Plans that outlive the engine: stored before a change is reported as done, and continued from.
#include "gpu/engine/placement/plan_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "core/error.h"
#include "gpu/engine/cpu/cpu_backend.h"
#include "gpu/engine/engine.h"
#include "gpu/engine/plan/plan_form.h"
#include "tests/unit/gpu/serving_support.h"

namespace moescope::runtime {
namespace {

using test::greedy;
using test::served_model;
using test::small_options;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A disk that keeps one plan, and fails at a given step.
class FakeStore final : public PlanStore {
 public:
  void prepare(const StoredPlan& next) override {
    fail_at("prepare");
    next_ = next;
  }
  void adopt() override {
    fail_at("adopt");
    adopted = next_;
  }
  void sync() override {
    fail_at("sync");
    kept = adopted;
  }
  std::string fails;  ///< once
  std::optional<StoredPlan> adopted, kept;

 private:
  void fail_at(const std::string& step) {
    if (fails != step) return;
    fails.clear();
    throw Error("state", "", "the disk is full at " + step);
  }
  std::optional<StoredPlan> next_;
};

class GpuPlanStore : public testing::Test {
 protected:
  FakeStore store;

  Plan first_plan() const {
    const ModelConfig& config = served_model()->config;
    const PlanFrame frame{small_options().ranks / 2, small_options().nodes};
    return plan_of(contiguous_placement(config, frame), config, frame);
  }
  Plan swapped() const {
    Plan plan = first_plan();
    for (auto& row : plan.physical_to_logical) std::swap(row.front(), row.back());
    return plan;
  }
};

/// Serves until the end of its scope; every request must have got its own tokens.
class Served {
 public:
  explicit Served(const PlanStart& plans, const std::optional<Placement>& placement = std::nullopt)
      : engine_(cpu_backend(), served_model(), small_options(), placement, nullptr, {}, plans) {
    engine_.keep_outputs();
    thread_ = std::thread([this] { engine_.run({}, progress_); });
  }
  ~Served() {
    wait_for_requests(3);
    progress_.cancel();
    thread_.join();
    for (const auto& [request, output] : engine_.outputs())
      EXPECT_EQ(output, greedy(request)) << "request " << request.id;
  }
  Control& control() { return engine_.control(); }
  PlanRecord change(const Plan& plan) {
    PlanOptions options;
    options.name = "swapped";
    return result(control().propose_plan(plan, control().epoch(), options));
  }
  PlanRecord result(PlanTicket ticket) {
    for (;;) {
      const auto change = *control().plan_change(ticket);
      if (is_final(change.phase)) return change;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

 private:
  void wait_for_requests(std::uint64_t more) {
    const auto until = control().status().finished.value_or(0) + more;
    while (control().status().finished < until)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  Engine engine_;
  Progress progress_;
  std::thread thread_;
};

TEST_F(GpuPlanStore, AChangeIsReportedAsDoneOnlyWhenItIsKept) {
  Served served({.store = &store});
  std::optional<std::uint64_t> kept_when_reported;
  served.control().on_plan_change([&](const PlanRecord& change) {
    if (change.phase == PlanPhase::Released && store.kept) kept_when_reported = store.kept->epoch;
  });
  const PlanRecord change = served.change(swapped());
  served.control().on_plan_change({});  // waits for a listener that is being called
  ASSERT_EQ(change.phase, PlanPhase::Released) << change.reason;
  EXPECT_EQ(kept_when_reported, 1U);
  EXPECT_EQ(store.kept->name, "swapped");
  EXPECT_EQ(store.kept->plan.physical_to_logical, swapped().physical_to_logical);
  ASSERT_TRUE(store.kept->previous);
  EXPECT_EQ(store.kept->previous->physical_to_logical, first_plan().physical_to_logical);
}

TEST_F(GpuPlanStore, AChangeThatCannotBeWrittenDoesNotComeIntoForce) {
  Served served({.store = &store});
  for (const char* step : {"prepare", "adopt"}) {
    store.fails = step;
    const PlanRecord change = served.change(swapped());
    EXPECT_EQ(change.phase, PlanPhase::RolledBack);
    EXPECT_THAT(change.reason, HasSubstr(std::string("full at ") + step));
    EXPECT_EQ(served.control().epoch(), 0U) << step;
    EXPECT_FALSE(store.adopted);
  }
  EXPECT_EQ(served.change(swapped()).phase, PlanPhase::Released) << "when the disk has room again";
}

TEST_F(GpuPlanStore, AChangeThatCannotBeKeptForGoodIsTakenBack) {
  Served served({.store = &store});
  store.fails = "sync";
  const PlanRecord change = served.change(swapped());
  EXPECT_EQ(change.phase, PlanPhase::RolledBack);
  EXPECT_THAT(change.reason, HasSubstr("full at sync"));
  EXPECT_EQ(served.control().plan().physical_to_logical, first_plan().physical_to_logical);
  ASSERT_TRUE(store.kept);
  EXPECT_EQ(store.kept->plan.physical_to_logical, first_plan().physical_to_logical);
  EXPECT_EQ(store.kept->epoch, served.control().epoch());
}

TEST_F(GpuPlanStore, AnEngineGoesOnFromTheStoredPlanAndEpoch) {
  const ModelConfig& config = served_model()->config;
  const PlanFrame frame{small_options().ranks / 2, small_options().nodes};
  for (const std::uint64_t epoch : {std::uint64_t{7}, std::uint64_t{8}}) {
    PlanStart plans{.epoch = epoch, .store = &store};
    plans.previous = contiguous_placement(config, frame);
    Served served(plans, placement_of(swapped(), config, frame, "stored"));
    EXPECT_EQ(served.control().epoch(), epoch);
    EXPECT_EQ(served.control().plan().physical_to_logical, swapped().physical_to_logical);
    const auto ticket = served.control().rollback("operator");
    ASSERT_TRUE(ticket);
    const PlanRecord back = served.result(*ticket);
    EXPECT_EQ(back.phase, PlanPhase::Released) << back.reason;
    EXPECT_EQ(back.epoch, epoch + 1);
    EXPECT_EQ(store.kept->epoch, epoch + 1);
    EXPECT_EQ(served.control().plan().physical_to_logical, first_plan().physical_to_logical);
  }
}

}  // namespace
}  // namespace moescope::runtime
