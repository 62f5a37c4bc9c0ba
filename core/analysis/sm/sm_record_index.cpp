#include "core/analysis/sm/sm_record_index.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "core/analysis/sm/sm_methods.h"

namespace moescope {

SmRecordIndex::SmRecordIndex(const Trace& trace, const Classification& classes,
                             const DeviceKey& key, Progress& progress) {
  kernels_.emplace_back();
  if (!has_sm_records(trace, key)) return;
  std::unordered_map<StringId, std::uint32_t> of_name;
  const auto names = kernels_by_correlation(trace, key, progress);
  progress.check();
  for (const auto& records : trace.sm_record_pieces())
    for (const SmRecord& record : records) {
      if (!ran_on(record, key)) continue;
      std::uint32_t kernel = 0;
      if (const auto name = names.find(record.correlation)) {
        const auto [it, added] =
            of_name.try_emplace(*name, static_cast<std::uint32_t>(kernels_.size()));
        if (added) kernels_.push_back({*name, classes.of(SpanKind::Kernel, *name).span_class});
        kernel = it->second;
      }
      blocks_.push_back({&record, kernel});
    }
  progress.check();
  std::stable_sort(blocks_.begin(), blocks_.end(), [](const Block& a, const Block& b) {
    return a.record->start < b.record->start;
  });
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const TimeNs end = blocks_[i].record->end;
    if (i % kGroup == 0) last_end_.push_back(end);
    last_end_.back() = std::max(last_end_.back(), end);
  }
}

std::vector<SmCell> SmRecordIndex::at(TimeNs time, int sm_count) const {
  std::vector<SmCell> cells(static_cast<std::size_t>(std::max(sm_count, 0)));
  std::map<std::pair<std::uint32_t, std::uint32_t>, int> counts;  // (SM, kernel) -> blocks
  const auto end = std::partition_point(blocks_.begin(), blocks_.end(),
                                        [&](const Block& b) { return b.record->start <= time; });
  const auto count = static_cast<std::size_t>(end - blocks_.begin());
  for (std::size_t group = 0; group * kGroup < count; ++group) {
    if (last_end_[group] <= time) continue;
    for (std::size_t i = group * kGroup; i < std::min(count, (group + 1) * kGroup); ++i) {
      const SmRecord& record = *blocks_[i].record;
      if (record.end <= time || record.sm >= cells.size()) continue;
      SmCell& cell = cells[record.sm];
      ++cell.blocks;
      const int same = ++counts[{record.sm, blocks_[i].kernel}];
      int most = 0;
      for (auto it = counts.lower_bound({record.sm, 0});
           it != counts.end() && it->first.first == record.sm; ++it)
        most = std::max(most, it->second);
      if (same < most) continue;
      const Kernel& kernel = kernels_[blocks_[i].kernel];
      cell.kernel = kernel.name;
      cell.span_class = kernel.span_class;
    }
  }
  return cells;
}

}  // namespace moescope
