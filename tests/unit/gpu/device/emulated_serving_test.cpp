// Requests served by kernels on the emulated device.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "core/analysis/sm/sm_allocation.h"
#include "core/trace/file/moetrace.h"
#include "core/trace/file/moetrace_writer.h"
#include "gpu/base/clock.h"
#include "gpu/engine/device/emulated_backend.h"
#include "gpu/engine/engine.h"
#include "gpu/engine/layout.h"
#include "gpu/engine/plan/plan_form.h"
#include "tests/unit/gpu/gpu_test_support.h"
#include "tests/unit/gpu/serving_support.h"

namespace moescope::runtime {
namespace {

using test::greedy;
using test::served_model;

EngineOptions emulated_options() {
  EngineOptions options = test::small_options();
  options.workload = parse_workload("rate=2000,prompt=2:8,output=1:5,seed=4");
  return options;
}

TEST(EmulatedServing, EveryRequestGetsTheTokensItWouldGetAloneOnTheCpu) {
  Engine engine(emulated_backend(), served_model(), emulated_options(), std::nullopt, nullptr);
  engine.keep_outputs();
  Progress progress;
  const auto statistics = engine.run({0, 24}, progress);
  ASSERT_GT(statistics.finished, 5U);
  for (const auto& [request, output] : engine.outputs())
    ASSERT_EQ(output, greedy(request)) << "request " << request.id;
  EXPECT_GT(statistics.traffic.of(Purpose::Dispatch, Link::NvLink), 0U);
  EXPECT_GT(statistics.traffic.of(Purpose::KvCache, Link::NvLink) +
                statistics.traffic.of(Purpose::KvCache, Link::Ib),
            0U);
}

TEST(EmulatedServing, ThePlanChangesWhileRequestsAreServed) {
  Engine engine(emulated_backend(), served_model(), emulated_options(), std::nullopt, nullptr);
  engine.keep_outputs();
  Progress progress;
  std::thread serving([&] { engine.run({}, progress); });
  const EngineOptions options = emulated_options();
  Plan plan = plan_of(contiguous_placement(served_model()->config, plan_frame(options)),
                      served_model()->config, plan_frame(options));
  for (auto& slots : plan.physical_to_logical) std::reverse(slots.begin(), slots.end());
  PlanOptions change;
  change.hold = 0;
  const PlanTicket ticket = engine.control().propose_plan(plan, engine.control().epoch(), change);
  while (!is_final(engine.control().plan_change(ticket)->phase))
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const auto until = engine.control().status().finished.value_or(0) + 3;
  while (engine.control().status().finished < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  progress.cancel();
  serving.join();
  EXPECT_EQ(engine.control().plan_change(ticket)->phase, PlanPhase::Released)
      << engine.control().plan_change(ticket)->reason;
  EXPECT_EQ(engine.control().epoch(), 1U);
  for (const auto& [request, output] : engine.outputs())
    ASSERT_EQ(output, greedy(request)) << "request " << request.id;
}

TEST(EmulatedServing, IsRecordedWithTheSmsOfEveryRank) {
  const test::TempFolder folder;
  const auto path = folder / "run.moetrace";
  EngineOptions options = emulated_options();
  options.budget = {4, 1};
  MoetraceWriter writer(path);
  Recorder recorder(writer, recorded_ranks(options, served_model()->config), {{"model", "small"}},
                    steady_now());
  {
    Engine engine(emulated_backend(), served_model(), options, std::nullopt, &recorder);
    Progress progress;
    engine.run({0, 12}, progress);
  }
  EXPECT_EQ(recorder.finish().dropped, 0U);
  Progress progress;
  writer.finish(progress);
  const TracePtr trace = open_moetrace(path);
  const Classification classes(*trace, RuleSet::built_in());
  const auto devices = analyze_sm_allocation(*trace, classes);
  ASSERT_EQ(devices.size(), 8U);
  for (const auto& device : devices) {
    EXPECT_EQ(device.sm_count, 4);
    EXPECT_EQ(device.method, SmMethod::Recorded);
    EXPECT_GT(device.comm_sm_ns, 0);
    EXPECT_GT(device.compute_sm_ns, 0);
    for (const auto& step : device.steps) EXPECT_LE(step.comm, 1);
  }
}

}  // namespace
}  // namespace moescope::runtime
