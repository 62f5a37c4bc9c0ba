// Measures the analysis of a trace that grows: of the whole trace every time, and of what is new.
// Prints Markdown.
//
// usage: moescope-growing-bench [SPANS...]
//
// Sixteen ranks with five streams each, 20,000 spans per second and a record of a worker for each,
// as the embedded runtime has them. A row: how long the analysis takes when a second more came.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/analysis/results.h"
#include "core/cluster/live_trace.h"
#include "tests/bench/load_average.h"

namespace moescope {
namespace {

constexpr int kRanks = 16, kStreams = 5;
constexpr TimeNs kPeriod = 4'000'000;  ///< between spans of a stream

class Node {
 public:
  Node() {
    for (int rank = 0; rank < kRanks; ++rank) {
      const ProcessId process = trace_.add_process({.label = "rank", .rank = rank});
      trace_.add_device({.process = process, .index = 0, .name = "CPU", .sm_count = 2});
      for (int stream = 0; stream <= kStreams; ++stream)
        trace_.add_track({process, TrackType::DeviceStream, 0, stream, "stream"});
    }
  }
  void record(std::size_t spans) {
    const auto each = static_cast<int>(spans / (kRanks * kStreams));
    for (TrackId track = 0; track < kRanks * (kStreams + 1); ++track) append(track, each);
    now_ += each * kPeriod;
  }
  TracePtr snapshot() { return trace_.snapshot(); }

 private:
  /// The last track of a rank has annotations, one for twenty spans of the others.
  void append(TrackId track, int count) {
    const auto process = static_cast<ProcessId>(track / (kStreams + 1));
    const int stream = static_cast<int>(track % (kStreams + 1));
    const bool layers = stream == kStreams;
    constexpr const char* names[kStreams] = {"attention", "dispatch", "experts", "combine", "gate"};
    SpanBatch batch;
    std::vector<SmRecord> records;
    for (int i = 0; i < count; ++i) {
      if (layers && i % 4 != 0) continue;
      Span s;
      s.start = now_ + i * kPeriod + stream * kPeriod / 7;
      s.duration = layers ? 4 * kPeriod : kPeriod * 2 / 3;
      s.kind = layers ? SpanKind::GpuAnnotation : SpanKind::Kernel;
      s.name = trace_.strings().intern(
          layers ? fmt::format("decode layer {} mb{}", i / 4 % 6, i % 2) : names[stream]);
      s.correlation = layers ? 0 : ++correlation_;
      batch.columns.push_back(s);
      if (!layers)
        records.push_back(
            {s.start, s.end(), process, 0, static_cast<std::uint32_t>(stream % 2), s.correlation});
    }
    batch.columns.depth.clear();
    trace_.append(track, std::move(batch));
    trace_.add_sm_records(std::move(records));
  }

  LiveTrace trace_{std::size_t{1} << 40};
  TimeNs now_ = 0;
  std::uint32_t correlation_ = 0;
};

template <typename Work>
double milliseconds(Work work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

void run(const std::vector<std::size_t>& sizes) {
  constexpr std::size_t kSecond = 20'000;
  Node node;
  GrowingAnalysis growing;
  const RuleSet& rules = RuleSet::built_in();
  fmt::print("| spans | whole trace ms | what is new ms | load average |\n|---|---|---|---|\n");
  for (const std::size_t size : sizes) {
    for (std::uint64_t have = node.snapshot()->span_count(); have < size;
         have = node.snapshot()->span_count())
      node.record(std::min<std::size_t>(size - have + kRanks * kStreams, 200'000));
    growing.update(*node.snapshot(), 0, rules);
    node.record(kSecond);
    const TracePtr trace = node.snapshot();
    const double whole = milliseconds([&] { analyze_document(*trace, rules); });
    const double fresh = milliseconds([&] { growing.update(*trace, 0, rules); });
    fmt::print("| {} | {:.0f} | {:.0f} | {} |\n", trace->span_count(), whole, fresh,
               bench::load_average());
  }
}

}  // namespace
}  // namespace moescope

int main(int argc, char** argv) {
  std::vector<std::size_t> sizes;
  for (int i = 1; i < argc; ++i) sizes.push_back(std::strtoull(argv[i], nullptr, 10));
  if (sizes.empty()) sizes = {250'000, 500'000, 1'000'000, 2'000'000, 4'000'000};
  moescope::run(sizes);
}
