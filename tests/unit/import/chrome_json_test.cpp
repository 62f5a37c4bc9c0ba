// Chrome JSON export: what is written reads back as the same spans with the same figures.
#include "core/export/chrome_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/analysis/overlap/overlap.h"
#include "core/analysis/sm/sm_allocation.h"
#include "core/error.h"
#include "core/import/open.h"
#include "core/trace/sink.h"
#include "tests/support/data.h"
#include "tests/support/moetrace_samples.h"
#include "tests/support/privileges.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using nlohmann::json;
using test::TempFolder;

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const Trace& trace, const std::filesystem::path& path) {
  Progress progress;
  write_chrome_json(trace, path, progress);
}

TracePtr reopened(const std::filesystem::path& path) {
  Progress progress;
  return open_trace({path}, {}, progress);
}

SpanBatch one_span(TraceBuilder& builder, const std::string& name, SpanKind kind,
                   const std::string& args = "", LaunchId launch = 0,
                   std::uint32_t correlation = 0) {
  SpanBatch batch;
  batch.columns.push_back(
      {500, 1'234'567, builder.strings().intern(name), correlation, launch, kind, 0});
  batch.args_text = args;
  batch.args_offsets = {0, static_cast<std::uint32_t>(args.size())};
  return batch;
}

/// One process with a stream, a thread and a worker.
TracePtr small_trace() {
  TraceBuilder builder;
  const auto id = builder.add_process(
      {.label = "rank 2", .pid = "77", .name = "python3", .rank = 2, .world_size = 8});
  builder.add_device({.process = id, .index = 1, .name = "H800", .sm_count = 132});
  const LaunchId launch = builder.intern_launch({{20, 1, 1}, {512, 1, 1}, {2, 1, 1}, 72, 1320});
  const auto track = [&](TrackType type, int device, std::int64_t number, const char* name) {
    return builder.add_track({id, type, device, number, name});
  };
  builder.append(track(TrackType::DeviceStream, 1, 7, "stream 7"),
                 one_span(builder, "a \"quoted\"\n\\ name \xc2\xb5", SpanKind::Kernel,
                          R"({"stream":7,"nested":{"device":5},"queued":0})", launch, 9));
  builder.append(track(TrackType::Thread, -1, 4, "thread 4"),
                 one_span(builder, "cudaLaunchKernel", SpanKind::Runtime, "", 0, 9));
  builder.append(track(TrackType::Thread, -1, 5, "thread 5"),
                 one_span(builder, "python", SpanKind::Other, R"({"cat":"python_function"})"));
  builder.append(track(TrackType::Worker, -1, 3, "worker 3"),
                 one_span(builder, "attention layer 1", SpanKind::Phase));
  builder.add_counter({id, -1, "SM Active", "%", {500, 1500}, {0.5, 99}});
  TraceInfo info;
  info.start_epoch_ns = 1'767'189'312'000'000'123;
  builder.set_info(info);
  return builder.snapshot();
}

TEST(ChromeJson, WritesWhatOtherToolsLookFor) {
  const TempFolder dir;
  write(*small_trace(), dir / "a.json");
  EXPECT_THAT(text_of(dir / "a.json"), testing::HasSubstr("\"ts\":0.500,\"dur\":1234.567"));
  const json whole = json::parse(text_of(dir / "a.json"));
  EXPECT_EQ(whole["baseTimeNanoseconds"], 1'767'189'312'000'000'123);
  EXPECT_EQ(whole["distributedInfo"]["rank"], 2);
  EXPECT_EQ(whole["deviceProperties"][0]["numSms"], 132);
  json kernel, arrows = json::array(), names = json::array();
  for (const auto& event : whole["traceEvents"]) {
    if (event.value("cat", "") == "kernel") kernel = event;
    if (event.value("cat", "") == "ac2g") arrows.push_back({event["ph"], event["id"]});
    if (event["name"] == "thread_name") names.push_back(event["args"]["name"]);
  }
  EXPECT_EQ(kernel["ph"], "X");
  EXPECT_EQ(kernel["pid"], 1);  // devices have their ordinal as pid
  EXPECT_EQ(kernel["name"], "a \"quoted\"\n\\ name \xc2\xb5");
  EXPECT_EQ(kernel["args"]["grid"], json({20, 1, 1}));
  EXPECT_EQ(kernel["args"]["queued"], 0);
  EXPECT_EQ(kernel["args"]["device"], 1);  // the nested one is another
  EXPECT_EQ(kernel["args"]["correlation"], 9);
  EXPECT_EQ(arrows, json::parse(R"([["f","0.9"],["s","0.9"]])"));
  EXPECT_EQ(names, json({"stream 7", "thread 4", "thread 5", "worker 3"}));
}

/// Everything a span says, without the numbers of its track and strings.
std::vector<std::string> described(const Trace& trace, bool with_args) {
  std::vector<std::string> all;
  for (TrackId track = 0; track < trace.tracks().size(); ++track) {
    const auto& t = trace.tracks()[track];
    for (std::uint32_t i = 0; i < trace.span_count(track); ++i) {
      const Span span = trace.span({track, i});
      const auto& l = trace.launches().at(span.launch);
      json text = {t.device,
                   t.type == TrackType::DeviceStream ? t.id : -1,
                   std::string(trace.strings()[span.name]),
                   to_string(span.kind),
                   span.start,
                   span.duration,
                   span.correlation,
                   l.grid,
                   l.block,
                   l.cluster,
                   l.registers_per_thread,
                   l.shared_memory};
      if (with_args) text.push_back(json::parse(trace.args({track, i}), nullptr, false));
      all.push_back(text.dump(-1, ' ', false, json::error_handler_t::replace));
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

void expect_same_figures(const Trace& before, const Trace& after) {
  const Classification classes(before, RuleSet::built_in()), again(after, RuleSet::built_in());
  const auto a = analyze_overlap(before, classes).overlap,
             b = analyze_overlap(after, again).overlap;
  ASSERT_EQ(a.size(), b.size());
  ASSERT_FALSE(a.empty());
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto &x = a[i].figures, &y = b[i].figures;
    EXPECT_EQ(a[i].key.device, b[i].key.device);
    EXPECT_EQ(std::tie(x.comm_events, x.compute_events, x.memory_events, x.span, x.busy, x.compute,
                       x.comm, x.memory, x.overlap, x.wait),
              std::tie(y.comm_events, y.compute_events, y.memory_events, y.span, y.busy, y.compute,
                       y.comm, y.memory, y.overlap, y.wait));
  }
  const auto s = analyze_sm_allocation(before, classes), t = analyze_sm_allocation(after, again);
  ASSERT_EQ(s.size(), t.size());
  for (std::size_t i = 0; i < s.size(); ++i) {
    EXPECT_EQ(s[i].time_at, t[i].time_at);
    EXPECT_EQ(s[i].exact, t[i].exact);
  }
  const auto v = analyze_scopes(before, classes), w = analyze_scopes(after, again);
  ASSERT_EQ(v.size(), w.size());
  for (std::size_t i = 0; i < v.size(); ++i) {
    EXPECT_EQ(v[i].name, w[i].name);
    EXPECT_EQ(v[i].figures.overlap, w[i].figures.overlap);
    EXPECT_EQ(v[i].figures.span, w[i].figures.span);
  }
}

TEST(ChromeJson, EveryKindOfTrackReadsBack) {
  const TempFolder dir;
  const auto before = small_trace();
  write(*before, dir / "a.json");
  const auto after = reopened(dir / "a.json");
  EXPECT_EQ(after->processes().at(0).label, "rank 2");
  EXPECT_EQ(after->processes().at(0).pid, "77");
  EXPECT_EQ(after->processes().at(0).world_size, 8);
  ASSERT_EQ(after->tracks().size(), 4U);
  std::vector<TrackType> types;
  for (const auto& track : after->tracks()) types.push_back(track.type);
  EXPECT_THAT(types, testing::UnorderedElementsAre(TrackType::DeviceStream, TrackType::Thread,
                                                   TrackType::Thread, TrackType::Worker));
  EXPECT_EQ(after->info().start_epoch_ns, *before->info().start_epoch_ns + 500);
  ASSERT_EQ(after->counters().size(), 1U);
  EXPECT_EQ(after->counters()[0].name, "SM Active");
  EXPECT_THAT(after->counters()[0].values, testing::ElementsAre(0.5, 99));
  EXPECT_EQ(after->device_of(0)->sm_count, 132);
}

TEST(ChromeJson, KinetoRoundTripKeepsSpansArgumentsAndFigures) {
  MOESCOPE_REQUIRE_DATA("deepseek_v3_train_rank0.json");
  const TempFolder dir;
  const auto before = reopened(test::shared_data("deepseek_v3_train_rank0.json"));
  write(*before, dir / "out.json");
  const auto after = reopened(dir / "out.json");
  std::vector<std::string> lost, added;
  const auto a = described(*before, true), b = described(*after, true);
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(lost));
  std::set_difference(b.begin(), b.end(), a.begin(), a.end(), std::back_inserter(added));
  EXPECT_THAT(lost, testing::IsEmpty());
  EXPECT_THAT(added, testing::IsEmpty());
  expect_same_figures(*before, *after);
}

TEST(ChromeJson, NsightRoundTripKeepsSpansAndFiguresOfBothProcesses) {
  MOESCOPE_REQUIRE_DATA("nsys_mfu_2gpu_before.sqlite");
  const TempFolder dir;
  const auto before = reopened(test::shared_data("nsys_mfu_2gpu_before.sqlite"));
  write(*before, dir / "out.json");
  const auto after = reopened(dir / "out.json");
  EXPECT_EQ(described(*before, false), described(*after, false));
  EXPECT_EQ(after->processes().size(), before->processes().size());
  expect_same_figures(*before, *after);
}

TEST(ChromeJson, RanksOfOneTraceStayApart) {
  TraceBuilder builder;
  for (int rank = 0; rank < 2; ++rank) {
    const auto id =
        builder.add_process({.label = "rank " + std::to_string(rank), .pid = "9", .rank = rank});
    builder.add_device({.process = id, .index = 0, .name = "GPU", .sm_count = 100 + rank});
    builder.append(builder.add_track({id, TrackType::DeviceStream, 0, 7, "stream 7"}),
                   one_span(builder, "gemm", SpanKind::Kernel, "", 0, 1));
    builder.append(builder.add_track({id, TrackType::Thread, -1, 1, "thread 1"}),
                   one_span(builder, "launch", SpanKind::Runtime, "", 0, 1));
  }
  const TempFolder dir;
  write(*builder.snapshot(), dir / "a.json");
  const auto after = reopened(dir / "a.json");
  ASSERT_EQ(after->processes().size(), 2U);
  EXPECT_EQ(after->processes()[0].rank, 0);
  EXPECT_EQ(after->processes()[1].rank, 1);
  EXPECT_EQ(after->tracks().size(), 4U);
  // The format knows devices by ordinal only: two counts for one ordinal are not written.
  for (const auto& device : after->devices()) EXPECT_EQ(device.sm_count, 0);
}

TEST(ChromeJson, ArgumentsThatAreNoObjectStayText) {
  TraceBuilder builder;
  builder.add_process({.label = "x"});
  const TrackId track = builder.add_track({0, TrackType::Thread, -1, 1, "thread 1"});
  builder.append(track, one_span(builder, "a", SpanKind::CpuOp, std::string(200000, '[')));
  builder.append(track, one_span(builder, "b", SpanKind::CpuOp, "not json"));
  const TempFolder dir;
  write(*builder.snapshot(), dir / "a.json");
  const auto after = reopened(dir / "a.json");
  EXPECT_EQ(json::parse(after->args({0, 1}))["text"], "not json");
  EXPECT_EQ(after->span_count(), 2U);
}

TEST(ChromeJson, SaysWhatIsLost) {
  EXPECT_TRUE(lost_in_chrome_json(*small_trace()).empty());
  EXPECT_THAT(lost_in_chrome_json(*test::sample_trace()),
              testing::ElementsAre("2 SM records", "2 notes",
                                   testing::StartsWith("2 times at which the recording lost")));
}

TEST(ChromeJson, AnExistingFileStaysWhenWritingFailsOrStops) {
  const TempFolder dir;
  std::ofstream(dir / "a.json") << "old";
  Progress progress;
  progress.cancel();
  EXPECT_THROW(write_chrome_json(*small_trace(), dir / "a.json", progress), Cancelled);
  EXPECT_EQ(text_of(dir / "a.json"), "old");
  EXPECT_EQ(dir.file_count(), 1U);
  EXPECT_THROW(write(*small_trace(), dir / "gone" / "a.json"), Error);
  const auto trace = small_trace();
  ASSERT_TRUE(test::without_root([&] { EXPECT_THROW(write(*trace, dir / "b.json"), Error); }));
  EXPECT_EQ(dir.file_count(), 1U);
}

}  // namespace
}  // namespace moescope
