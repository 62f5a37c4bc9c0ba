// What one pass over the events of a device collects, for overlap and for scopes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/analysis/overlap/overlap.h"
#include "core/analysis/spans/event_index.h"

namespace moescope {

struct DeviceWork {
  DeviceActivity activity;
  OverlapFigures figures;
  EventIndex comm, compute, memory, fused;  ///< empty unless asked for
};

struct GatherOptions {
  std::optional<TimeRange> window;
  bool events = false;  ///< keep the events themselves
};

/// One entry per device, as devices_with_work(). Throws Cancelled.
std::vector<DeviceWork> gather_devices(const Trace& trace, const Classification& classes,
                                       const GatherOptions& options, Progress& progress);

/// Figures and activity of `devices`, without scopes.
OverlapResults results_of(std::vector<DeviceWork> devices);

/// Takes what runs beside fused kernels out of communication.
void leave_out_fused(DeviceActivity& activity);

/// Fills the lengths of `figures` from the unions; `span` and the counts are the caller's.
void measure(const DeviceActivity& activity, OverlapFigures& figures);

/// Figures of `work` inside `windows`; span is the length of those.
OverlapFigures figures_inside(const DeviceWork& work, const IntervalSet& windows);

/// The entry for `role` of what is kept per role; nullptr when there is none.
template <typename T>
T* of_role(Role role, T& compute, T& comm, T& memory, T& fused) {
  switch (role) {
    case Role::Compute:
      return &compute;
    case Role::Communication:
      return &comm;
    case Role::Fused:
      return &fused;
    case Role::Memory:
      return &memory;
    case Role::None:
      break;
  }
  return nullptr;
}

/// Kind and name of a scope.
using ScopeName = std::pair<std::string, std::string>;

/// True for a span that names a part of the trace.
bool names_scope(SpanKind kind);
/// The scopes that such a span stands for: itself, and the layer, micro-batch or phase in its name.
std::vector<ScopeName> scope_names(SpanKind kind, std::string_view name);

/// True when the trace has an annotation or phase; without one the joins and events that scopes
/// need are not gathered. Throws Cancelled.
bool names_scopes(const Trace& trace, const Progress& progress);

/// Scopes of the trace on `devices`, which hold their events. Throws Cancelled.
std::vector<ScopeOverlap> scopes_of(const Trace& trace, const std::vector<DeviceWork>& devices,
                                    std::optional<TimeRange> window, Progress& progress);

}  // namespace moescope
