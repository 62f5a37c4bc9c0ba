#include "core/import/perfetto/clocks.h"

#include "core/import/span_lanes.h"

namespace moescope::perfetto {
namespace {

/// In ns; nullopt beyond what a trace can have.
std::optional<TimeNs> nanoseconds(std::uint64_t value, std::uint64_t unit) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(value, unit, &product) ||
      product > static_cast<std::uint64_t>(kMaxImportTime))
    return {};
  return static_cast<TimeNs>(product);
}

}  // namespace

/// Clocks 64 to 127 are of one sequence.
Clocks::Key Clocks::key(std::uint32_t clock, std::uint32_t sequence) {
  return {clock >= 64 && clock < 128 ? sequence : 0, clock};
}

void Clocks::add(const ClockSnapshot& snapshot, std::uint32_t sequence) {
  if (snapshot.has_primary_trace_clock()) primary_ = snapshot.primary_trace_clock();
  std::optional<TimeNs> primary;
  for (const auto& clock : snapshot.clocks())
    if (clock.clock_id() == primary_)
      primary =
          nanoseconds(clock.timestamp(), std::max<std::uint64_t>(clock.unit_multiplier_ns(), 1));
  for (const auto& seen : snapshot.clocks()) {
    Clock& clock = clocks_[key(seen.clock_id(), sequence)];
    clock.incremental = seen.is_incremental();
    clock.unit = std::max<std::uint64_t>(seen.unit_multiplier_ns(), 1);
    clock.last = seen.timestamp();
    const auto now = nanoseconds(seen.timestamp(), clock.unit);
    if (!clock.offset && primary && now) clock.offset = *primary - *now;
  }
}

std::optional<TimeNs> Clocks::trace_time(std::uint64_t timestamp, std::uint32_t clock_id,
                                         std::uint32_t sequence) {
  const auto it = clocks_.find(key(clock_id, sequence));
  if (it == clocks_.end()) {
    if (clock_id != primary_) ++unrelated_;
    return nanoseconds(timestamp, 1);
  }
  Clock& clock = it->second;
  if (clock.incremental) {
    if (__builtin_add_overflow(clock.last, timestamp, &clock.last)) return {};
    timestamp = clock.last;
  }
  const auto time = nanoseconds(timestamp, clock.unit);
  if (!time) return {};
  const TimeNs moved = *time + clock.offset.value_or(0);
  return is_import_time(moved) ? std::optional(moved) : std::nullopt;
}

std::optional<TimeNs> Clocks::epoch() const {
  const auto wall = clocks_.find(key(kRealtime, 0));
  if (wall == clocks_.end() || !wall->second.offset) return {};
  return -*wall->second.offset;
}

}  // namespace moescope::perfetto
