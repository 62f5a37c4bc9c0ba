// Batches of telemetry: what goes in comes out, and nothing else is believed.
#include "core/cluster/wire/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/cluster/live_trace.h"
#include "core/cluster/wire/cluster.pb.h"
#include "core/cluster/wire/protocol.h"
#include "core/error.h"
#include "tests/support/fake_node.h"

namespace moescope {
namespace {

using testing::HasSubstr;
constexpr std::uint64_t kRun = 7;

/// A first batch that is right in every part; tests break one.
wire::Batch good_batch() {
  wire::Batch batch;
  batch.set_sequence(1);
  batch.mutable_begin()->set_protocol(kClusterProtocol);
  batch.mutable_begin()->set_run(kRun);
  auto& definitions = *batch.mutable_definitions();
  definitions.add_strings("");
  definitions.add_strings("attention");
  definitions.add_processes()->set_label("rank 0");
  definitions.add_devices()->set_sm_count(4);
  definitions.add_tracks()->set_name("compute");
  auto& launch = *definitions.add_launches();
  for (int i = 0; i < 3; ++i) {
    launch.add_grid(0);
    launch.add_block(0);
    launch.add_cluster(0);
  }
  auto& spans = *batch.add_spans();
  for (int i = 0; i < 3; ++i) {
    spans.add_start(10);
    spans.add_duration(5);
    spans.add_name(1);
    spans.add_correlation(1);
    spans.add_args_length(2);
  }
  spans.set_kind(std::string(3, '\0'));
  spans.set_args("{}{}{}");
  auto& records = *batch.add_sm_records();
  records.add_start(10);
  records.add_length(5);
  records.add_process(0);
  records.add_device(0);
  records.add_sm(3);
  records.add_correlation(1);
  auto& loads = *batch.add_loads();
  loads.set_end(10);
  loads.set_space("logical");
  loads.add_counts(4);
  auto& counter = *batch.add_counters();
  counter.add_times(4);
  counter.add_values(1);
  batch.add_notes()->set_text("note");
  return batch;
}

struct Reader {
  LiveTrace trace{1000};
  BatchReader reader{trace, "node", kRun};
  BatchReader::Result read(const wire::Batch& batch) {
    return reader.read(batch.SerializeAsString());
  }
};

TEST(ClusterBatch, AGoodBatchIsRead) {
  Reader reader;
  EXPECT_EQ(reader.read(good_batch()).spans, 3U);
  const auto trace = reader.trace.snapshot();
  ASSERT_EQ(trace->span_count(), 3U);
  const Span span = trace->span({0, 2});
  EXPECT_EQ(span.start, 30);
  EXPECT_EQ(span.correlation, 3U);
  EXPECT_EQ(trace->name({0, 2}), "attention");
  EXPECT_EQ(trace->args({0, 2}), "{}");
  EXPECT_EQ(trace->sm_records().size(), 1U);
  ASSERT_EQ(reader.trace.load_sets().size(), 1U);
  EXPECT_EQ(reader.trace.load_sets().front()->windows, (std::vector<LayerLoads>{{{4}}}));
}

struct Hostile {
  const char* name;
  void (*spoil)(wire::Batch&);
  const char* message;
};

class ClusterHostileBatch : public testing::TestWithParam<Hostile> {};

TEST_P(ClusterHostileBatch, IsAnErrorThatNamesThePlace) {
  wire::Batch batch = good_batch();
  GetParam().spoil(batch);
  Reader reader;
  try {
    reader.read(batch);
    FAIL() << "was believed";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
    EXPECT_EQ(error.source(), "node");
  }
  EXPECT_NO_THROW(reader.trace.snapshot());
}

using B = wire::Batch;
const Hostile kHostile[] = {
    {"Sequence", [](B& b) { b.set_sequence(2); }, "not the next"},
    {"NoBegin", [](B& b) { b.clear_begin(); }, "no protocol"},
    {"Protocol", [](B& b) { b.mutable_begin()->set_protocol(99); }, "protocol 99"},
    {"Run", [](B& b) { b.mutable_begin()->set_run(8); }, "another run"},
    {"TrackOfNoProcess", [](B& b) { b.mutable_definitions()->mutable_tracks(0)->set_process(1); },
     "unknown process"},
    {"DeviceOfNoProcess", [](B& b) { b.mutable_definitions()->mutable_devices(0)->set_process(1); },
     "unknown process"},
    {"TrackType", [](B& b) { b.mutable_definitions()->mutable_tracks(0)->set_type(9); },
     "unknown type"},
    {"SmCount", [](B& b) { b.mutable_definitions()->mutable_devices(0)->set_sm_count(1 << 30); },
     "out of range"},
    {"NegativeRank", [](B& b) { b.mutable_definitions()->mutable_processes(0)->set_rank(-4); },
     "negative"},
    {"LongText", [](B& b) { b.mutable_definitions()->add_strings(std::string(70000, 'x')); },
     "longer than 64 KiB"},
    {"LaunchOfTwoDimensions",
     [](B& b) { b.mutable_definitions()->mutable_launches(0)->mutable_grid()->RemoveLast(); },
     "three dimensions"},
    {"PlanInThePast",
     [](B& b) {
       b.mutable_definitions()->add_plans()->set_time(9);
       b.mutable_definitions()->add_plans()->set_time(3);
     },
     "not in order of time"},
    {"NoTrack", [](B& b) { b.mutable_spans(0)->set_track(1); }, "track is unknown"},
    {"ShortColumn", [](B& b) { b.mutable_spans(0)->mutable_name()->RemoveLast(); },
     "differ in length"},
    {"ShortKind", [](B& b) { b.mutable_spans(0)->set_kind(""); }, "differ in length"},
    {"BackInTime", [](B& b) { b.mutable_spans(0)->set_start(1, -5); }, "not in order"},
    {"BeforeTheStart", [](B& b) { b.mutable_spans(0)->set_start(0, -5); }, "out of range"},
    {"EndOfTime", [](B& b) { b.mutable_spans(0)->set_start(2, INT64_MAX); }, "out of range"},
    {"LongSpan", [](B& b) { b.mutable_spans(0)->set_duration(0, UINT64_MAX); },
     "duration is out of range"},
    {"NoName", [](B& b) { b.mutable_spans(0)->set_name(0, 2); }, "without a string"},
    {"NoLaunch",
     [](B& b) {
       for (int i = 0; i < 3; ++i) b.mutable_spans(0)->add_launch(1);
     },
     "without a description"},
    {"Kind", [](B& b) { b.mutable_spans(0)->set_kind("\x7f\x7f\x7f"); }, "unknown kind"},
    {"ArgsTooShort", [](B& b) { b.mutable_spans(0)->set_args_length(1, UINT32_MAX); },
     "shorter than their lengths"},
    {"ArgsTooLong", [](B& b) { b.mutable_spans(0)->set_args("{}{}{}{}"); },
     "longer than their lengths"},
    {"SmColumn", [](B& b) { b.mutable_sm_records(0)->add_sm(1); }, "differ in length"},
    {"SmProcess", [](B& b) { b.mutable_sm_records(0)->set_process(0, 5); }, "unknown process"},
    {"Sm", [](B& b) { b.mutable_sm_records(0)->set_sm(0, 1 << 20); }, "out of range"},
    {"CounterValue", [](B& b) { b.mutable_counters(0)->set_values(0, NAN); }, "not a number"},
    {"CounterColumn", [](B& b) { b.mutable_counters(0)->add_times(1); }, "differ in length"},
    {"NoteTrack", [](B& b) { b.mutable_notes(0)->set_track(3); }, "unknown"},
    {"LoadWindow", [](B& b) { b.mutable_loads(0)->set_begin(11); }, "ends before"},
    {"LoadLayer", [](B& b) { b.mutable_loads(0)->set_layer(-1); }, "layer is out of range"},
    {"LossKind", [](B& b) { b.add_losses()->set_kind(wire::LossKind(200)); }, "unknown kind"},
    {"LossProcess",
     [](B& b) {
       b.add_losses()->set_kind(wire::LOSS_KIND_DROPPED_SPANS);
       b.mutable_losses(0)->set_process(7);
     },
     "unknown process"},
    {"LossTimes",
     [](B& b) {
       b.add_losses()->set_kind(wire::LOSS_KIND_DROPPED_SPANS);
       b.mutable_losses(0)->set_begin(5);
     },
     "ends before it begins"},
    {"LoadSpace", [](B& b) { b.mutable_loads(0)->set_space("x"); }, "neither"},
};
INSTANTIATE_TEST_SUITE_P(All, ClusterHostileBatch, testing::ValuesIn(kHostile),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(ClusterBatch, BytesThatAreNoBatchAreAnError) {
  Reader reader;
  EXPECT_THROW(reader.reader.read("\xff\xff\xff\xff"), Error);
  EXPECT_THROW(reader.reader.read(std::string(kMaxBatchBytes + 1, 'x')), Error);
}

TEST(ClusterBatch, SpansMayNotGoBackBehindTheBatchBefore) {
  Reader reader;
  reader.read(good_batch());
  wire::Batch next;
  next.set_sequence(2);
  *next.add_spans() = good_batch().spans(0);
  EXPECT_THROW(reader.read(next), Error);
}

TEST(ClusterBatch, ANewSubscriptionMustSendTheSameDefinitions) {
  Reader reader;
  reader.read(good_batch());
  wire::Batch again = good_batch();
  again.clear_spans();
  reader.reader.restart();
  EXPECT_NO_THROW(reader.read(again));
  EXPECT_EQ(reader.trace.snapshot()->tracks().size(), 1U);
  reader.reader.restart();
  again.mutable_definitions()->set_strings(1, "gate");
  EXPECT_THROW(reader.read(again), Error);
}

/// Everything that a viewer may take, without waiting.
std::vector<std::string> take(Subscription& viewer, std::size_t batches) {
  std::vector<std::string> all;
  viewer.grant(static_cast<std::uint32_t>(batches));
  for (std::size_t i = 0; i < batches; ++i) all.push_back(*viewer.wait_next());
  return all;
}

TEST(ClusterPublisher, ALateViewerGetsTheDefinitionsFirst) {
  Publisher publisher;
  test::FakeRecorder recorder(publisher);
  recorder.plan("start");
  recorder.spans(10);
  const auto viewer = publisher.subscribe("late", 0);
  recorder.spans(5, "gate");
  LiveTrace trace(1000);
  BatchReader reader(trace, "node", publisher.run());
  for (const auto& batch : take(*viewer, 1)) reader.read(batch);
  const auto snapshot = trace.snapshot();
  EXPECT_EQ(snapshot->span_count(), 5U) << "only what came after it";
  EXPECT_EQ(snapshot->name({0, 0}), "gate");
  EXPECT_EQ(snapshot->tracks().size(), 2U);
  ASSERT_EQ(trace.plans().size(), 1U);
  EXPECT_EQ(trace.plans()[0].name, "start");
  EXPECT_EQ(snapshot->info().producer, "fake");
}

TEST(ClusterPublisher, DropsTheOldestForASlowViewerAndCounts) {
  Publisher publisher({.ring_bytes = 20'000});
  test::FakeRecorder recorder(publisher);
  const auto slow = publisher.subscribe("slow", 0), quick = publisher.subscribe("quick", 0);
  LiveTrace all(100'000), part(100'000);
  BatchReader read_all(all, "node", publisher.run()), read_part(part, "node", publisher.run());
  constexpr std::size_t kRounds = 50, kSpans = 100;
  for (std::size_t round = 0; round < kRounds; ++round) {
    // New names every round: the definitions that the slow viewer needs are never dropped.
    recorder.spans(kSpans, "kernel " + std::to_string(round));
    read_all.read(take(*quick, 1)[0]);
  }
  publisher.end("over");
  BatchReader::Result result;
  slow->grant(1000);
  while (const auto batch = slow->wait_next()) result = read_part.read(*batch);
  EXPECT_TRUE(result.ended);
  EXPECT_EQ(result.end_reason, "over");
  EXPECT_EQ(all.snapshot()->span_count(), kRounds * kSpans);
  const auto kept = part.snapshot();
  EXPECT_GT(result.dropped_batches, 0U);
  EXPECT_EQ(kept->span_count() + result.dropped_spans, kRounds * kSpans);
  EXPECT_TRUE(all.snapshot()->losses().empty());
  std::uint64_t reported = 0;
  for (const Loss& loss : kept->losses()) {
    EXPECT_THAT(loss.reason, testing::HasSubstr("the viewer took records more slowly"));
    if (loss.kind == LossKind::DroppedSpans) reported += loss.count.value_or(0);
  }
  EXPECT_EQ(reported, result.dropped_spans) << "as losses, with their times";
  EXPECT_EQ(kept->name({0, static_cast<std::uint32_t>(kept->span_count()) - 1}), "kernel 49");
}

TEST(ClusterPublisher, ALossInTheNodeReachesEveryViewerOfThatTime) {
  Publisher publisher;
  test::FakeRecorder recorder(publisher);
  const Loss early{LossKind::ReducedDetail, ProcessId{0}, {}, {0, 5}, {}, "too much at once"};
  const Loss late{LossKind::DroppedSpans, ProcessId{0}, TrackId{0}, {7, 9}, 3, "a ring was full"};
  const auto first = publisher.subscribe("first", 100);
  publisher.add_loss(early);
  const auto second = publisher.subscribe("second", 100);
  publisher.add_loss(late);
  publisher.end("over");
  for (const auto* viewer : {&first, &second}) {
    LiveTrace trace(1000);
    BatchReader reader(trace, "node", publisher.run());
    while (const auto batch = (*viewer)->wait_next()) reader.read(*batch);
    EXPECT_EQ(trace.snapshot()->losses(),
              viewer == &first ? std::vector<Loss>({early, late}) : std::vector<Loss>({late}));
  }
}

TEST(ClusterPublisher, SendsNothingWithoutCredit) {
  Publisher publisher;
  test::FakeRecorder recorder(publisher);
  const auto viewer = publisher.subscribe("viewer", 0);
  recorder.spans(1);
  std::atomic<bool> got{false};
  std::thread taker([&] { got = viewer->wait_next().has_value(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(got);
  viewer->grant(1);
  taker.join();
  EXPECT_TRUE(got);
}

TEST(ClusterPublisher, RefusesMoreViewersThanItServes) {
  Publisher publisher({.viewers = 1});
  auto first = publisher.subscribe("first", 1);
  EXPECT_THROW(publisher.subscribe("second", 1), Error);
  first.reset();
  EXPECT_NO_THROW(publisher.subscribe("second", 1));
}

TEST(ClusterLiveTrace, ForgetsRecordsThatComeWithoutSpans) {
  LiveTrace trace(20'000);
  for (TimeNs time = 0; time < 100'000; ++time)
    trace.add_sm_records({{time, time + 10, 0, 0, 1, 0}});
  const auto left = trace.snapshot()->sm_records();
  EXPECT_LE(left.size(), 30'000U) << "the limit, and a block that is not full";
  EXPECT_EQ(left.back().start, 99'999);
  EXPECT_GT(trace.generation(), 0U);
}

TEST(ClusterLiveTrace, JoinsSmallBatchesAndForgetsTheOldest) {
  LiveTrace trace(5000);
  test::FakeRecorder recorder(trace);
  std::vector<TracePtr> held;
  for (int round = 0; round < 400; ++round) {
    recorder.spans(40);
    if (round % 50 == 0) held.push_back(trace.snapshot());
  }
  EXPECT_GT(trace.generation(), 0U);
  const auto last = trace.snapshot();
  EXPECT_LE(last->span_count(), 5000U);
  EXPECT_GE(last->span_count(), 2000U);
  EXPECT_LE(last->chunk_infos(0).size(), 5U);
  const auto index = static_cast<std::uint32_t>(last->span_count() - 1);
  EXPECT_EQ(last->span({0, index}).correlation, 16000U);
  EXPECT_EQ(last->args({0, index}), "{\"step\":16000}");
  EXPECT_EQ(held[0]->span_count(), 40U) << "an old snapshot stays as it was";
  EXPECT_EQ(held[0]->args({0, 39}), "{\"step\":40}");
}

}  // namespace
}  // namespace moescope
