// Perfetto's own format, written here byte by byte: field numbers are those of its published
// messages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <bit>

#include "core/analysis/overlap/overlap.h"
#include "tests/support/error_of.h"
#include "tests/support/import_file.h"
#include "tests/support/temp_folder.h"
#include "tests/support/torch_writer.h"

namespace moescope {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7f) | 0x80);
  return bytes + static_cast<char>(value);
}
std::string number(int field, std::uint64_t value) {
  return varint(static_cast<std::uint64_t>(field) << 3) + varint(value);
}
std::string bytes_field(int field, const std::string& bytes) {
  return varint(static_cast<std::uint64_t>(field) << 3 | 2) + varint(bytes.size()) + bytes;
}
std::string packet(const std::string& content, std::uint64_t sequence = 1) {
  return bytes_field(1, content + number(10, sequence));
}

enum EventType { kBegin = 1, kEnd = 2, kMark = 3, kCounter = 4 };

/// A TracePacket with a TrackEvent.
std::string event(std::uint64_t time, int type, std::uint64_t track, const std::string& more = "",
                  const std::string& packet_more = "") {
  return packet(
      number(8, time) + packet_more +
      bytes_field(11, number(9, static_cast<std::uint64_t>(type)) + number(11, track) + more));
}
std::string named(const std::string& name, const std::string& category) {
  return bytes_field(22, category) + bytes_field(23, name);
}
std::string annotation(const std::string& name, std::uint64_t value) {
  return bytes_field(4, bytes_field(10, name) + number(3, value));
}
std::string list_annotation(const std::string& name, const std::vector<std::uint64_t>& values) {
  std::string items;
  for (const auto value : values) items += bytes_field(12, number(3, value));
  return bytes_field(4, bytes_field(10, name) + items);
}
std::string track(std::uint64_t uuid, const std::string& more) {
  return packet(bytes_field(60, number(1, uuid) + more));
}

/// A process with a thread and two streams: 100 us of GEMM, 100 us of NCCL of which half is
/// exposed.
std::string pftrace_of_one_rank() {
  const auto on_stream = [](std::uint64_t stream) {
    return annotation("device", 1) + annotation("stream", stream) + annotation("correlation", 77);
  };
  return track(1, bytes_field(3, number(1, 4444) + bytes_field(6, "python3"))) +
         track(2, number(5, 1) + bytes_field(4, number(1, 4444) + number(2, 9) +
                                                    bytes_field(5, "main thread"))) +
         track(7, number(5, 1) + bytes_field(2, "stream 7")) +
         track(8, number(5, 1) + bytes_field(2, "stream 8")) +
         event(990'000, kBegin, 2,
               named("cudaLaunchKernel", "cuda_runtime") + annotation("correlation", 77)) +
         event(995'000, kEnd, 2) +
         event(1'050'000, kBegin, 8, named("ncclDevKernel_AllReduce", "kernel") + on_stream(8)) +
         event(1'150'000, kEnd, 8) +
         event(1'000'000, kBegin, 7,
               named("gemm", "kernel") + on_stream(7) + list_annotation("grid", {132, 2, 1}) +
                   list_annotation("block", {256, 1, 1})) +
         event(1'100'000, kEnd, 7) + event(1'160'000, kMark, 2, named("done", "user_annotation"));
}

class Perfetto : public testing::Test {
 protected:
  TracePtr open(const std::string& bytes, const std::string& name = "rank3.pftrace") {
    test::write_bytes(folder_ / name, bytes);
    return test::open_file(folder_ / name);
  }
  std::string error(const std::string& bytes) {
    return test::error_of([&] { open(bytes); });
  }

 private:
  test::TempFolder folder_;
};

void expect_the_small_trace(const Trace& trace) {
  EXPECT_EQ(trace.info().format, "perfetto");
  ASSERT_EQ(trace.processes().size(), 1U);
  EXPECT_EQ(trace.processes()[0].pid, "4444");
  EXPECT_EQ(trace.processes()[0].name, "python3");
  EXPECT_EQ(trace.processes()[0].rank, 3);
  ASSERT_EQ(trace.devices().size(), 1U);
  EXPECT_EQ(trace.devices()[0].index, 1);
  const auto spans = test::named_spans(trace);
  ASSERT_EQ(spans.size(), 4U);
  EXPECT_EQ(spans[0].track, "main thread");
  EXPECT_EQ(spans[0].name, "cudaLaunchKernel");
  EXPECT_EQ(spans[0].kind, SpanKind::Runtime);
  EXPECT_EQ(spans[1].name, "done");
  EXPECT_EQ(spans[1].kind, SpanKind::Instant);
  EXPECT_EQ(spans[2].name, "gemm");
  EXPECT_EQ(spans[2].kind, SpanKind::Kernel);
  EXPECT_EQ(spans[2].start, 10'000);
  EXPECT_EQ(spans[2].duration, 100'000);
  EXPECT_EQ(spans[2].args["stream"], 7);
  EXPECT_EQ(trace.tracks()[1].id, 7);
  EXPECT_EQ(trace.tracks()[1].device, 1);
  EXPECT_EQ(trace.span({1, 0}).correlation, 77U);
  EXPECT_EQ(trace.span({0, 0}).correlation, 77U);
  EXPECT_EQ(trace.launches()[trace.span({1, 0}).launch].blocks(), 264U);
  const auto overlap = analyze_overlap(trace, Classification(trace, RuleSet::built_in()));
  ASSERT_EQ(overlap.overlap.size(), 1U);
  EXPECT_EQ(overlap.overlap[0].figures.exposed, 50'000);
}

TEST_F(Perfetto, TracksSlicesAndAnnotationsAreRead) {
  const auto trace = open(pftrace_of_one_rank());
  expect_the_small_trace(*trace);
  EXPECT_THAT(trace->info().warnings, IsEmpty());
  EXPECT_THAT(trace->info().skipped, IsEmpty());
}

TEST_F(Perfetto, CompressedPacketsAreTheSame) {
  const std::string plain = pftrace_of_one_rank();
  std::string deflated(compressBound(plain.size()), '\0');
  auto size = static_cast<uLongf>(deflated.size());
  ASSERT_EQ(compress(reinterpret_cast<Bytef*>(deflated.data()), &size,
                     reinterpret_cast<const Bytef*>(plain.data()), plain.size()),
            Z_OK);
  deflated.resize(size);
  expect_the_small_trace(*open(bytes_field(1, bytes_field(50, deflated))));
  std::string frame(ZSTD_compressBound(plain.size()), '\0');
  frame.resize(ZSTD_compress(frame.data(), frame.size(), plain.data(), plain.size(), 1));
  expect_the_small_trace(*open(bytes_field(1, bytes_field(133, frame))));
  const auto damaged =
      open(pftrace_of_one_rank() + bytes_field(1, bytes_field(50, deflated.substr(0, 20))) +
           bytes_field(1, bytes_field(133, "no frame")));
  expect_the_small_trace(*damaged);
  EXPECT_THAT(damaged->info().skipped, Contains(Pair("compressed packets are damaged", 2U)));
}

TEST_F(Perfetto, InternedNamesAreOfTheirWriterUntilTheyAreCleared) {
  const auto interned = [](std::uint64_t iid, const std::string& name) {
    return bytes_field(12, bytes_field(2, number(1, iid) + bytes_field(2, name)) +
                               bytes_field(1, number(1, 5) + bytes_field(2, "kernel")) +
                               bytes_field(3, number(1, 6) + bytes_field(2, "device")) +
                               bytes_field(29, number(1, 8) + bytes_field(2, "text")));
  };
  const std::string by_iid = number(10, 1) + number(3, 5);
  const auto slice = [&](std::uint64_t time, std::uint64_t sequence, const std::string& first) {
    return packet(number(8, time) + first +
                      bytes_field(11, number(9, kBegin) + number(11, sequence) + by_iid +
                                          bytes_field(4, number(1, 6) + number(17, 8))),
                  sequence) +
           packet(number(8, time + 10) + bytes_field(11, number(9, kEnd) + number(11, sequence)),
                  sequence);
  };
  const auto trace =
      open(slice(100, 1, interned(1, "first")) + slice(110, 2, interned(1, "other")) +
           slice(200, 1, "") + slice(300, 1, number(41, 1) + interned(1, "second")) +
           // Lost packets: what needs their state is left out.
           packet(number(42, 1), 1) + slice(400, 1, number(13, 2)));
  const auto spans = test::named_spans(*trace);
  ASSERT_EQ(spans.size(), 4U);
  EXPECT_EQ(spans[0].name, "first");
  EXPECT_EQ(spans[0].kind, SpanKind::Kernel);
  EXPECT_EQ(spans[0].args["device"], "text");
  EXPECT_EQ(spans[1].name, "first");
  EXPECT_EQ(spans[2].name, "second");
  EXPECT_EQ(spans[3].name, "other");
  EXPECT_THAT(trace->info().skipped, Contains(Pair("event whose names were in lost packets", 1U)));
  EXPECT_THAT(trace->info().skipped, Contains(Pair("end without begin", 1U)));
}

TEST_F(Perfetto, ClocksAreRelatedBySnapshots) {
  const auto clock = [](std::uint64_t id, std::uint64_t at, const std::string& more = "") {
    return bytes_field(1, number(1, id) + number(2, at) + more);
  };
  // Boot time 1 s is 1,700,000,000 s of the wall clock and 400 ns of a monotonic one; clock 64 of
  // the writer counts microseconds from the one before.
  const auto snapshot = packet(
      bytes_field(6, clock(6, 1'000'000'000) + clock(1, 1'700'000'000'000'000'000) + clock(3, 400) +
                         clock(64, 1'000'000, number(3, 1) + number(4, 1000))));
  const auto trace = open(
      snapshot + event(500, kBegin, 5, named("a", "x"), number(58, 3)) +
      event(600, kEnd, 5, "", number(58, 3)) + event(1'000'000'300, kBegin, 5, named("b", "x")) +
      event(1'000'000'400, kEnd, 5) + event(7, kBegin, 6, named("c", "x"), number(58, 64)) +
      event(2, kEnd, 6, "", number(58, 64)));
  const auto spans = test::named_spans(*trace);
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_EQ(trace->info().start_epoch_ns, 1'700'000'000'000'000'100);
  EXPECT_EQ(spans[0].start, 0);
  EXPECT_EQ(spans[0].duration, 100);
  EXPECT_EQ(spans[1].start, 200);
  EXPECT_EQ(spans[2].start, 6'900);
  EXPECT_EQ(spans[2].duration, 2'000);
  const auto unrelated = open(event(5, kMark, 1, named("x", "y"), number(58, 99)));
  EXPECT_THAT(unrelated->info().warnings, Contains(HasSubstr("clocks that no snapshot")));
}

TEST_F(Perfetto, DefaultsOfAWriterGiveTrackAndClock) {
  const auto trace =
      open(packet(bytes_field(59, bytes_field(11, number(11, 42)))) +
           track(42, bytes_field(2, "by default")) +
           packet(number(8, 5) + bytes_field(11, number(9, kMark) + named("mark", "x"))));
  EXPECT_EQ(test::named_spans(*trace)[0].track, "by default");
}

TEST_F(Perfetto, CountersAreSeries) {
  const std::string half("\xe1\x02\0\0\0\0\0\0\xe0\x3f", 10);  // double_counter_value (44) = 0.5
  const auto trace =
      open(track(9, bytes_field(2, "SM active") + bytes_field(8, bytes_field(6, "%"))) +
           event(200, kCounter, 9, number(30, 40)) + event(100, kCounter, 9, half));
  ASSERT_EQ(trace->counters().size(), 1U);
  EXPECT_EQ(trace->counters()[0].name, "SM active");
  EXPECT_EQ(trace->counters()[0].unit, "%");
  EXPECT_THAT(trace->counters()[0].times, testing::ElementsAre(0, 100));
  EXPECT_THAT(trace->counters()[0].values, testing::ElementsAre(0.5, 40));
}

TEST_F(Perfetto, SlicesNestAndLegacyEventsHaveDurations) {
  const auto legacy =
      bytes_field(6, number(2, 'X') + number(3, 3)) + number(11, 4) + named("x", "y");
  const auto trace =
      open(event(100, kBegin, 4, named("outer", "y")) + event(110, kBegin, 4, named("inner", "y")) +
           event(120, kEnd, 4) + event(130, kEnd, 4) + event(140, kBegin, 4, named("open", "y")) +
           packet(number(8, 500) + bytes_field(11, legacy)));
  const auto spans = test::named_spans(*trace);
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_EQ(spans[0].name, "outer");
  EXPECT_EQ(spans[0].duration, 30);
  EXPECT_EQ(spans[1].name, "inner");
  EXPECT_EQ(spans[2].duration, 3'000);
  EXPECT_THAT(trace->info().skipped, Contains(Pair("begin without end", 1U)));
}

TEST_F(Perfetto, WhatFollowsDamageIsLeftOutWithAWarning) {
  const std::string whole = pftrace_of_one_rank();
  const auto cut = open(whole + event(2'000'000, kMark, 2, named("late", "x")).substr(0, 12));
  expect_the_small_trace(*cut);
  EXPECT_THAT(cut->info().warnings, Contains(HasSubstr("cut off")));
  expect_the_small_trace(*open(whole + std::string("\x0a\xff\xff\xff\xff\x0f", 6)));
  expect_the_small_trace(*open(whole + number(99, 5) + bytes_field(98, "of another field")));
}

TEST_F(Perfetto, OtherFilesAreRefused) {
  EXPECT_THAT(error(packet(number(8, 5))), HasSubstr("track event"));
  EXPECT_THAT(error("\n\x05hello world, this is text"), HasSubstr("not a trace"));
  EXPECT_THAT(error(event(5, kBegin, 1, named("open", "x"))), HasSubstr("traceconv json"));
}

}  // namespace
}  // namespace moescope
