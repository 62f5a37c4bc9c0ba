// Writes summaries of steps instead of spans, and marks in the recording where that was.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "core/trace/file/recording_sink.h"
#include "gpu/base/unit_kind.h"
#include "gpu/record/detail.h"

namespace moescope::runtime {

class SummaryWriter {
 public:
  /// Steady clock to time of the recording.
  using Time = std::function<TimeNs(std::int64_t)>;
  SummaryWriter(RecordingSink& sink, std::size_t ranks, Time time)
      : sink_(sink), ranks_(ranks), time_(std::move(time)) {}

  /// At the beginning of a round: how full the rings of the recorder are (0 to 1). What was summed
  /// is written before spans are again.
  Detail choose(double fullness, std::int64_t now);
  Detail detail() const { return detail_; }
  /// Sums spans of a rank, which are left out.
  void add(std::size_t rank, std::span<const SpanRecord> spans);
  /// Counts records that are left out with them.
  template <typename T>
  void leave_out(std::span<const T> records) {
    for (const T& record : records) {
      begin_ = left_out_ == 0 ? record.begin : std::min(begin_, record.begin);
      end_ = left_out_ == 0 ? record.end : std::max(end_, record.end);
      ++left_out_;
    }
  }
  /// At the end of a round: writes the steps that are over, all of them when `last`. Returns how
  /// many summaries that made.
  std::size_t write(const std::vector<UnitKind>& units, bool last);

 private:
  struct Rank {
    StepSums sums;
    std::optional<TrackId> track;  ///< made when it is needed
    TimeNs last = 0;
  };
  std::size_t write_rank(std::size_t rank, UnitKind unit, bool last);

  RecordingSink& sink_;
  std::vector<Rank> ranks_;
  Time time_;
  DetailGovernor governor_;
  std::atomic<Detail> detail_{Detail::Spans};
  std::uint64_t left_out_ = 0;  ///< records of this round
  std::int64_t begin_ = 0, end_ = 0;
};

}  // namespace moescope::runtime
