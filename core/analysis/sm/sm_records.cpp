// SM allocation from recorded ids: block traces of Nsight Systems, records of the runtime.
#include <algorithm>
#include <filesystem>

#include "core/analysis/sm/sm_methods.h"
#include "core/analysis/spans/gpu_work.h"

namespace moescope {

SmMethod record_method(const Trace& trace, ProcessId process) {
  const auto& info = trace.info();
  auto source = info.extra.find(kSmRecordsFact);
  const auto file = static_cast<std::size_t>(trace.processes().at(process).file);
  if (source == info.extra.end() && file < info.files.size())  // several files opened as one
    source = info.extra.find(std::filesystem::path(info.files[file]).filename().string() + ": " +
                             kSmRecordsFact);
  return source != info.extra.end() && source->second == kBlockTraceFact ? SmMethod::BlockTrace
                                                                         : SmMethod::Recorded;
}

KernelNames kernels_by_correlation(const Trace& trace, const DeviceKey& key,
                                   const Progress& progress) {
  std::vector<KernelNames::Kernel> kernels;
  for (const TrackId track : tracks_of(trace, key))
    for_each_gpu_span(trace, {track}, std::nullopt, progress,
                      [&](const SpanColumns& c, std::size_t row, TimeRange) {
                        if (c.kind[row] == SpanKind::Kernel && c.correlation[row] != 0)
                          kernels.push_back({c.correlation[row], c.name[row], track});
                      });
  KernelNames names;
  names.add(std::move(kernels));
  return names;
}

bool has_sm_records(const Trace& trace, const DeviceKey& key) {
  const auto pieces = trace.sm_record_pieces();
  return std::any_of(pieces.begin(), pieces.end(), [&](const auto& records) {
    return std::any_of(records.begin(), records.end(),
                       [&](const SmRecord& r) { return ran_on(r, key); });
  });
}

void add_marks(const SmRecord& record, const SmAllocation& device, const Classification& classes,
               std::optional<StringId> kernel, std::vector<SmMark>& marks) {
  const TimeRange span{std::max(record.start, device.range.begin),
                       std::min(record.end, device.range.end)};
  if (span.empty()) return;
  const SpanClass c =
      kernel ? classes.of(SpanKind::Kernel, *kernel).span_class : SpanClass::OtherCompute;
  marks.push_back({span.begin, record.sm, c, 1, !kernel});
  marks.push_back({span.end, record.sm, c, -1, !kernel});
}

SmAllocation allocation_from_records(const Trace& trace, const Classification& classes,
                                     const SmAllocation& device, std::size_t max_steps,
                                     const Progress& progress) {
  const KernelNames names = kernels_by_correlation(trace, device.key, progress);
  std::vector<SmMark> marks;
  for (const auto& records : trace.sm_record_pieces())
    for (const SmRecord& record : records)
      if (ran_on(record, device.key))
        add_marks(record, device, classes, names.find(record.correlation), marks);
  SmRecordSweep sweep(device, max_steps, false);
  sweep.run(std::move(marks), progress);
  SmAllocation result = std::move(sweep).result();
  result.method = record_method(trace, device.key.process);
  return result;
}

}  // namespace moescope
