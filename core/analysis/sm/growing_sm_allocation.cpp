#include "core/analysis/sm/growing_sm_allocation.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/analysis/sm/sm_inferred_sweep.h"
#include "core/analysis/sm/sm_methods.h"
#include "core/analysis/spans/gpu_work.h"
#include "core/analysis/spans/new_spans.h"
#include "core/parallel.h"

namespace moescope {
namespace {

constexpr TimeNs kNever = std::numeric_limits<TimeNs>::max();
constexpr TimeNs kEver = std::numeric_limits<TimeNs>::min();

/// The records of a trace, piece by piece, and until when each piece lasts.
struct Records {
  std::vector<std::span<const SmRecord>> pieces;
  std::vector<TimeNs> last_end;
  std::uint64_t count = 0;

  void read(const Trace& trace) {
    auto now = trace.sm_record_pieces();
    count = 0;
    last_end.resize(now.size());
    for (std::size_t i = 0; i < now.size(); ++i) {
      count += now[i].size();
      if (i < pieces.size() && pieces[i].size() == now[i].size()) continue;
      last_end[i] = kEver;
      for (const SmRecord& record : now[i]) last_end[i] = std::max(last_end[i], record.end);
    }
    pieces = std::move(now);
  }
};

/// What is known of one device.
class GrowingDevice {
 public:
  explicit GrowingDevice(const DeviceKey& key) { result_.key = key; }

  /// Reads what is new.
  void read(const Trace& trace, const Records& records) {
    const bool before = recorded_;
    read_records(records);
    if (recorded_ && !before) {  // names of kernels were not kept until now
      spans_read_.clear();
      inferred_.reset();
    }
    read_spans(trace);
  }
  bool has_work() const { return has_work_; }
  bool countable() const { return moescope::countable(result_.range, result_.sm_count); }
  /// Another count of SMs or steps: all that was swept is void.
  void set_limits(int sm_count, std::size_t max_steps) {
    if (sm_count == result_.sm_count && max_steps == max_steps_) return;
    result_.sm_count = sm_count;
    max_steps_ = max_steps;
    by_records_.reset();
    inferred_.reset();
  }
  SmAllocation sweep(const Trace& trace, const Classification& classes, const Records& records,
                     const Progress& progress) {
    SmAllocation result = recorded_ ? sweep_records(trace, classes, records, progress)
                                    : sweep_kernels(trace, classes, progress);
    new_from_ = kNever;
    add_steps_caveat(result);
    return result;
  }

 private:
  void read_records(const Records& records) {
    std::uint64_t first = 0;
    for (const auto& piece : records.pieces) {
      const std::uint64_t begin = std::max(records_read_, first);
      for (std::uint64_t i = begin; i < first + piece.size(); ++i) {
        const SmRecord& record = piece[i - first];
        if (!ran_on(record, result_.key)) continue;
        recorded_ = true;
        new_from_ = std::min(new_from_, record.start);
      }
      first += piece.size();
    }
    records_read_ = records.count;
  }

  void read_spans(const Trace& trace) {
    std::vector<KernelNames::Kernel> kernels;
    for (const TrackId track : tracks_of(trace, result_.key)) {
      std::uint64_t& read = spans_read_[track];
      read = visit_new_spans(trace, track, read, [&](const SpanColumns& c, std::size_t row) {
        if (!is_gpu_work(c.kind[row])) return;
        extend({c.start[row], c.start[row] + c.duration[row]});
        if (recorded_ && c.kind[row] == SpanKind::Kernel && c.correlation[row] != 0)
          kernels.push_back({c.correlation[row], c.name[row], track});
      });
    }
    for (const auto& kernel : kernels) {
      const auto waiting = without_kernel_.find(kernel.correlation);
      if (waiting == without_kernel_.end()) continue;
      new_from_ = std::min(new_from_, waiting->second);
      without_kernel_.erase(waiting);
    }
    if (!names_.add(std::move(kernels))) new_from_ = kEver;
  }

  void extend(TimeRange span) {
    TimeRange& range = result_.range;
    if (!std::exchange(has_work_, true)) range = span;
    new_from_ = std::min(new_from_, span.begin);
    if (span.begin < range.begin) {  // everything is counted from there
      by_records_.reset();
      inferred_.reset();
    }
    range = {std::min(range.begin, span.begin), std::max(range.end, span.end)};
  }

  SmAllocation sweep_records(const Trace& trace, const Classification& classes,
                             const Records& records, const Progress& progress) {
    if (!by_records_) {
      by_records_.emplace(result_, max_steps_, true);
      new_from_ = kEver;
    }
    if (new_from_ != kNever) {
      const TimeNs from = by_records_->rewind(new_from_, result_.range.end);
      by_records_->run(marks_from(from, classes, records, progress), progress);
    }
    SmAllocation result = by_records_->result();
    result.method = record_method(trace, result_.key.process);
    return result;
  }

  std::vector<SmMark> marks_from(TimeNs from, const Classification& classes, const Records& records,
                                 const Progress& progress) {
    std::vector<SmMark> marks;
    for (std::size_t i = 0; i < records.pieces.size(); ++i) {
      if (records.last_end[i] < from) continue;
      progress.check();
      for (const SmRecord& record : records.pieces[i]) {
        if (record.end < from || !ran_on(record, result_.key)) continue;
        const std::size_t before = marks.size();
        const auto kernel = names_.find(record.correlation);
        add_marks(record, result_, classes, kernel, marks);
        if (marks.size() == before || kernel || record.correlation == 0) continue;
        TimeNs& first = without_kernel_.try_emplace(record.correlation, kNever).first->second;
        first = std::min(first, record.start);
      }
    }
    std::erase_if(marks, [&](const SmMark& mark) { return mark.time < from; });
    return marks;
  }

  SmAllocation sweep_kernels(const Trace& trace, const Classification& classes,
                             const Progress& progress) {
    const Device& device = *find_device(trace, result_.key);
    if (!inferred_) {
      inferred_.emplace(result_, max_steps_, true);
      new_from_ = kEver;
    }
    if (new_from_ != kNever) {
      const TimeNs from = inferred_->rewind(new_from_, result_.range.end);
      std::optional<TimeRange> window;
      if (from != kEver) window = TimeRange{from, kNever};
      GpuSpanCursor work(trace, tracks_of(trace, result_.key), window, progress);
      while (work.next())
        if (work.columns().start[work.row()] >= from) inferred_->add(trace, device, work, classes);
    }
    return inferred_->result(trace, device);
  }

  SmAllocation result_;  ///< key, SM count and range
  std::size_t max_steps_ = 0;
  bool has_work_ = false, recorded_ = false;
  std::map<TrackId, std::uint64_t> spans_read_;
  std::uint64_t records_read_ = 0;
  KernelNames names_;  ///< while there are records
  /// First start of the records whose kernel did not come yet, by correlation.
  std::unordered_map<std::uint32_t, TimeNs> without_kernel_;
  TimeNs new_from_ = kNever;  ///< earliest time of what was not swept
  std::optional<SmRecordSweep> by_records_;
  std::optional<SmInferredSweep> inferred_;
};

}  // namespace

struct GrowingSmAllocation::State {
  Records records;
  std::map<DeviceKey, GrowingDevice> devices;
};

GrowingSmAllocation::GrowingSmAllocation() : state_(std::make_unique<State>()) {}
GrowingSmAllocation::~GrowingSmAllocation() = default;

std::vector<SmAllocation> GrowingSmAllocation::update(const Trace& trace,
                                                      const Classification& classes,
                                                      Progress& progress) {
  progress.report(0, "allocating SMs");
  state_->records.read(trace);
  for (const Track& track : trace.tracks()) {
    const DeviceKey key{track.process, track.device};
    if (track.type == TrackType::DeviceStream) state_->devices.try_emplace(key, key);
  }
  std::vector<GrowingDevice*> all;
  for (auto& [key, device] : state_->devices) all.push_back(&device);
  parallel_for(all.size(), [&](std::size_t i) { all[i]->read(trace, state_->records); });

  std::vector<std::pair<GrowingDevice*, int>> shown;
  for (auto& [key, device] : state_->devices)
    if (const int sm_count = known_sm_count(trace, key); device.has_work() && sm_count > 0)
      shown.emplace_back(&device, sm_count);
  const std::size_t max_steps = max_sm_steps(shown.size());
  for (auto& [device, sm_count] : shown) device->set_limits(sm_count, max_steps);
  std::erase_if(shown, [](const auto& entry) { return !entry.first->countable(); });
  std::vector<SmAllocation> results(shown.size());
  parallel_for(shown.size(), [&](std::size_t i) {
    results[i] = shown[i].first->sweep(trace, classes, state_->records, progress);
  });
  return results;
}

}  // namespace moescope
