#include "gpu/record/summary_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "gpu/record/records.h"

namespace moescope::runtime {
namespace {

constexpr const char* kReason =
    "the recording could not keep up: sums of steps in the place of spans";
/// After the streams and micro-batches of a rank.
constexpr std::int64_t kStreamId = kLogStreams + kMaxMicroBatches;

std::string arguments(const StepSummary& s, UnitKind unit) {
  return fmt::format(
      "{{\"phase\":\"{}\",\"step\":{},\"spans\":{},\"compute_ns\":{},\"comm_ns\":{},"
      "\"overlap_ns\":{},\"exposed_comm_ns\":{},\"nvlink_bytes\":{},\"ib_bytes\":{}}}",
      to_string(unit), s.step, s.spans, s.compute, s.communication, s.overlap, s.exposed(),
      s.nvlink_bytes, s.ib_bytes);
}

}  // namespace

Detail SummaryWriter::choose(double fullness, std::int64_t now) {
  detail_ = governor_.update(std::max(fullness, sink_.backlog()), now);
  return detail_;
}

void SummaryWriter::add(std::size_t rank, std::span<const SpanRecord> spans) {
  for (const SpanRecord& span : spans) ranks_[rank].sums.add(span);
  leave_out(spans);
}

std::size_t SummaryWriter::write(const std::vector<UnitKind>& units, bool last) {
  std::size_t written = 0;
  for (std::size_t rank = 0; rank < ranks_.size(); ++rank)
    written += write_rank(rank, units[rank], last || detail_ == Detail::Spans);
  if (left_out_ > 0)
    sink_.add_loss({LossKind::ReducedDetail,
                    std::nullopt,
                    std::nullopt,
                    {time_(begin_), std::max(time_(end_), time_(begin_) + 1)},
                    left_out_,
                    kReason});
  left_out_ = 0;
  return written;
}

std::size_t SummaryWriter::write_rank(std::size_t rank, UnitKind unit, bool last) {
  Rank& of = ranks_[rank];
  const auto sums = of.sums.take(last);
  if (sums.empty()) return 0;
  const auto process = static_cast<ProcessId>(rank);
  if (!of.track)
    of.track = sink_.add_track(
        {process, TrackType::DeviceStream, kDevice, kStreamId, "summaries of steps"});
  SpanBatch batch;
  for (const StepSummary& s : sums) {
    of.last = std::max(of.last, time_(s.begin));
    batch.add({of.last, std::max<TimeNs>(time_(s.end) - of.last, 0),
               sink_.strings().intern(fmt::format("{} step summary", to_string(unit))), 0, 0,
               SpanKind::GpuAnnotation, 0},
              arguments(s, unit));
  }
  sink_.append(*of.track, std::move(batch));
  return sums.size();
}

}  // namespace moescope::runtime
