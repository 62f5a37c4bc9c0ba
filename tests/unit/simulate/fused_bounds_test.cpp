// Bounds of fused MoE kernels, by hand and against published times.
#include "core/simulate/fused_bounds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

constexpr const char* kName = "void deep_gemm::sm100_fp8_fp4_mega_moe_impl<8192u>(void*)";

std::string arguments(double tokens, double hidden, double width, double experts) {
  return R"({"tokens":)" + std::to_string(tokens) + R"(,"hidden_size":)" + std::to_string(hidden) +
         R"(,"intermediate_size":)" + std::to_string(width) + R"(,"num_experts":)" +
         std::to_string(experts) + R"(,"topk":6,"ranks":8})";
}

TEST(FusedBounds, ByHand) {
  Hardware hardware = load_hardware("b200");
  hardware.fp8_tflops = 1000;
  hardware.memory_gb_per_s = 1000;
  hardware.nvlink_gb_per_s = 100;
  // One of two experts on each of two GPUs: half of the tokens leave, every weight is read.
  const FusedShape shape{
      .tokens = 100, .hidden = 10, .width = 20, .experts = 2, .top_k = 1, .gpus = 2};
  const auto bounds = fused_bounds(shape, hardware);
  EXPECT_DOUBLE_EQ(bounds.compute, 100 * 6 * 10 * 20 / 1e15);
  EXPECT_NEAR(bounds.weights, 3 * 10 * 20 * 0.5 / 1e12, 1e-20);
  EXPECT_DOUBLE_EQ(bounds.communication, 50 * 10 * (1 + 2) / 100e9);
  EXPECT_DOUBLE_EQ(bounds.least(), bounds.communication);
}

/// DeepSeek-V4 on 8 GPUs, as published with the kernel (deepseek-ai/DeepGEMM, pull request 316).
TEST(FusedBounds, AreBelowPublishedTimesAndNotFarBelowWhereTheyAreLong) {
  struct Row {
    double tokens, hidden, width, experts, us;
  };
  const auto hardware = load_hardware("b200");
  for (const Row& row :
       {Row{1, 4096, 2048, 256, 56.5}, Row{512, 4096, 2048, 256, 146.5},
        Row{8192, 4096, 2048, 256, 1283.1}, Row{32768, 4096, 2048, 256, 4855.5},
        Row{1, 7168, 3072, 384, 108.1}, Row{512, 7168, 3072, 384, 369.6},
        Row{8192, 7168, 3072, 384, 2818.5}, Row{32768, 7168, 3072, 384, 10655.2}}) {
    const auto shape =
        fused_shape(kName, arguments(row.tokens, row.hidden, row.width, row.experts));
    ASSERT_TRUE(shape);
    const auto bounds = fused_bounds(*shape, hardware);
    EXPECT_LT(bounds.least() * 1e6, row.us) << row.tokens << " tokens, " << row.hidden;
    if (row.tokens >= 512) {
      EXPECT_GT(bounds.least() * 1e6, 0.3 * row.us) << row.tokens;
    }
  }
}

TEST(FusedBounds, NeedTheWholeShape) {
  EXPECT_TRUE(fused_shape(kName, arguments(8, 64, 32, 16)));
  EXPECT_FALSE(fused_shape(kName, ""));
  EXPECT_FALSE(fused_shape(kName, "[1]"));
  EXPECT_FALSE(fused_shape(kName, R"({"tokens":8,"hidden":64})"));
  EXPECT_FALSE(fused_shape(kName, arguments(0, 64, 32, 16)));
  EXPECT_FALSE(fused_shape(kName, arguments(-4, 64, 32, 16)));
  EXPECT_FALSE(fused_shape(kName, arguments(8, 64, 32, 4))) << "6 of 4 experts";
}

TEST(FusedBounds, PrecisionsAreThoseOfTheName) {
  const auto bytes = [](const char* name) {
    const auto shape = fused_shape(name, arguments(8, 64, 32, 16));
    return std::pair(shape->token_bytes, shape->weight_bytes);
  };
  EXPECT_EQ(bytes("sm100_fp8_fp4_mega_moe_impl"), std::pair(1.0, 0.5));
  EXPECT_EQ(bytes("sm100_mxfp4_mxfp4_mega_moe_impl"), std::pair(0.5, 0.5));
  EXPECT_EQ(bytes("sm100_bf16_mega_moe_impl"), std::pair(2.0, 2.0));
  EXPECT_EQ(bytes("sm90_fp8_mega_moe_impl"), std::pair(1.0, 1.0));
}

TEST(FusedBounds, GatherLaunchesByKernelAndShape) {
  TraceBuilder builder;
  const auto process = builder.add_process({.label = "rank 0", .rank = 0});
  builder.add_device({.process = process, .index = 0, .name = "GPU", .sm_count = 132});
  SpanBatch batch;
  const auto add = [&](const char* name, TimeNs start, TimeNs duration, const std::string& args) {
    Span span;
    span.start = start;
    span.duration = duration;
    span.name = builder.strings().intern(name);
    span.kind = SpanKind::Kernel;
    batch.add(span, args);
  };
  const auto small = arguments(64, 64, 32, 16), large = arguments(128, 64, 32, 16);
  add(kName, 0, 1000, small);
  add(kName, 2000, 3000, small);
  add(kName, 6000, 500, large);
  add(kName, 7000, 10, "{}");
  add("gemm", 8000, 10, small);
  builder.append(builder.add_track({.process = process,
                                    .type = TrackType::DeviceStream,
                                    .device = 0,
                                    .id = 7,
                                    .name = "stream 7"}),
                 std::move(batch));
  const auto trace = builder.snapshot();
  const Classification classes(*trace, RuleSet::built_in());
  const auto work = fused_work(*trace, classes, load_hardware("b200"), {}, no_progress());
  ASSERT_EQ(work.launches.size(), 2U);
  EXPECT_EQ(work.launches[0].launches, 2U);
  EXPECT_EQ(work.launches[0].shape.tokens, 64);
  EXPECT_NEAR(work.launches[0].mean, 2000e-9, 1e-15);
  EXPECT_EQ(work.launches[1].launches, 1U);
  EXPECT_EQ(work.without_shape, 1U);
  const auto part =
      fused_work(*trace, classes, load_hardware("b200"), TimeRange{0, 5000}, no_progress());
  EXPECT_EQ(part.launches.size(), 1U);
  EXPECT_EQ(part.without_shape, 0U);
}

}  // namespace
}  // namespace moescope
