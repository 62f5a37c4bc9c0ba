#include "core/analysis/spans/same_name.h"

#include <algorithm>

#include "core/percentile.h"

namespace moescope {
SameName::SameName(const Trace& trace, SpanKind kind, StringId name, const Progress& progress)
    : kind_(kind), name_(name) {
  TimeNs most = -1;
  for (TrackId track = 0; track < trace.tracks().size(); ++track)
    trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t first) {
      progress.check();
      const auto& c = chunk.columns();
      for (std::size_t row = 0; row < c.size(); ++row) {
        if (c.name[row] != name || c.kind[row] != kind) continue;
        sorted_.push_back(c.duration[row]);
        durations_.add(c.duration[row]);
        if (c.duration[row] <= most) continue;
        most = c.duration[row];
        longest_ = {track, first + static_cast<std::uint32_t>(row)};
      }
      return true;
    });
  std::sort(sorted_.begin(), sorted_.end());
}

TimeNs SameName::percentile(int percent) const {
  if (sorted_.empty()) return 0;
  return sorted_[nearest_rank(sorted_.size(), percent)];
}

std::uint64_t SameName::longer_than(TimeNs duration) const {
  return static_cast<std::uint64_t>(sorted_.end() -
                                    std::upper_bound(sorted_.begin(), sorted_.end(), duration));
}

}  // namespace moescope
