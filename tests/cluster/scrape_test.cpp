// An engine without the plugin is read by its own metrics.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "core/agent/serving_figures.h"
#include "core/cluster/scrape/engine_figures.h"
#include "core/error.h"

namespace moescope {
namespace {

using testing::DoubleEq;
using testing::DoubleNear;
using testing::Optional;

constexpr const char* kVllm = R"(# HELP vllm:num_requests_running Number of requests
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="r1 \"fp8\""} 3.0
vllm:num_requests_running{engine="1",model_name="r1 \"fp8\""} 2.0 1700000000000
vllm:kv_cache_usage_perc{engine="0"} 2.5e-1
vllm:time_to_first_token_seconds_bucket{le="0.1"} 0
vllm:time_to_first_token_seconds_bucket{le="0.2"} 50
vllm:time_to_first_token_seconds_bucket{le="0.4"} 100
vllm:time_to_first_token_seconds_bucket{le="+Inf"} 100
vllm:generation_tokens_total{engine="0"} 1200
broken{le="0.1 5
process_start NaN
)";

TEST(EngineFigures, AreFoundUnderTheEnginesOwnNames) {
  const auto engine = engine_of(read_metrics(kVllm, "test"));
  EXPECT_EQ(engine.engine, "vllm");
  EXPECT_EQ(engine.model, "r1 \"fp8\"");
  EXPECT_THAT(engine.running, Optional(DoubleEq(5)));
  EXPECT_THAT(engine.cache_use, Optional(DoubleEq(0.25)));
  EXPECT_THAT(engine.ttft_p50, Optional(DoubleNear(0.2, 1e-12)));
  EXPECT_THAT(engine.ttft_p95, Optional(DoubleNear(0.38, 1e-12)));
  EXPECT_EQ(engine.tpot_p50, std::nullopt) << "it offers none";
  EXPECT_EQ(engine.skipped, 1U);
  EXPECT_FALSE(engine.missing.empty());
}

TEST(EngineFigures, OfAnotherProgramAreNone) {
  const auto engine = engine_of(read_metrics("go_threads 7\n", "test"));
  EXPECT_EQ(engine.engine, "");
  EXPECT_THAT(engine.missing.back(), testing::HasSubstr("none of their names"));
}

TEST(MetricsReading, WhatIsNoMetricsTextIsAnError) {
  for (const char* text :
       {"", "<html></html>", "# only comments\n", "name\n", "{a=\"b\"} 1\n", "\\\"{"})
    EXPECT_THROW(read_metrics(text, "test"), Error) << text;
}

TEST(AddServing, FiguresThatCannotBeAreNotTold) {
  ScrapedEngine engine;
  engine.running = -1;
  engine.waiting = 1e300;
  engine.cache_use = std::numeric_limits<double>::quiet_NaN();
  engine.ttft_p95 = std::numeric_limits<double>::infinity();
  engine.tokens_per_second = 7;
  NodeStatus status;  // without a unit: no rank has reported yet
  add_serving(engine, status);
  EXPECT_EQ(status.decoding, std::nullopt);
  EXPECT_EQ(status.waiting, std::nullopt);
  EXPECT_EQ(status.cache_use, std::nullopt);
  EXPECT_EQ(status.ttft_p95, 0);
  ASSERT_EQ(status.notices.size(), 1U);
  EXPECT_EQ(status.notices[0],
            "the engine's metrics do not tell: running requests, waiting requests, KV cache, TTFT, "
            "TPOT");
}

TEST(Scrape, AnAddressWhereNobodyAnswersIsAnError) {
  EXPECT_THROW(scrape("http://127.0.0.1:1"), Error);
  EXPECT_THROW(scrape("https://127.0.0.1:1"), Error);
}

}  // namespace
}  // namespace moescope
