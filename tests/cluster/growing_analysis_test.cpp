// Analyses of a growing trace against those of the whole trace: the same in every bit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/analysis/results.h"
#include "core/cluster/live_trace.h"

namespace moescope {
namespace {

void expect_same(const OverlapFigures& a, const OverlapFigures& b) {
  EXPECT_EQ(a.comm_events, b.comm_events);
  EXPECT_EQ(a.compute_events, b.compute_events);
  EXPECT_EQ(a.memory_events, b.memory_events);
  EXPECT_EQ(a.fused_events, b.fused_events);
  EXPECT_EQ(a.fused, b.fused);
  EXPECT_EQ(a.span, b.span);
  EXPECT_EQ(a.busy, b.busy);
  EXPECT_EQ(a.idle, b.idle);
  EXPECT_EQ(a.compute, b.compute);
  EXPECT_EQ(a.comm, b.comm);
  EXPECT_EQ(a.memory, b.memory);
  EXPECT_EQ(a.overlap, b.overlap);
  EXPECT_EQ(a.exposed, b.exposed);
  EXPECT_EQ(a.wait, b.wait);
}

void expect_same(const SmAllocation& a, const SmAllocation& b) {
  EXPECT_EQ(a.key, b.key);
  EXPECT_EQ(a.method, b.method);
  EXPECT_EQ(a.sm_count, b.sm_count);
  EXPECT_EQ(a.caveats, b.caveats);
  EXPECT_EQ(a.range, b.range);
  EXPECT_EQ(a.steps_cell, b.steps_cell);
  EXPECT_EQ(a.comm_sm_ns, b.comm_sm_ns);
  EXPECT_EQ(a.compute_sm_ns, b.compute_sm_ns);
  EXPECT_EQ(a.free_sm_ns, b.free_sm_ns);
  EXPECT_EQ(a.oversubscribed, b.oversubscribed);
  EXPECT_EQ(a.exact, b.exact);
  EXPECT_EQ(a.time_at, b.time_at);
  ASSERT_EQ(a.steps.size(), b.steps.size());
  for (std::size_t i = 0; i < a.steps.size(); ++i) {
    ASSERT_EQ(a.steps[i].begin, b.steps[i].begin) << "step " << i;
    ASSERT_EQ(a.steps[i].comm, b.steps[i].comm) << "step " << i;
    ASSERT_EQ(a.steps[i].compute, b.steps[i].compute) << "step " << i;
    ASSERT_EQ(a.steps[i].by_class, b.steps[i].by_class) << "step " << i;
  }
}

void expect_same(const AnalysisResults& a, const AnalysisResults& b) {
  EXPECT_EQ(a.used, b.used);
  EXPECT_EQ(a.waits, b.waits);
  ASSERT_EQ(a.activity.size(), b.activity.size());
  for (std::size_t i = 0; i < a.activity.size(); ++i) {
    EXPECT_EQ(a.activity[i].key, b.activity[i].key);
    EXPECT_EQ(a.activity[i].compute.intervals(), b.activity[i].compute.intervals());
    EXPECT_EQ(a.activity[i].comm.intervals(), b.activity[i].comm.intervals());
    EXPECT_EQ(a.activity[i].memory.intervals(), b.activity[i].memory.intervals());
    EXPECT_EQ(a.activity[i].wait.intervals(), b.activity[i].wait.intervals());
    EXPECT_EQ(a.activity[i].fused.intervals(), b.activity[i].fused.intervals());
  }
  ASSERT_EQ(a.overlap.size(), b.overlap.size());
  for (std::size_t i = 0; i < a.overlap.size(); ++i) {
    EXPECT_EQ(a.overlap[i].key, b.overlap[i].key);
    expect_same(a.overlap[i].figures, b.overlap[i].figures);
  }
  ASSERT_EQ(a.scopes.size(), b.scopes.size());
  for (std::size_t i = 0; i < a.scopes.size(); ++i) {
    SCOPED_TRACE(a.scopes[i].kind + " " + a.scopes[i].name);
    EXPECT_EQ(a.scopes[i].kind, b.scopes[i].kind);
    EXPECT_EQ(a.scopes[i].name, b.scopes[i].name);
    EXPECT_EQ(a.scopes[i].key, b.scopes[i].key);
    EXPECT_EQ(a.scopes[i].windows, b.scopes[i].windows);
    EXPECT_EQ(a.scopes[i].ranges, b.scopes[i].ranges);
    expect_same(a.scopes[i].figures, b.scopes[i].figures);
  }
  ASSERT_EQ(a.sm.size(), b.sm.size());
  for (std::size_t i = 0; i < a.sm.size(); ++i) expect_same(a.sm[i], b.sm[i]);
}

/// A node that records at random; what was recorded is appended later, tracks in any order.
class RandomNode {
 public:
  explicit RandomNode(unsigned seed, std::size_t max_held = 1'000'000)
      : trace_(max_held), random_(seed) {
    for (int rank = 0; rank < kRanks; ++rank) {
      const ProcessId process = trace_.add_process({.label = "rank", .rank = rank});
      if (rank != kUndescribed)
        trace_.add_device({.process = process, .index = 0, .name = "GPU", .sm_count = kSms});
      for (int stream = 0; stream < kStreams; ++stream)
        tracks_.push_back(
            {trace_.add_track({process, TrackType::DeviceStream, 0, stream, "s"}), process});
    }
    host_ = trace_.add_track({0, TrackType::Thread, -1, 1, "steps"});
    launches_ = {0, trace_.intern_launch({{3, 1, 1}, {128, 1, 1}, {}, 32, 0}),
                 trace_.intern_launch({{900, 1, 1}, {1024, 1, 1}, {}, 64, 100'000})};
  }

  /// Records for `length` ns and appends what is due of it; the rest is late.
  void go_on(TimeNs length) {
    for (std::size_t i = 0; i < tracks_.size(); ++i) record(i, length);
    now_ += length;
    std::vector<std::size_t> order(tracks_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), random_);
    for (const std::size_t i : order) append(i, below(4) == 0 ? 0 : below(100));
    append_records(below(3) == 0 ? 0 : below(100));
    if (below(2) == 0) append_step();
  }
  void append_all() {
    for (std::size_t i = 0; i < tracks_.size(); ++i) append(i, 100);
    append_records(100);
  }
  void launch_from_host() {
    Span call = span("cudaLaunchKernel", last_step_, 5, SpanKind::Runtime);
    call.correlation = 7;
    push(host_, {call});
  }

  LiveTrace& trace() { return trace_; }
  TracePtr snapshot() { return trace_.snapshot(); }

 private:
  static constexpr int kRanks = 4, kStreams = 3, kSms = 8;
  static constexpr int kInferred = 2, kUndescribed = 3;  ///< ranks
  struct Stream {
    TrackId track = 0;
    ProcessId process = 0;
    TimeNs next = 0;
    std::vector<Span> due;
  };

  std::size_t below(std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
  }
  Span span(const std::string& name, TimeNs start, TimeNs duration, SpanKind kind) {
    Span s;
    s.start = start;
    s.duration = duration;
    s.name = trace_.strings().intern(name);
    s.kind = kind;
    return s;
  }

  void record(std::size_t i, TimeNs length) {
    static const std::vector<std::string> kernels = {"flash_attn_fwd",
                                                     "deep_ep::intranode::dispatch<1>",
                                                     "deep_ep::intranode::notify_dispatch",
                                                     "sm90_xmma_gemm",
                                                     "ncclDevKernel_AllReduce",
                                                     "something",
                                                     "deep_gemm::sm100_fp8_fp4_mega_moe_impl<1>"};
    Stream& stream = tracks_[i];
    if (below(5) == 0) stream.next = now_ + length;  // silent for a while
    while (stream.next < now_ + length) {
      const auto duration = static_cast<TimeNs>(below(12) == 0 ? 0 : below(400));
      const std::size_t what = below(12);
      Span s = span(kernels[below(kernels.size())], stream.next, duration, SpanKind::Kernel);
      if (what == 0) s = span("copy", stream.next, duration, SpanKind::Memcpy);
      if (what == 1)
        s = span("decode layer " + std::to_string(below(3)) + " mb" + std::to_string(below(2)),
                 stream.next, 3 * duration, SpanKind::GpuAnnotation);
      if (what == 2) s = span("wait", stream.next, duration, SpanKind::Sync);
      if (s.kind == SpanKind::Kernel) {
        s.launch = launches_[below(launches_.size())];
        if (below(8) != 0)
          s.correlation = static_cast<std::uint32_t>(below(30) == 0 ? 5 : ++correlation_);
        if (stream.process != kInferred) record_blocks(stream, s);
      }
      stream.due.push_back(s);
      stream.next += static_cast<TimeNs>(below(300));
    }
  }
  void record_blocks(const Stream& stream, const Span& s) {
    for (std::size_t n = below(4); n > 0; --n) {
      const TimeNs begin = s.start + static_cast<TimeNs>(below(50)) - 10;
      records_.push_back({begin, begin + static_cast<TimeNs>(below(300)), stream.process, 0,
                          static_cast<std::uint32_t>(below(kSms + 1)),
                          below(10) == 0 ? 900'000 : s.correlation});
    }
  }
  void append(std::size_t i, std::size_t percent) {
    auto& due = tracks_[i].due;
    const auto end = due.begin() + static_cast<std::ptrdiff_t>(due.size() * percent / 100);
    push(tracks_[i].track, {due.begin(), end});
    due.erase(due.begin(), end);
  }
  void push(TrackId track, const std::vector<Span>& spans) {
    SpanBatch batch;
    for (const Span& s : spans) batch.columns.push_back(s);
    batch.columns.depth.clear();
    trace_.append(track, std::move(batch));
  }
  void append_records(std::size_t percent) {
    std::shuffle(records_.begin(), records_.end(), random_);
    const auto end =
        records_.begin() + static_cast<std::ptrdiff_t>(records_.size() * percent / 100);
    trace_.add_sm_records({records_.begin(), end});
    records_.erase(records_.begin(), end);
  }
  void append_step() {
    push(host_, {span("decode step", last_step_, 100, SpanKind::Annotation)});
    last_step_ = now_;
  }

  LiveTrace trace_;
  std::mt19937 random_;
  std::vector<Stream> tracks_;
  TrackId host_ = 0;
  std::vector<LaunchId> launches_;
  std::vector<SmRecord> records_;
  TimeNs now_ = 0, last_step_ = 0;
  std::uint32_t correlation_ = 10;
};

const RuleSet& rules() {
  return RuleSet::built_in();
}

TEST(GrowingAnalysis, IsThatOfTheWholeTraceWhateverComesLate) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    RandomNode node(seed);
    GrowingAnalysis growing;
    for (int i = 0; i < 20; ++i) {
      node.go_on(i % 5 == 4 ? 60'000 : 3'000);
      const TracePtr trace = node.snapshot();
      expect_same(*growing.update(*trace, 0, rules()), *analyze_document(*trace, rules()));
      if (testing::Test::HasFailure()) return;
    }
    node.append_all();
    const TracePtr trace = node.snapshot();
    expect_same(*growing.update(*trace, 0, rules()), *analyze_document(*trace, rules()));
  }
}

TEST(GrowingAnalysis, StartsAnewWhenSpansWereForgottenOrRulesChanged) {
  RandomNode node(3, 2'000);
  GrowingAnalysis growing;
  for (int i = 0; i < 20; ++i) {
    node.go_on(20'000);
    const TracePtr trace = node.snapshot();
    expect_same(*growing.update(*trace, node.trace().generation(), rules()),
                *analyze_document(*trace, rules()));
  }
  EXPECT_GT(node.trace().generation(), 2U);
  const RuleSet other = RuleSet::from_json(
      R"({"schema":1,"rules":[{"class":"dispatch","pattern":"something"}]})", "test");
  const TracePtr trace = node.snapshot();
  expect_same(*growing.update(*trace, node.trace().generation(), other),
              *analyze_document(*trace, other));
}

TEST(GrowingAnalysis, HostLaunchesAreAnalysedWhole) {
  RandomNode node(4);
  GrowingAnalysis growing;
  for (int i = 0; i < 4; ++i) {
    node.go_on(5'000);
    if (i == 2) node.launch_from_host();
    const TracePtr trace = node.snapshot();
    expect_same(*growing.update(*trace, 0, rules()), *analyze_document(*trace, rules()));
  }
}

TEST(GrowingAnalysis, GoesOnAfterItWasCancelled) {
  RandomNode node(5);
  GrowingAnalysis growing;
  node.go_on(20'000);
  growing.update(*node.snapshot(), 0, rules());
  node.go_on(20'000);
  Progress cancelled;
  cancelled.cancel();
  EXPECT_THROW(growing.update(*node.snapshot(), 0, rules(), cancelled), Cancelled);
  const TracePtr trace = node.snapshot();
  expect_same(*growing.update(*trace, 0, rules()), *analyze_document(*trace, rules()));
}

/// Many devices, so that one may hold few steps, and one that changes its state all the time. Some
/// of its work comes a round late.
class BusyDevice {
 public:
  BusyDevice() {
    for (int i = 0; i < kDevices; ++i) {
      const ProcessId process = trace_.add_process({.label = "rank", .rank = i});
      trace_.add_device({.process = process, .index = 0, .name = "GPU", .sm_count = 4});
      tracks_.push_back(trace_.add_track({process, TrackType::DeviceStream, 0, 7, "stream"}));
      append(tracks_.back(), {0});
    }
    late_track_ = trace_.add_track({0, TrackType::DeviceStream, 0, 8, "late"});
  }
  void go_on(int kernels, bool records) {
    std::vector<TimeNs> now, late;
    for (int i = 0; i < kernels; ++i, next_ += kPeriod) (i % 50 == 7 ? late : now).push_back(next_);
    if (records) record(now);
    append(tracks_.front(), now);
    if (records) record(late_);
    append(late_track_, std::exchange(late_, late));
  }
  TracePtr snapshot() { return trace_.snapshot(); }

 private:
  static constexpr int kDevices = 64;
  static constexpr TimeNs kPeriod = 100;

  void record(const std::vector<TimeNs>& starts) {
    std::vector<SmRecord> blocks;
    for (const TimeNs start : starts)
      blocks.push_back(
          {start, start + 30, 0, 0, static_cast<std::uint32_t>(start / kPeriod % 4), 0});
    trace_.add_sm_records(std::move(blocks));
  }
  void append(TrackId track, const std::vector<TimeNs>& starts) {
    SpanBatch batch;
    for (const TimeNs start : starts) {
      Span s;
      s.start = start;
      s.duration = 40;
      s.name = trace_.strings().intern(start / kPeriod % 3 == 0 ? "ncclDevKernel_AllReduce"
                                                                : "flash_attn_fwd");
      s.kind = SpanKind::Kernel;
      batch.columns.push_back(s);
    }
    batch.columns.depth.clear();
    trace_.append(track, std::move(batch));
  }

  LiveTrace trace_{10'000'000};
  std::vector<TrackId> tracks_;
  TrackId late_track_ = 0;
  std::vector<TimeNs> late_;
  TimeNs next_ = kPeriod;
};

TEST(GrowingAnalysis, MeansInPlaceOfTooManyStepsAreThoseOfTheWholeTrace) {
  for (const bool records : {false, true}) {
    BusyDevice node;
    GrowingAnalysis growing;
    TimeNs first_cell = 0, cell = 0;
    for (const int kernels : {25'000, 7'700, 500, 300, 20'000, 300, 40'000}) {
      node.go_on(kernels, records);
      const TracePtr trace = node.snapshot();
      const AnalysisPtr now = growing.update(*trace, 0, rules());
      expect_same(*now, *analyze_document(*trace, rules()));
      cell = now->sm.front().steps_cell;
      if (first_cell == 0) first_cell = cell;
    }
    EXPECT_GT(first_cell, 0);
    EXPECT_GT(cell, first_cell);
  }
}

}  // namespace
}  // namespace moescope
