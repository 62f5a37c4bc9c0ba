#include "core/trace/file/moetrace_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "core/error.h"
#include "core/files.h"
#include "core/trace/file/moetrace.h"
#include "tests/support/moetrace_samples.h"

namespace moescope {
namespace {

using test::expect_same_trace;
using test::TempFolder;
using testing::HasSubstr;
using namespace std::chrono_literals;

SpanBatch one_span(TimeNs start, StringId name = 0, const std::string& args = "") {
  SpanBatch batch;
  batch.columns.push_back({start, 5, name, 0, 0, SpanKind::Phase, 0});
  batch.columns.depth.clear();
  batch.args_text = args;
  batch.args_offsets = {0, static_cast<std::uint32_t>(args.size())};
  return batch;
}

TEST(MoetraceWriter, WritesWhatTheBuilderHolds) {
  TempFolder folder;
  MoetraceWriter writer(folder / "a.moetrace");
  test::fill_sample(writer);
  Progress progress;
  writer.finish(progress);
  const TracePtr expected = test::sample_trace();
  const TracePtr found = open_moetrace(folder / "a.moetrace");
  expect_same_trace(*expected, *found);
  EXPECT_EQ(found->depth_count(0), expected->summary(0)->depth_count);
  EXPECT_EQ(folder.file_count(), 1U);
}

TEST(MoetraceWriter, AReaderKeepsItsViewWhileTheFileGrows) {
  TempFolder folder;
  MoetraceWriter writer(folder / "a.moetrace", 1h);
  const TrackId track = writer.add_track({0, TrackType::Worker, -1, 0, "worker"});
  EXPECT_EQ(folder.file_count(), 1U) << "beside its place, and not in it";
  EXPECT_FALSE(std::filesystem::exists(folder / "a.moetrace"));
  writer.append(track, one_span(10, writer.strings().intern("first"), "{\"a\":1}"));
  writer.flush();
  const TracePtr early = open_moetrace(folder / "a.moetrace");
  writer.append(track, one_span(20, writer.strings().intern("second"), "{\"a\":2}"));
  writer.flush();
  const TracePtr late = open_moetrace(folder / "a.moetrace");
  ASSERT_EQ(early->span_count(), 1U);
  EXPECT_EQ(early->name({track, 0}), "first");
  EXPECT_EQ(early->args({track, 0}), "{\"a\":1}");
  ASSERT_EQ(late->span_count(), 2U);
  EXPECT_EQ(late->name({track, 1}), "second");
  EXPECT_EQ(late->args({track, 1}), "{\"a\":2}");
  std::uint32_t counted = 0;
  for (const auto& bucket : late->summary(track)->levels.front().buckets) counted += bucket.count;
  EXPECT_EQ(counted, 2U);
}

TEST(MoetraceWriter, WhatIsOftenCommittedBecomesChunksThatAreNotStoredAgain) {
  TempFolder folder;
  const auto file = folder / "a.moetrace";
  MoetraceWriter writer(file, 1h);
  const TrackId busy = writer.add_track({}), slow = writer.add_track({});
  TracePtr early;
  TimeNs now = 0;
  for (int commit = 0; commit < 10; ++commit) {
    SpanBatch batch;
    for (int i = 0; i < 1000; ++i)
      batch.columns.push_back({now += 10, 5, 0, 0, 0, SpanKind::Phase, 0});
    batch.columns.depth.clear();
    writer.append(busy, std::move(batch));
    writer.append(slow, one_span(now));
    writer.flush();
    const TracePtr found = open_moetrace(file);
    ASSERT_EQ(found->span_count(busy), 1000U * static_cast<unsigned>(commit + 1));
    ASSERT_EQ(found->span({busy, 999}).start, 10'000);
    if (commit == 2) early = found;
  }
  const TracePtr late = open_moetrace(file);
  std::vector<std::uint32_t> counts;
  for (const ChunkInfo& info : late->chunk_infos(busy)) counts.push_back(info.count);
  EXPECT_THAT(counts, testing::ElementsAre(2000, 2000, 2000, 2000, 2000));
  EXPECT_EQ(late->chunk_infos(slow).size(), 1U) << "few spans stay together";
  EXPECT_EQ(early->span({busy, 2999}).start, 30'000)
      << "the beginning of a chunk that is longer now";
}

TEST(MoetraceWriter, CommitsByItself) {
  TempFolder folder;
  MoetraceWriter writer(folder / "a.moetrace", 10ms);
  const TrackId track = writer.add_track({});
  writer.append(track, one_span(10));
  for (int i = 0; i < 3000 && !writer.in_place(); ++i) std::this_thread::sleep_for(10ms);
  for (int i = 0; i < 3000 && open_moetrace(folder / "a.moetrace")->span_count() == 0; ++i)
    std::this_thread::sleep_for(10ms);
  const TracePtr found = open_moetrace(folder / "a.moetrace");
  EXPECT_EQ(found->span_count(), 1U);
  EXPECT_EQ(found->info().files, std::vector{(folder / "a.moetrace").string()});
}

/// In a process of its own whose files may not grow beyond `bytes`: writes until that fails.
/// Returns 0 when the error named the file.
int record_until_full(const std::filesystem::path& file, rlim_t bytes) {
  signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{bytes, bytes};
  setrlimit(RLIMIT_FSIZE, &limit);
  try {
    MoetraceWriter writer(file, 1ms);
    const TrackId track = writer.add_track({});
    for (TimeNs start = 0; start < 2'000'000; start += 10) {
      writer.append(track, one_span(start, 0, "{\"n\":" + std::to_string(start * 7919) + "}"));
      if (start % 1000 == 0) writer.flush();
    }
  } catch (const Error& error) {
    return std::string(error.what()).find(file.filename().string()) == std::string::npos ? 2 : 0;
  }
  return 1;
}

TEST(MoetraceWriter, AFullDiskIsReportedAndWhatWasCommittedOpens) {
  TempFolder folder;
  const auto file = folder / "a.moetrace";
  const pid_t child = fork();
  if (child == 0) _exit(record_until_full(file, 2 << 20));
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  const TracePtr trace = open_moetrace(file);
  EXPECT_GT(trace->span_count(), 0U);
  std::uint64_t read = 0;
  trace->visit_chunks(0, [&](const SpanChunk& chunk, std::uint32_t) {
    for (const TimeNs start : chunk.columns().start)
      EXPECT_EQ(start, static_cast<TimeNs>(read++) * 10);
    return true;
  });
  EXPECT_EQ(read, trace->span_count());
}

TEST(MoetraceWriter, BatchesOutOfOrderAreRefused) {
  TempFolder folder;
  MoetraceWriter writer(folder / "a.moetrace");
  const TrackId track = writer.add_track({});
  writer.append(track, one_span(10));
  EXPECT_THROW(writer.append(track, one_span(9)), std::invalid_argument);
}

/// The message of the Error that `use` throws, "" when it throws none.
template <typename Use>
std::string error_of(Use use) {
  try {
    use();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// An existing .moetrace.
std::string write_sample(const std::filesystem::path& path) {
  Progress progress;
  write_moetrace(*test::sample_trace(), path, progress);
  return read_text_file(path, 1 << 24);
}

TEST(MoetraceWriter, TheOldFileStaysUntilThereIsSomethingToRecord) {
  TempFolder folder;
  const auto file = folder / "a.moetrace";
  const std::string before = write_sample(file);
  {
    MoetraceWriter writer(file, 1ms);
    writer.add_process({.label = "rank 0"});
    writer.add_track({});
    writer.set_info({});
    writer.add_plan({0, "epoch 0", "{}"});
    std::this_thread::sleep_for(50ms);
    EXPECT_FALSE(writer.in_place());
  }
  EXPECT_EQ(read_text_file(file, 1 << 24), before);
  EXPECT_EQ(folder.file_count(), 1U);
}

TEST(MoetraceWriter, ASecondWriterIsRefusedAndTheRecordingGoesOn) {
  TempFolder folder;
  const auto file = folder / "a.moetrace";
  MoetraceWriter writer(file, 1h);
  const TrackId track = writer.add_track({});
  writer.append(track, one_span(10));
  writer.flush();
  const std::string second = error_of([&] { MoetraceWriter{file}; });
  EXPECT_THAT(second, HasSubstr("is being written by process " + std::to_string(getpid())));
  EXPECT_THAT(error_of([&] { write_sample(file); }), HasSubstr("is being written"));
  EXPECT_THAT(error_of([&] { write_text_file(file, "x"); }), HasSubstr("is being written"));
  writer.append(track, one_span(20));
  Progress progress;
  writer.finish(progress);
  EXPECT_EQ(open_moetrace(file)->span_count(), 2U);
  EXPECT_EQ(folder.file_count(), 1U);
  write_sample(file);  // nobody holds it any more
}

TEST(MoetraceWriter, OfTwoThatPrepareTheSameFileTheSecondToBeginIsRefused) {
  TempFolder folder;
  const auto file = folder / "a.moetrace";
  MoetraceWriter first(file, 1h), second(file, 1h);
  for (MoetraceWriter* writer : {&first, &second})
    writer->append(writer->add_track({}), one_span(1));
  first.flush();
  EXPECT_THAT(error_of([&] { second.flush(); }), HasSubstr("is being written"));
  EXPECT_THAT(error_of([&] { second.flush(); }), HasSubstr("is being written"))
      << "what it took is lost: it never seems to work again";
  first.append(0, one_span(2));
  first.flush();
  EXPECT_EQ(open_moetrace(file)->span_count(), 2U);
}

TEST(MoetraceWriter, AFileThatIsTakenAwayIsAnError) {
  for (const char* how : {"remove", "replace", "log"}) {
    TempFolder folder;
    const auto file = folder / "a.moetrace";
    MoetraceWriter writer(file, 1h);
    const TrackId track = writer.add_track({});
    writer.append(track, one_span(10));
    writer.flush();
    if (how == std::string("replace")) {
      write_sample(folder / "b.moetrace");
      std::filesystem::rename(folder / "b.moetrace", file);
    } else {
      std::filesystem::remove(how == std::string("log") ? folder / "a.moetrace-wal" : file);
    }
    writer.append(track, one_span(20));
    EXPECT_THAT(error_of([&] { writer.flush(); }), HasSubstr("another program")) << how;
  }
}

TEST(MoetraceWriter, AFileThatWasMovedHasAllAndWhatTookItsPlaceNothingOfIt) {
  for (const bool noticed : {true, false}) {
    TempFolder folder;
    const auto file = folder / "a.moetrace", moved = folder / "moved.moetrace";
    const auto other = folder / "b.moetrace";
    {
      MoetraceWriter writer(file, 1h);
      const TrackId track = writer.add_track({});
      writer.append(track, one_span(10));
      writer.flush();
      std::filesystem::rename(file, moved);
      write_sample(other);
      std::filesystem::copy_file(other, file);
      if (noticed) {
        writer.append(track, one_span(20));
        EXPECT_THROW(writer.flush(), Error);
      }
    }
    EXPECT_EQ(open_moetrace(moved)->span_count(), 1U) << noticed;
    EXPECT_EQ(open_moetrace(file)->span_count(), open_moetrace(other)->span_count()) << noticed;
  }
}

TEST(MoetraceWriter, TheLogOfAKilledRecordingIsNotTakenForThatOfTheNext) {
  TempFolder folder;
  const auto file = folder / "a.moetrace";
  const pid_t child = fork();
  if (child == 0) {
    MoetraceWriter writer(file, 1h);
    writer.append(writer.add_track({}), one_span(10));
    writer.flush();
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(std::filesystem::exists(folder / "a.moetrace-wal"));
  ASSERT_EQ(open_moetrace(file)->span_count(), 1U);
  write_sample(file);
  expect_same_trace(*test::sample_trace(), *open_moetrace(file));
  EXPECT_EQ(folder.file_count(), 1U);
}

TEST(MoetraceWriter, ARecordingNeedsAFileOfItsOwn) {
  EXPECT_THAT(error_of([] { MoetraceWriter{"/dev/null"}; }), HasSubstr("is not an ordinary file"));
  EXPECT_THAT(error_of([] { MoetraceWriter{"/tmp"}; }), HasSubstr("is a folder"));
}

TEST(MoetraceWriter, LossesThatFollowEachOtherAreOneRow) {
  TempFolder folder;
  MoetraceWriter writer(folder / "a.moetrace", 1h);
  const ProcessId process = writer.add_process({.label = "rank 0"});
  for (TimeNs at = 0; at < 1000; at += 100) {
    writer.add_loss({LossKind::DroppedSpans, process, {}, {at, at + 50}, 3, "full"});
    writer.flush();
  }
  writer.add_loss(
      {LossKind::DroppedSpans, process, {}, {10'000'000'000, 10'000'000'001}, 1, "full"});
  Progress progress;
  writer.finish(progress);
  const std::vector<Loss> expected = {
      {LossKind::DroppedSpans, process, {}, {0, 950}, 30, "full"},
      {LossKind::DroppedSpans, process, {}, {10'000'000'000, 10'000'000'001}, 1, "full"}};
  EXPECT_EQ(open_moetrace(folder / "a.moetrace")->losses(), expected);
}

}  // namespace
}  // namespace moescope
