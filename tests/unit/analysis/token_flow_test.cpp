// Dispatch, expert work and combine that belong together: by arguments, by annotations, and why
// not.
#include "core/analysis/steps/token_flow.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "core/analysis/results.h"
#include "core/trace/file/moetrace.h"
#include "tests/support/flow_trace.h"

namespace moescope {
namespace {

using test::MadeFlow;
using test::make_flow;
using testing::ElementsAre;
using testing::SizeIs;

TokenFlow flow_of(const Trace& trace, const TraceSteps& steps, SpanRef span) {
  const auto analysis = analyze_document(trace, RuleSet::built_in());
  Progress progress;
  auto flow = token_flow(trace, *analysis->classes, analysis->scopes, &steps, span, progress);
  if (!flow) throw std::runtime_error("no flow");
  return *flow;
}

std::vector<SpanRef> refs(const std::vector<FoundSpan>& spans) {
  std::vector<SpanRef> refs;
  for (const FoundSpan& span : spans) refs.push_back(span.ref);
  return refs;
}

enum Stage { kDispatch, kExpert, kCombine };

class TokenFlowBy : public testing::TestWithParam<bool> {
 protected:
  MadeFlow made = make_flow({.ranks = 3, .arguments = GetParam(), .annotations = !GetParam()});
  SpanRef at(Stage stage, int rank) const { return made.spans.at({stage, rank, 1, 1, 0}); }
};
INSTANTIATE_TEST_SUITE_P(Places, TokenFlowBy, testing::Bool(),
                         [](const auto& flow) { return flow.param ? "Arguments" : "Annotations"; });

TEST_P(TokenFlowBy, ADispatchGoesToTheExpertsOfAllRanksAndBack) {
  const TokenFlow flow = flow_of(*made.trace, made.steps, at(kDispatch, 1));
  EXPECT_EQ(flow.gap, FlowGap::None) << to_string(flow.gap);
  EXPECT_EQ(flow.stage, SpanClass::Dispatch);
  EXPECT_EQ(flow.ranks, 3U);
  EXPECT_EQ(flow.place.layer, "1");
  EXPECT_EQ(flow.place.micro_batch, "0");
  EXPECT_THAT(refs(flow.dispatches), ElementsAre(at(kDispatch, 1)));
  EXPECT_THAT(refs(flow.experts), ElementsAre(at(kExpert, 0), at(kExpert, 1), at(kExpert, 2)));
  EXPECT_THAT(refs(flow.combines), ElementsAre(at(kCombine, 1)));
  ASSERT_THAT(flow.hops, SizeIs(6));
  for (const FlowHop& hop : flow.hops) {
    EXPECT_EQ(hop.back, hop.to.ref == at(kCombine, 1));
    EXPECT_EQ(hop.back ? hop.to.ref : hop.from.ref, at(hop.back ? kCombine : kDispatch, 1));
  }
}

TEST_P(TokenFlowBy, ACombineBringsBackWhatTheSameRankDispatched) {
  const TokenFlow flow = flow_of(*made.trace, made.steps, at(kCombine, 2));
  EXPECT_THAT(refs(flow.dispatches), ElementsAre(at(kDispatch, 2)));
  EXPECT_THAT(refs(flow.combines), ElementsAre(at(kCombine, 2)));
  EXPECT_THAT(flow.experts, SizeIs(3));
}

TEST_P(TokenFlowBy, ExpertWorkHasTokensOfAllRanks) {
  const TokenFlow flow = flow_of(*made.trace, made.steps, at(kExpert, 0));
  EXPECT_THAT(refs(flow.experts), ElementsAre(at(kExpert, 0)));
  EXPECT_THAT(flow.dispatches, SizeIs(3));
  EXPECT_THAT(flow.combines, SizeIs(3));
  EXPECT_THAT(flow.hops, SizeIs(6));
}

FlowGap gap_of(const MadeFlow& made, const TraceSteps& steps) {
  const TokenFlow flow = flow_of(*made.trace, steps, made.spans.at({kExpert, 0, 1, 0, 1}));
  EXPECT_TRUE(flow.hops.empty());
  EXPECT_STRNE(to_string(flow.gap), "");
  return flow.gap;
}

TEST(TokenFlow, SaysWhyItIsNotKnown) {
  const MadeFlow named = make_flow({});
  EXPECT_EQ(gap_of(named, {}), FlowGap::NoSteps);
  TraceSteps first = named.steps;
  first.steps.pop_back();
  EXPECT_EQ(gap_of(named, first), FlowGap::OutsideStep);
  const MadeFlow plain = make_flow({.arguments = false});
  EXPECT_EQ(gap_of(plain, plain.steps), FlowGap::NoLayer);
  const MadeFlow both = make_flow({.arguments = false, .annotations = true, .overlap = true});
  EXPECT_EQ(gap_of(both, both.steps), FlowGap::Ambiguous);
}

TEST(TokenFlow, ArgumentsDistinguishMicroBatchesThatOverlap) {
  const MadeFlow made = make_flow({.annotations = true, .overlap = true});
  const TokenFlow flow = flow_of(*made.trace, made.steps, made.spans.at({kDispatch, 0, 0, 1, 1}));
  EXPECT_EQ(flow.gap, FlowGap::None);
  EXPECT_EQ(flow.place.micro_batch, "1") << "both are marked at its time";
  EXPECT_THAT(refs(flow.experts), ElementsAre(made.spans.at({kExpert, 0, 0, 1, 1}),
                                              made.spans.at({kExpert, 1, 0, 1, 1})));
}

TEST(TokenFlow, OtherSpansHaveNone) {
  TraceBuilder builder;
  const ProcessId process = builder.add_process({.label = "rank 0"});
  const TrackId track =
      builder.add_track({.process = process, .type = TrackType::DeviceStream, .device = 0});
  SpanBatch batch;
  Span span;
  span.duration = 10;
  span.name = builder.strings().intern("flash_fwd_kernel");
  span.kind = SpanKind::Kernel;
  batch.add(span, {});
  builder.append(track, std::move(batch));
  const auto trace = builder.snapshot();
  const auto analysis = analyze_document(*trace, RuleSet::built_in());
  Progress progress;
  EXPECT_FALSE(token_flow(*trace, *analysis->classes, {}, nullptr, {track, 0}, progress));
}

/// Recordings of the embedded runtime: every dispatch of one step and what it leads to, against
/// counting by the arguments alone.
class TokenFlowRecorded : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Samples, TokenFlowRecorded, testing::Values("prefill", "decode"),
                         [](const auto& flow) { return std::string(flow.param); });

TEST_P(TokenFlowRecorded, JoinsTheSpansOfOneStepLayerAndMicroBatch) {
  const auto trace = open_moetrace(std::filesystem::path(MOESCOPE_SOURCE_DIR) / "sample-traces" /
                                   (std::string(GetParam()) + ".moetrace"));
  const auto analysis = analyze_document(*trace, RuleSet::built_in());
  const TraceSteps steps = find_steps(*trace, analysis->activity, analysis->scopes);
  ASSERT_GE(steps.steps.size(), 4U);
  const TraceStep& step = steps.steps[3];
  const auto same_step = [&](const std::string& args) {
    return args.find(fmt::format(R"("phase":"{}","step":{},)", step.phase, step.number)) !=
           std::string::npos;
  };
  // Expert spans of the step by layer and micro-batch.
  std::map<std::pair<std::string, std::string>, std::set<SpanRef>> experts;
  std::vector<SpanRef> dispatches;
  for (TrackId track = 0; track < trace->tracks().size(); ++track)
    trace->visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t first) {
      const auto args = chunk.args().rows();
      for (std::uint32_t row = 0; row < args.size(); ++row) {
        if (!same_step(args[row])) continue;
        const auto& c = chunk.columns();
        const auto name = analysis->classes->of(c.kind[row], c.name[row]);
        const SpanPlace place = place_in_args(args[row]);
        if (name.span_class == SpanClass::Expert)
          experts[{place.layer, place.micro_batch}].insert({track, first + row});
        else if (name.span_class == SpanClass::Dispatch && !name.waits)
          dispatches.push_back({track, first + row});
      }
      return true;
    });
  ASSERT_GE(dispatches.size(), 16U);
  Progress progress;
  for (std::size_t i = 0; i < dispatches.size(); i += 7) {
    const auto flow =
        token_flow(*trace, *analysis->classes, analysis->scopes, &steps, dispatches[i], progress);
    ASSERT_TRUE(flow);
    ASSERT_EQ(flow->gap, FlowGap::None) << to_string(flow->gap) << " " << i;
    const auto found = refs(flow->experts);
    const SpanPlace place = place_in_args(trace->args(dispatches[i]));
    EXPECT_EQ(std::set(found.begin(), found.end()), (experts[{place.layer, place.micro_batch}]));
    const auto own = trace->tracks()[dispatches[i].track].process;
    for (const FoundSpan& back : flow->combines)
      EXPECT_EQ(trace->tracks()[back.ref.track].process, own);
    for (const FlowHop& hop : flow->hops)
      if (hop.back)
        EXPECT_LE(hop.from.span.start, hop.to.span.end()) << "results are back after the work";
      else
        EXPECT_LE(hop.from.span.start, hop.to.span.start) << "work begins after tokens were sent";
  }
}

}  // namespace
}  // namespace moescope
