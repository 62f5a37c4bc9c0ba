// Overlap of communication and compute: the figures of PRODUCT.md, per device and per window.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/analysis/spans/classify.h"
#include "core/analysis/spans/device_key.h"
#include "core/analysis/spans/intervals.h"
#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// Figures of one device in one window; all times in ns over the union of all its streams.
/// overlap = |union(comm) ∩ union(compute)|, exposed = comm - overlap, idle = span - busy.
struct OverlapFigures {
  std::uint64_t comm_events = 0, compute_events = 0, memory_events = 0, fused_events = 0;
  TimeNs span = 0;  ///< last end - first start of GPU events; in a window: of the clipped events
  TimeNs busy = 0, idle = 0;
  TimeNs compute = 0, comm = 0, memory = 0;
  TimeNs overlap = 0, exposed = 0;
  TimeNs wait = 0;  ///< union of the communication kernels that only wait
  /// Union of the fused kernels. They communicate and compute at times of their own: what runs
  /// beside them is left out of comm, overlap, exposed and wait.
  TimeNs fused = 0;
  /// 100 x overlap / comm; nullopt when there is no communication.
  std::optional<double> overlap_percent() const;
  /// 100 x fused / (comm + fused): of the time in which communication may run, that in which its
  /// overlap cannot be observed. nullopt without fused kernels.
  std::optional<double> fused_percent() const;
};

/// Unions of one device, kept so that windows and pictures can be cut from them. comm and wait are
/// without what runs beside fused kernels.
struct DeviceActivity {
  DeviceKey key;
  IntervalSet compute, comm, memory, wait, fused;
};

struct DeviceOverlap {
  DeviceKey key;
  OverlapFigures figures;
};
/// The activity of one device; nullptr when it is not among them.
const DeviceActivity* find_activity(const std::vector<DeviceActivity>& activity,
                                    const DeviceKey& key);

/// Sums over devices of every figure.
OverlapFigures sum_of(const std::vector<DeviceOverlap>& devices);

/// The part of `device` inside `window`.
DeviceActivity cut_activity(const DeviceActivity& device, TimeRange window);
/// Lengths of `device` cut to `window`, of which span is the length. Events are not counted.
OverlapFigures lengths_in(const DeviceActivity& device, TimeRange window);

/// A named part of the trace: an annotation such as "attn(F)", a layer, a micro-batch, a phase.
struct ScopeOverlap {
  std::string kind;  ///< "annotation", "layer", "micro_batch", "phase"
  std::string name;
  DeviceKey key;
  std::uint64_t windows = 0;      ///< separate stretches of time; occurrences that overlap are one
  OverlapFigures figures;         ///< the device's figures cut to the union of the occurrences
  std::vector<TimeRange> ranges;  ///< that union, in order of time
};
/// Overlap for every scope the trace names, cut to `window`. A host annotation covers, on the
/// device, the span from the first start to the last end of the GPU work launched inside it (by
/// correlation, same thread); an annotation of a stream and a phase of a worker cover themselves.
/// Occurrences of a scope on one device are united before anything is cut, so that nested ones and
/// a host annotation with its copy on a stream count once. span is the length of that union; events
/// count when they touch it. Layers, micro-batches and phases are read from the names of
/// annotations
/// ("layer 3", "mb1", "decode"); different scopes may overlap in time. Throws Cancelled.
std::vector<ScopeOverlap> analyze_scopes(const Trace& trace, const Classification& classes,
                                         std::optional<TimeRange> window = {},
                                         Progress& progress = no_progress());

/// All of the above from one pass over the events.
struct OverlapResults {
  std::vector<DeviceActivity> activity;
  std::vector<DeviceOverlap> overlap;
  std::vector<ScopeOverlap> scopes;
};
/// Unions and figures per device over `window` (clipped) or the whole trace, without scopes. Throws
/// Cancelled.
OverlapResults analyze_overlap(const Trace& trace, const Classification& classes,
                               std::optional<TimeRange> window = {},
                               Progress& progress = no_progress());
/// With scopes. Throws Cancelled.
OverlapResults analyze_overlap_and_scopes(const Trace& trace, const Classification& classes,
                                          std::optional<TimeRange> window, Progress& progress);

/// Same result as analyze_overlap_and_scopes() of `window`, but reuses the scopes of the whole
/// trace instead of searching for them again. Throws Cancelled.
OverlapResults cut_overlap(const Trace& trace, const Classification& classes,
                           const std::vector<ScopeOverlap>& scopes, TimeRange window,
                           Progress& progress);

}  // namespace moescope
