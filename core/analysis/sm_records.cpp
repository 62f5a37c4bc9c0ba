// SM allocation from recorded ids: block traces of Nsight Systems, records of the runtime.
#include <algorithm>
#include <filesystem>

#include "core/analysis/gpu_work.h"
#include "core/analysis/sm_methods.h"
#include "core/analysis/sm_steps.h"

namespace moescope {
namespace {

constexpr std::size_t kMarksBetweenChecks = 4096;

/// A block comes to an SM or leaves it.
struct Mark {
  TimeNs time;
  std::uint32_t sm;
  SpanClass span_class;
  int delta;
};

/// Records that cannot be shown as they are.
struct Oddities {
  std::uint64_t unknown_kernel = 0;  ///< belong to no kernel of the trace
  std::uint64_t beyond_count = 0;    ///< name an SM the device does not have
};

std::vector<Mark> marks_of(const Trace& trace, const Classification& classes,
                           const SmAllocation& result, const Progress& progress, Oddities& odd) {
  const auto by_correlation = kernels_by_correlation(trace, result.key, progress);
  std::vector<Mark> marks;
  for (const auto& record : trace.sm_records()) {
    if (record.process != result.key.process || record.device != result.key.device) continue;
    const TimeRange span{std::max(record.start, result.range.begin),
                         std::min(record.end, result.range.end)};
    if (span.empty()) continue;
    if (record.sm >= static_cast<std::uint32_t>(result.sm_count)) {
      ++odd.beyond_count;
      continue;
    }
    const auto it = by_correlation.find(record.correlation);
    if (it == by_correlation.end()) ++odd.unknown_kernel;
    const auto c = it == by_correlation.end() ? SpanClass::OtherCompute
                                              : classes.of(SpanKind::Kernel, it->second).span_class;
    marks.push_back({span.begin, record.sm, c, 1});
    marks.push_back({span.end, record.sm, c, -1});
  }
  std::sort(marks.begin(), marks.end(),
            [](const Mark& a, const Mark& b) { return a.time < b.time; });
  return marks;
}

/// Sweeps over the marks: an SM belongs to communication while any communication block is on it,
/// else to compute while any block is.
class RecordSweep {
 public:
  RecordSweep(SmAllocation& result, std::size_t max_steps)
      : result_(result),
        steps_(result.range, max_steps),
        open_(static_cast<std::size_t>(result.sm_count)),
        step_{result.range.begin, 0, 0, {}} {}

  void run(const std::vector<Mark>& marks, const Progress& progress) {
    for (std::size_t i = 0; i < marks.size(); ++i) {
      if (i % kMarksBetweenChecks == 0) progress.check();
      const Mark& mark = marks[i];
      close(mark.time);
      auto& blocks = open_[mark.sm];
      count(owner(blocks), -1);
      blocks[static_cast<std::size_t>(mark.span_class)] += mark.delta;
      count(owner(blocks), 1);
    }
    close(result_.range.end);
    result_.steps_cell = steps_.cell();
    result_.steps = steps_.take();
  }

 private:
  using Blocks = std::array<int, kSpanClassCount>;  ///< on one SM, by class

  static int owner(const Blocks& blocks) {
    int best = -1;
    for (int c = 0; c < kSpanClassCount; ++c) {
      if (blocks[static_cast<std::size_t>(c)] == 0) continue;
      if (best < 0 || role_of(static_cast<SpanClass>(c)) == Role::Communication) best = c;
    }
    return best;
  }

  void count(int span_class, int delta) {
    if (span_class < 0) return;
    auto& held = step_.by_class[static_cast<std::size_t>(span_class)];
    held = static_cast<std::uint16_t>(held + delta);
    const bool comm = role_of(static_cast<SpanClass>(span_class)) == Role::Communication;
    auto& side = comm ? step_.comm : step_.compute;
    side = static_cast<std::uint16_t>(side + delta);
  }

  void close(TimeNs until) {
    const TimeNs length = until - step_.begin;
    if (length <= 0) return;
    result_.comm_sm_ns += step_.comm * length;
    result_.compute_sm_ns += step_.compute * length;
    result_.free_sm_ns += (result_.sm_count - step_.comm - step_.compute) * length;
    result_.time_at[{step_.comm, step_.compute}] += length;
    if (step_.comm > 0 && step_.compute > 0) result_.exact += length;
    steps_.add(step_, until);
    step_.begin = until;
  }

  SmAllocation& result_;
  SmSteps steps_;
  std::vector<Blocks> open_;  ///< by SM
  SmStep step_;
};

/// Nsight's block trace, or ids that the recorded program wrote itself.
SmMethod method_of(const Trace& trace, ProcessId process) {
  const auto& info = trace.info();
  auto source = info.extra.find(kSmRecordsFact);
  const auto file = static_cast<std::size_t>(trace.processes().at(process).file);
  if (source == info.extra.end() && file < info.files.size())  // several files opened as one
    source = info.extra.find(std::filesystem::path(info.files[file]).filename().string() + ": " +
                             kSmRecordsFact);
  return source != info.extra.end() && source->second == kBlockTraceFact ? SmMethod::BlockTrace
                                                                         : SmMethod::Recorded;
}

}  // namespace

std::unordered_map<std::uint32_t, StringId> kernels_by_correlation(const Trace& trace,
                                                                   const DeviceKey& key,
                                                                   const Progress& progress) {
  std::unordered_map<std::uint32_t, StringId> names;
  for_each_gpu_span(trace, tracks_of(trace, key), std::nullopt, progress,
                    [&](const SpanColumns& c, std::size_t row, TimeRange) {
                      if (c.kind[row] == SpanKind::Kernel && c.correlation[row] != 0)
                        names.emplace(c.correlation[row], c.name[row]);
                    });
  return names;
}

bool has_sm_records(const Trace& trace, const DeviceKey& key) {
  const auto& records = trace.sm_records();
  return std::any_of(records.begin(), records.end(), [&](const SmRecord& r) {
    return r.process == key.process && r.device == key.device;
  });
}

void allocation_from_records(const Trace& trace, const Classification& classes,
                             std::size_t max_steps, const Progress& progress,
                             SmAllocation& result) {
  Oddities odd;
  const auto marks = marks_of(trace, classes, result, progress, odd);
  RecordSweep(result, max_steps).run(marks, progress);
  result.method = method_of(trace, result.key.process);
  result.caveats = {
      "Recorded ids: an SM counts as communication while any communication block is on it."};
  if (odd.unknown_kernel > 0)
    result.caveats.push_back(std::to_string(odd.unknown_kernel) +
                             " records belong to no known kernel and count as other compute.");
  if (odd.beyond_count > 0)
    result.caveats.push_back(std::to_string(odd.beyond_count) + " records name an SM beyond the " +
                             std::to_string(result.sm_count) + " of the device and are left out.");
}

}  // namespace moescope
