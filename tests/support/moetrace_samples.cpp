#include "tests/support/moetrace_samples.h"

#include <gmock/gmock.h>
#include <zstd.h>

namespace moescope::test {
namespace {

SpanBatch sample_batch(TraceSink& sink, std::size_t count, TimeNs step, bool with_args) {
  SpanBatch batch;
  auto& c = batch.columns;
  if (with_args) batch.args_offsets.push_back(0);
  const LaunchId launch = sink.intern_launch({{20, 1, 2}, {512, 1, 1}, {2, 1, 1}, 110, 332});
  for (std::size_t i = 0; i < count; ++i) {
    c.start.push_back(static_cast<TimeNs>(i) * step + static_cast<TimeNs>(i % 3));
    c.duration.push_back(i % 7 == 0 ? 0 : step / 2 + static_cast<TimeNs>(i % 5) * step);
    c.name.push_back(sink.strings().intern("kernel " + std::to_string(i % 50)));
    c.correlation.push_back(static_cast<std::uint32_t>(i * 2654435761U));
    c.launch.push_back(i % 2 == 0 ? launch : 0);
    c.kind.push_back(static_cast<SpanKind>(i % kSpanKindCount));
    if (!with_args) continue;
    if (i % 4 != 0) batch.args_text += "{\"i\":" + std::to_string(i) + ",\"text\":\"\u00b5s\"}";
    batch.args_offsets.push_back(static_cast<std::uint32_t>(batch.args_text.size()));
  }
  return batch;
}

auto tied(const Process& p) {
  return std::tie(p.label, p.pid, p.name, p.rank, p.world_size, p.node, p.file);
}
auto tied(const Device& d) {
  return std::tie(d.process, d.index, d.name, d.uuid, d.sm_count, d.compute_major, d.compute_minor,
                  d.max_threads_per_sm, d.max_blocks_per_sm, d.registers_per_sm,
                  d.shared_memory_per_sm, d.shared_memory_per_block_max);
}
auto tied(const Track& t) {
  return std::tie(t.process, t.type, t.device, t.id, t.name);
}
auto tied(const SmRecord& r) {
  return std::tie(r.start, r.end, r.process, r.device, r.sm, r.correlation);
}
auto tied(const CounterSeries& c) {
  return std::tie(c.process, c.device, c.name, c.unit, c.times, c.values);
}
auto tied(const Note& n) {
  return std::tie(n.time, n.track, n.text);
}
auto tied(const ClockAlignment& a) {
  return std::tie(a.file, a.offset, a.matched_collectives, a.residual, a.method);
}
auto tied(const ChunkInfo& c) {
  return std::tie(c.first_start, c.last_start, c.last_end, c.max_end_so_far, c.count,
                  c.first_index);
}

template <typename T>
void expect_same(const std::vector<T>& a, const std::vector<T>& b, const char* what) {
  ASSERT_EQ(a.size(), b.size()) << what;
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(tied(a[i]) == tied(b[i])) << what << i;
}

void expect_same_info(const TraceInfo& a, const TraceInfo& b) {
  EXPECT_EQ(a.files, b.files);
  EXPECT_EQ(a.format, b.format);
  EXPECT_EQ(a.producer, b.producer);
  EXPECT_EQ(a.start_epoch_ns, b.start_epoch_ns);
  EXPECT_EQ(a.events, b.events);
  EXPECT_EQ(a.skipped, b.skipped);
  EXPECT_EQ(a.warnings, b.warnings);
  EXPECT_EQ(a.extra, b.extra);
  EXPECT_EQ(a.rules_json, b.rules_json);
  expect_same(a.alignments, b.alignments, "alignment");
}

void expect_same_spans(const Trace& a, const Trace& b, TrackId track) {
  ASSERT_EQ(a.span_count(track), b.span_count(track));
  SpanColumns x, y;
  std::vector<std::string> args_x, args_y;
  const auto gather = [&](const Trace& trace, SpanColumns& into, std::vector<std::string>& args) {
    trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t) {
      for (std::size_t i = 0; i < chunk.size(); ++i) into.push_back(chunk.columns().at(i));
      auto rows = chunk.args().rows();
      rows.resize(chunk.size());
      args.insert(args.end(), rows.begin(), rows.end());
      return true;
    });
  };
  gather(a, x, args_x);
  gather(b, y, args_y);
  EXPECT_EQ(x.start, y.start);
  EXPECT_EQ(x.duration, y.duration);
  EXPECT_EQ(x.name, y.name);
  EXPECT_EQ(x.correlation, y.correlation);
  EXPECT_EQ(x.launch, y.launch);
  EXPECT_EQ(x.kind, y.kind);
  EXPECT_EQ(x.depth, y.depth);
  EXPECT_EQ(args_x, args_y);
}

}  // namespace

std::string zstd_frame(const std::string& raw) {
  std::string bytes(ZSTD_compressBound(raw.size()), '\0');
  bytes.resize(ZSTD_compress(bytes.data(), bytes.size(), raw.data(), raw.size(), 1));
  return bytes;
}

void fill_sample(TraceSink& sink) {
  TraceInfo info;
  info.files = {"a.json", "b.json"};
  info.format = "kineto";
  info.producer = "PyTorch 2.9";
  info.start_epoch_ns = 1767189312000000000;
  info.events = 14240;
  info.skipped = {{"no duration", 3}};
  info.warnings = {"first", "second"};
  info.alignments = {{1, -250, 12, 800, "ends of collectives"}};
  info.extra = {{"world", "64"}};
  sink.set_info(info);
  const ProcessId zero = sink.add_process({"rank 0", "", "python3", 0, 64, 0, 0});
  const ProcessId one = sink.add_process({"pid [x] 7", "[x] 7", "", {}, 0, -1, 1});
  sink.add_device({zero, 0, "NVIDIA H800", "GPU-1", 132, 9, 0, 2048, 32, 65536, 233472, 232448});
  const TrackId stream = sink.add_track({zero, TrackType::DeviceStream, 0, 27, "stream 27"});
  const TrackId thread = sink.add_track({one, TrackType::Thread, -1, -5, "thread -5"});
  sink.add_track({one, TrackType::Worker, -1, 1LL << 60, "idle worker"});
  sink.append(stream, sample_batch(sink, kChunkSpans + 1000, 10, true));
  sink.append(thread, sample_batch(sink, 3000, 1000, false));
  sink.add_sm_records({{10, 20, zero, 0, 131, 7}, {5, 9, one, 1, 0, 0}});
  sink.add_counter({zero, 0, "SM Active", "%", {0, 100, 200}, {0.5, -1e300, 100.0 / 3}});
  sink.add_counter({zero, -1, "empty", "", {}, {}});
  sink.add_note({.time = 123,
                 .track = stream,
                 .span = SpanRef{stream, 0},
                 .text = "look here",
                 .color = "blue"});
  sink.add_note({.time = -1, .text = "whole trace"});
  sink.add_loss({LossKind::DroppedSpans, zero, stream, {100, 200}, 12, "the ring was full"});
  sink.add_loss({LossKind::Disconnected, {}, {}, {-5, 300}, {}, "the connection was lost"});
}

TracePtr sample_trace() {
  TraceBuilder builder;
  fill_sample(builder);
  return builder.snapshot();
}

void expect_same_trace(const Trace& a, const Trace& b) {
  expect_same_info(a.info(), b.info());
  expect_same(a.processes(), b.processes(), "process");
  expect_same(a.devices(), b.devices(), "device");
  expect_same(a.tracks(), b.tracks(), "track");
  EXPECT_TRUE(a.launches() == b.launches());
  expect_same(a.sm_records(), b.sm_records(), "SM record");
  expect_same(a.counters(), b.counters(), "counter");
  expect_same(a.notes(), b.notes(), "note");
  EXPECT_EQ(a.losses(), b.losses());
  EXPECT_EQ(a.range(), b.range());
  ASSERT_EQ(a.strings().size(), b.strings().size());
  for (StringId id = 0; id < a.strings().size(); ++id) EXPECT_EQ(a.strings()[id], b.strings()[id]);
  for (TrackId track = 0; track < a.tracks().size(); ++track) {
    expect_same(a.chunk_infos(track), b.chunk_infos(track), "chunk");
    expect_same_spans(a, b, track);
  }
}

}  // namespace moescope::test
