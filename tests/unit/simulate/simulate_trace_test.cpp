// Simulated steps as a trace, and constants fitted back from it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "core/simulate/predict.h"
#include "core/simulate/refit.h"
#include "core/simulate/simulate.h"
#include "core/trace/file/moetrace.h"
#include "tests/support/scenario_maker.h"
#include "tests/support/temp_folder.h"
#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Scenario small_scenario() {
  Scenario s{load_hardware("h800"), load_model_shape("deepseek-v3"), load_unit("prefill32"),
             test::rolling_plan(32, 4, 288, 256, 4, 8)};
  s.plan.layer_ids = {3, 4, 5, 6};
  s.unit = unit_on(s.unit, s.plan);
  return s;
}

/// Steps of different size give spans with different work.
TracePtr simulate(const test::TempFolder& folder, const Scenario& given,
                  const std::vector<double>& tokens) {
  const auto path = folder / "steps.moetrace";
  MoetraceWriter writer(path);
  auto s = given;
  s.unit.tokens_per_gpu = tokens[0];
  LayerLoads loads(4, std::vector<double>(256, 10.0));
  for (std::size_t l = 0; l < 4; ++l)
    for (std::size_t e = 0; e < 40; ++e) loads[l][e] = 10.0 * static_cast<double>(l + 1);
  const StepModel model(s, loads, nullptr);
  simulate_steps(s, model, 2, 1, &writer, no_progress());
  writer.finish(no_progress());
  return open_moetrace(path);
}

TEST(SimulatedTrace, LooksLikeARecordingAndSaysWhatItIs) {
  const test::TempFolder folder;
  const auto trace = simulate(folder, small_scenario(), {4096});
  EXPECT_TRUE(trace->info().extra.contains(kSimulatedFact));
  EXPECT_FALSE(trace->info().warnings.empty());
  ASSERT_EQ(trace->devices().size(), 32U);
  EXPECT_THAT(trace->devices()[0].name, HasSubstr("simulated"));
  for (std::size_t p = 0; p < 32; ++p)
    EXPECT_THAT(trace->processes()[p].label, HasSubstr("simulated"));
  const Classification classes(*trace, RuleSet::built_in());
  std::array<int, kSpanClassCount> seen{};
  for (TrackId t = 0; t < trace->tracks().size(); ++t)
    trace->visit_chunks(t, [&](const SpanChunk& chunk, std::uint32_t) {
      const auto& c = chunk.columns();
      for (std::size_t row = 0; row < c.size(); ++row) {
        ++seen[static_cast<std::size_t>(classes.of(c.kind[row], c.name[row]).span_class)];
        EXPECT_THAT(chunk.args().row(row), StartsWith(R"({"simulated":true)"));
      }
      return true;
    });
  for (const auto c :
       {SpanClass::Attention, SpanClass::Dense, SpanClass::Gate, SpanClass::Dispatch,
        SpanClass::Combine, SpanClass::Expert, SpanClass::SharedExpert, SpanClass::Communication})
    EXPECT_GT(seen[static_cast<std::size_t>(c)], 0) << to_string(c);
  EXPECT_EQ(seen[static_cast<std::size_t>(SpanClass::OtherCompute)], 0);
  const auto loads = read_load_rows(folder / "steps.moetrace");
  ASSERT_EQ(loads.size(), 8U);  // four layers in two steps
  EXPECT_EQ(loads[0].layer, 3);
  EXPECT_EQ(loads[0].counts.size(), 256U);
  EXPECT_NEAR(std::accumulate(loads[0].counts.begin(), loads[0].counts.end(), 0.0),
              2.0 * 32 * 4096 * 8, 10000);
}

TEST(Refit, FindsTheConstantsThatMadeTheTrace) {
  const test::TempFolder folder;
  auto s = small_scenario();
  s.hardware.kernels = {};  // rooflines make the trace
  s.hardware.ib_gb_per_s = 30;
  s.hardware.nvlink_gb_per_s = 900;
  s.hardware.sm_forward_gb_per_s = 1000;
  s.hardware.normal_latency_us = 50;
  const auto trace = simulate(folder, s, {4096});
  const auto fitted = refit_hardware(*trace, Classification(*trace, RuleSet::built_in()),
                                     load_hardware("h800"), s.model, no_progress());
  EXPECT_TRUE(fitted.hardware.kernels.kernels.empty());  // they would hide what was fitted
  const auto find = [&](const std::string& name) {
    return *std::find_if(fitted.constants.begin(), fitted.constants.end(),
                         [&](const auto& c) { return c.name == name; });
  };
  ASSERT_TRUE(find("ib_gb_per_s").value.has_value()) << find("ib_gb_per_s").how;
  // The spans record what their own GPU sent; the busiest flow of all GPUs sets the time.
  EXPECT_NEAR(*find("ib_gb_per_s").value, 30, 1.5);
  EXPECT_NEAR(*find("normal_latency_us").value, 50, 10);
  EXPECT_EQ(fitted.hardware.ib_gb_per_s, *find("ib_gb_per_s").value);
  EXPECT_THAT(fitted.hardware.sources.at("ib_gb_per_s"), HasSubstr("refitted"));
  // On 112 of 132 SMs, with tiles rounded up: a little below 0.78 x 112 / 132.
  ASSERT_TRUE(find("gemm_efficiency").value.has_value()) << find("gemm_efficiency").how;
  EXPECT_NEAR(*find("gemm_efficiency").value, 0.78 * 112 / 132, 0.05);
  EXPECT_FALSE(find("nvlink_gb_per_s").value.has_value());  // never the slower link
}

/// A recording whose expert spans take overhead + work / rate, each step `scatter` longer or
/// shorter in turn of two.
TracePtr expert_recording(int steps, double scatter) {
  TraceBuilder builder;
  const auto process = builder.add_process({.label = "rank 0", .rank = 0});
  const auto track = builder.add_track({process, TrackType::DeviceStream, 0, 7, "stream 7"});
  SpanBatch batch;
  TimeNs at = 0;
  for (int step = 0; step < steps; ++step)
    for (int layer = 0; layer < 20; ++layer) {
      const int tokens = 1000 + 500 * layer;
      const double longer = 1 + (step / 2 % 2 == 0 ? scatter : -scatter);
      Span span;
      span.start = at;
      span.duration = static_cast<TimeNs>((100'000 + 90.0 * tokens) * longer);
      span.name = builder.strings().intern("experts");
      span.kind = SpanKind::Kernel;
      batch.add(span, fmt::format(R"({{"step":{},"tokens":{}}})", step, tokens));
      at += span.duration;
    }
  builder.append(track, std::move(batch));
  return builder.snapshot();
}

Refit refit_of(const TracePtr& trace) {
  return refit_hardware(*trace, Classification(*trace, RuleSet::built_in()), load_hardware("h800"),
                        load_model_shape("deepseek-v3"), no_progress());
}

/// Odd steps predict even ones and the other way round.
TEST(Refit, ErrorIsThatOfStepsLeftOut) {
  const auto exact = refit_of(expert_recording(8, 0));
  ASSERT_EQ(exact.errors.size(), 1U);
  EXPECT_EQ(exact.errors[0].stage, "experts");
  EXPECT_EQ(exact.errors[0].steps, 8);
  ASSERT_TRUE(exact.errors[0].error);
  EXPECT_LT(*exact.errors[0].error, 1e-4);
  EXPECT_EQ(exact.hardware.experts_error, exact.errors[0].error);
  EXPECT_FALSE(exact.hardware.transfer_error) << "there were no transfers";
  const auto noisy = refit_of(expert_recording(16, 0.1));
  ASSERT_TRUE(noisy.errors[0].error);
  EXPECT_GE(*noisy.errors[0].error, 0.0995) << "never below the noise from step to step";
  EXPECT_LT(*noisy.errors[0].error, 0.12);
}

TEST(Refit, FewStepsDoNotSayHowFarItIsOff) {
  const auto few = refit_of(expert_recording(2, 0));
  ASSERT_EQ(few.errors.size(), 1U);
  EXPECT_FALSE(few.errors[0].error);
  EXPECT_FALSE(few.hardware.experts_error);
}

/// The stages that were refitted have their measured error, the others that of rooflines.
TEST(Refit, ErrorBarsShrink) {
  auto s = small_scenario();
  LoadSet loads = test::even_loads(s.plan.layers(), s.model.experts);
  const auto error_of_step = [&] {
    const auto p = predict(s.hardware, s.model, s.unit, s.plan, loads, {}, no_progress());
    return p.model_error_ns / p.step_ns;
  };
  s.hardware.kernels = {};
  EXPECT_NEAR(error_of_step(), kModelError, 1e-12);
  s.hardware.experts_error = 0.02;
  const double experts = error_of_step();
  EXPECT_LT(experts, kModelError);
  EXPECT_GT(experts, 0.02);
  s.hardware.transfer_error = 0.03;
  EXPECT_LT(error_of_step(), experts);
  s.hardware.experts_error = s.hardware.transfer_error = 0.6;
  EXPECT_GT(error_of_step(), kModelError) << "a model that is further off says so";
}

TEST(Refit, SaysWhyNothingCouldBeFitted) {
  TraceBuilder builder;
  const auto process = builder.add_process({.label = "rank 0"});
  const auto track = builder.add_track({process, TrackType::DeviceStream, 0, 7, "stream 7"});
  SpanBatch batch;
  for (int i = 0; i < 20; ++i)
    batch.columns.push_back({i * 100, 50, builder.strings().intern("deep_ep::internode::dispatch"),
                             0, 0, SpanKind::Kernel, 0});
  batch.columns.depth.clear();
  builder.append(track, std::move(batch));
  const auto trace = builder.snapshot();
  const auto before = load_hardware("h800");
  const auto fitted = refit_hardware(*trace, Classification(*trace, RuleSet::built_in()), before,
                                     load_model_shape("deepseek-v3"), no_progress());
  for (const auto& c : fitted.constants) {
    EXPECT_FALSE(c.value.has_value()) << c.name;
    EXPECT_FALSE(c.how.empty());
  }
  EXPECT_THAT(fitted.constants[0].how, HasSubstr("do not record their bytes"));
  EXPECT_EQ(fitted.hardware.ib_gb_per_s, before.ib_gb_per_s);
}

}  // namespace
}  // namespace moescope
