// The figures of analyze by name.
#pragma once

#include <string>
#include <vector>

#include "core/analysis/compare/compare.h"
#include "core/analysis/overlap/overlap.h"
#include "core/analysis/sm/sm_allocation.h"

namespace moescope {

/// A time of OverlapFigures under the name that analyze gives it.
struct TimeFigure {
  const char* name;
  TimeNs OverlapFigures::*value;
};
inline constexpr TimeFigure kTimeFigures[] = {
    {"span_ns", &OverlapFigures::span},       {"busy_ns", &OverlapFigures::busy},
    {"idle_ns", &OverlapFigures::idle},       {"compute_ns", &OverlapFigures::compute},
    {"comm_ns", &OverlapFigures::comm},       {"memory_ns", &OverlapFigures::memory},
    {"overlap_ns", &OverlapFigures::overlap}, {"exposed_comm_ns", &OverlapFigures::exposed},
    {"comm_wait_ns", &OverlapFigures::wait}};

struct EventFigure {
  const char* name;
  std::uint64_t OverlapFigures::*value;
  Role role;
};
inline constexpr EventFigure kEventFigures[] = {
    {"comm_events", &OverlapFigures::comm_events, Role::Communication},
    {"compute_events", &OverlapFigures::compute_events, Role::Compute},
    {"memory_events", &OverlapFigures::memory_events, Role::Memory}};

struct SmFigure {
  const char* name;
  FigureUnit unit;
  std::int64_t SmAllocation::*value;
};
inline constexpr SmFigure kSmFigures[] = {
    {"comm_sm_ns", FigureUnit::SmNs, &SmAllocation::comm_sm_ns},
    {"compute_sm_ns", FigureUnit::SmNs, &SmAllocation::compute_sm_ns},
    {"free_sm_ns", FigureUnit::SmNs, &SmAllocation::free_sm_ns},
    {"oversubscribed_ns", FigureUnit::Ns, &SmAllocation::oversubscribed}};

}  // namespace moescope
