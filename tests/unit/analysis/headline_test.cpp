// The answer of a trace in a line.
#include "core/analysis/headline/headline.h"

#include <gtest/gtest.h>

#include "core/analysis/results.h"
#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

using test::blocks;
using test::make_trace;

Headline headline_of(const TracePtr& trace) {
  const auto analysis = analyze_document(*trace, RuleSet::built_in());
  return headline_of(*trace, *analysis->classes,
                     {analysis->activity, analysis->overlap, analysis->scopes, analysis->sm});
}

TEST(Headline, NamesTheKernelLayerAndMicroBatchToBlame) {
  const auto trace = make_trace({{"layer 3 mb0", 0, 50, 1, SpanKind::Annotation},
                                 {"cudaLaunchKernel", 10, 2, 1, SpanKind::Runtime, 1},
                                 {"layer 4 mb1", 60, 50, 1, SpanKind::Annotation},
                                 {"cudaLaunchKernel", 70, 2, 1, SpanKind::Runtime, 2},
                                 {"void deep_ep::internode::dispatch<true>(int)", 100, 100, 7,
                                  SpanKind::Kernel, 1, blocks(20)},
                                 {"gemm", 100, 60, 8, SpanKind::Kernel, 9, blocks(112)},
                                 {"void deep_ep::internode::notify_dispatch<false>(int)", 300, 70,
                                  7, SpanKind::Kernel, 2, blocks(9)}});
  const Headline headline = headline_of(trace);
  EXPECT_EQ(headline.devices, 1U);
  EXPECT_EQ(headline.total.comm, 170);
  EXPECT_EQ(headline.total.exposed, 110);
  ASSERT_TRUE(headline.worst);
  EXPECT_EQ(headline.worst->exposed, 110);
  ASSERT_EQ(headline.worst->causes.size(), 2U);
  EXPECT_EQ(headline.worst->causes[0].time, 70);
  EXPECT_EQ(cause_text(headline.worst->causes[0]),
            "waiting in notify_dispatch, layer 4, micro-batch 1");
  EXPECT_EQ(cause_text(headline.worst->causes[1]), "dispatch, layer 3, micro-batch 0");
  EXPECT_EQ(headline.worst->causes[0].longest, (TimeRange{300, 370}));
  ASSERT_TRUE(headline.comm_sms);
  EXPECT_EQ(headline.comm_sms->most, 20) << "held for 100 of 170 ns";
  EXPECT_DOUBLE_EQ(headline.comm_sms->mean, (100 * 20 + 70 * 9) / 170.0);
  EXPECT_EQ(headline.comm_sms->sm_count, 132);
}

TEST(Headline, WithoutCommunicationHasNoWorstDevice) {
  const Headline headline = headline_of(make_trace({{"gemm", 0, 10, 7, SpanKind::Kernel}}));
  EXPECT_EQ(headline.devices, 1U);
  EXPECT_FALSE(headline.worst);
  EXPECT_FALSE(headline.comm_sms);
  EXPECT_FALSE(headline.total.overlap_percent());
  EXPECT_EQ(headline_of(make_trace({})).devices, 0U);
}

}  // namespace
}  // namespace moescope
