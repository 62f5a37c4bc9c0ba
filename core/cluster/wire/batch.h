// Batches of telemetry: the contents of a recording as bytes for the wire, and back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/trace/file/recording_sink.h"

namespace moescope {

/// A producer sends when it holds this much.
inline constexpr std::size_t kBatchBytes = std::size_t{128} << 10;
/// No batch is larger.
inline constexpr std::size_t kMaxBatchBytes = std::size_t{4} << 20;

/// Collects records and makes a batch of them.
class BatchEncoder {
 public:
  BatchEncoder();
  ~BatchEncoder();
  /// `spans` may have depth; it is not sent.
  void add_spans(TrackId track, const SpanBatch& spans, std::size_t begin, std::size_t end);
  void add_sm_records(const SmRecord* records, std::size_t count);
  void add_counter(const CounterSeries& series);
  void add_note(const Note& note);
  void add_loads(const LoadRow& row);
  bool empty() const { return bytes_ == 0; }
  /// Approximate size of take().
  std::size_t bytes() const { return bytes_; }
  std::uint64_t spans() const { return spans_; }
  /// The losses of a viewer that does not get these records, one for each kind of record.
  std::vector<Loss> as_losses(const std::string& reason) const;
  /// Returns the records so far, without a head, and starts over.
  std::string take();

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::size_t bytes_ = 0;
  std::uint64_t spans_ = 0;
};

/// What records refer to, from an index on. A batch is a head followed by records.
struct BatchHead {
  std::uint64_t sequence = 0, dropped_batches = 0, dropped_spans = 0;
  std::optional<std::uint64_t> run;  ///< in the first batch of a subscription
  std::vector<std::string_view> strings;
  std::vector<const Process*> processes;
  std::vector<const Device*> devices;
  std::vector<const Track*> tracks;
  std::vector<const LaunchConfig*> launches;
  std::vector<const PlanRow*> plans;
  std::vector<const Loss*> losses;  ///< of processes and tracks that were defined
  const TraceInfo* info = nullptr;
  std::optional<std::string> end_reason;
};
std::string encode_head(const BatchHead& head);

/// Reads the batches of one run of a node into a sink. The input is not trusted: what does not fit
/// throws Error, and the sink then has only complete, valid records.
class BatchReader {
 public:
  struct Result {
    std::uint64_t spans = 0;
    /// From the first to the last end of its spans and SM records; nullopt when it has none.
    std::optional<TimeRange> ends;
    std::uint64_t dropped_batches = 0, dropped_spans = 0;  ///< of the subscription so far
    bool ended = false;
    std::string end_reason;
  };

  /// `source` names the node in errors. `sink` must be empty and outlives the reader.
  BatchReader(RecordingSink& sink, std::string source, std::uint64_t run);
  ~BatchReader();
  /// A new subscription to the same run begins: definitions come again and are compared.
  void restart();
  Result read(std::string_view bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace moescope
