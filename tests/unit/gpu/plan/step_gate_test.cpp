// The gate that stops both units between two steps.
#include "gpu/engine/plan/step_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

namespace moescope::runtime {
namespace {

using std::chrono::milliseconds;

constexpr StepGate::Seconds kLong{60}, kShort{0.02};

/// A unit as the serving loop runs it: passes the gate before every step until it is stopped.
class Runner {
 public:
  Runner(StepGate& gate, UnitKind kind, bool idle = false)
      : gate_(gate), kind_(kind), idle_(idle), thread_([this] { run(); }) {}
  ~Runner() { end(); }
  void end() {
    ended_ = true;
    if (thread_.joinable()) thread_.join();
  }
  std::uint32_t steps() const { return steps_; }
  bool inside() const { return inside_; }

 private:
  void run() {
    while (!ended_) {
      gate_.pass(kind_, steps_, idle_);
      if (!idle_) {
        inside_ = true;
        std::this_thread::sleep_for(milliseconds(5));
        inside_ = false;
        ++steps_;
      }
      std::this_thread::yield();
    }
    gate_.leave(kind_);
  }
  StepGate& gate_;
  const UnitKind kind_;
  const bool idle_;
  std::atomic<bool> ended_{false}, inside_{false};
  std::atomic<std::uint32_t> steps_{0};
  std::thread thread_;
};

/// Until a unit has done a step, so that both are known to run.
void wait_for_steps(const Runner& runner, std::uint32_t steps) {
  while (runner.steps() < steps) std::this_thread::sleep_for(milliseconds(1));
}

TEST(StepGate, BothUnitsStandBetweenStepsUntilItOpens) {
  StepGate gate;
  Runner prefill(gate, UnitKind::Prefill), decode(gate, UnitKind::Decode);
  wait_for_steps(prefill, 3);
  wait_for_steps(decode, 3);
  const StepGate::Steps before{prefill.steps(), decode.steps()};
  StepGate::Steps at{};
  ASSERT_TRUE(gate.close(kLong, at));
  // The step that they may be in, and what a busy machine lets pass before the gate is closed.
  for (std::size_t u = 0; u < 2; ++u) EXPECT_LE(at[u], before[u] + 1 + 10);
  EXPECT_FALSE(prefill.inside());
  EXPECT_FALSE(decode.inside());
  EXPECT_EQ(at, (StepGate::Steps{prefill.steps(), decode.steps()}));
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(at, (StepGate::Steps{prefill.steps(), decode.steps()})) << "nobody steps meanwhile";
  gate.open();
  wait_for_steps(prefill, at[0] + 2);
  wait_for_steps(decode, at[1] + 2);
}

TEST(StepGate, AUnitInsideAStepIsWaitedForAndDoesNoMore) {
  StepGate gate;
  Runner prefill(gate, UnitKind::Prefill, true);
  gate.pass(UnitKind::Decode, 4, false);  // begins step 4
  StepGate::Steps at{};
  auto closing = std::async(std::launch::async, [&] { return gate.close(kLong, at); });
  EXPECT_EQ(closing.wait_for(milliseconds(20)), std::future_status::timeout);
  // Whenever closing begins, it stops one of these.
  std::atomic<bool> closed{false};
  std::atomic<std::uint32_t> stands{0};
  auto decode = std::async(std::launch::async, [&] {
    for (std::uint32_t step = 5; !closed; ++step) {
      stands = step;
      gate.pass(UnitKind::Decode, step, false);
    }
  });
  ASSERT_TRUE(closing.get());
  EXPECT_EQ(at[1], stands);
  closed = true;
  gate.open();
  decode.get();
  EXPECT_EQ(at[1], stands) << "it stood until the gate was open";
}

TEST(StepGate, AnIdleUnitStandsAtOnce) {
  StepGate gate;
  Runner prefill(gate, UnitKind::Prefill, true), decode(gate, UnitKind::Decode);
  StepGate::Steps at{};
  ASSERT_TRUE(gate.close(kLong, at));
  EXPECT_EQ(at[0], 0U);
  gate.open();
}

TEST(StepGate, OpensAgainWhenAUnitDoesNotCome) {
  StepGate gate;
  Runner decode(gate, UnitKind::Decode);
  wait_for_steps(decode, 1);
  StepGate::Steps at{77, 77};
  EXPECT_FALSE(gate.close(kShort, at)) << "prefill never passes";
  EXPECT_EQ(at, (StepGate::Steps{77, 77}));
  wait_for_steps(decode, decode.steps() + 2);
}

TEST(StepGate, IsNotWaitedForWhenAUnitHasLeft) {
  StepGate gate;
  Runner decode(gate, UnitKind::Decode);
  gate.leave(UnitKind::Prefill);
  StepGate::Steps at{};
  EXPECT_FALSE(gate.close(kLong, at)) << "long before the time is over";
}

TEST(StepGate, NoticesWhenAnotherStepHasBegun) {
  StepGate gate;
  auto waiting = std::async(std::launch::async, [&] { gate.wait_for_step(kLong); });
  EXPECT_EQ(waiting.wait_for(milliseconds(20)), std::future_status::timeout);
  gate.pass(UnitKind::Decode, 0, true);
  EXPECT_EQ(waiting.wait_for(milliseconds(20)), std::future_status::timeout)
      << "an idle unit that did no step begins none";
  // Whenever it has begun to wait, one of these is the step it waits for.
  for (std::uint32_t step = 1; waiting.wait_for(milliseconds(1)) != std::future_status::ready;
       ++step)
    gate.pass(UnitKind::Decode, step, false);
}

}  // namespace
}  // namespace moescope::runtime
