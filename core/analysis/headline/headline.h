// The answer first: what a whole trace or window says in a line, over all its devices.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/analysis/overlap/overlap.h"
#include "core/analysis/sm/sm_allocation.h"
#include "core/analysis/spans/classify.h"
#include "core/progress.h"
#include "core/trace/trace.h"

namespace moescope {

/// Exposed communication of one device for which the same kernel is to blame: that which ran
/// longest in each exposed interval.
struct ExposedGroup {
  SpanClass span_class = SpanClass::Communication;
  bool waits = false;       ///< the kernel only waits for other ranks
  std::string kernel;       ///< kernel_label()
  std::string layer;        ///< in which most of it lies, "" when the trace names none
  std::string micro_batch;  ///< the same
  TimeNs time = 0;          ///< ns of exposed intervals
  TimeRange longest;        ///< the longest of them
};
/// "communication (AllReduce), layer 12, micro-batch 1"; the class is left out where the kernel
/// says it. Of a kernel that waits: "waiting in notify_dispatch".
std::string cause_text(const ExposedGroup& group);

/// The device with the most exposed communication.
struct WorstDevice {
  DeviceKey key;
  TimeNs exposed = 0;
  std::vector<ExposedGroup> causes;  ///< by time, most first; they sum to `exposed`
};

/// Of `activity`, which may be cut to a window (cut_activity()) or leave devices out; nullopt
/// without exposed communication in it. Reads the communication kernels of that device there.
/// Throws Cancelled, Error.
std::optional<WorstDevice> worst_device(const Trace& trace, const Classification& classes,
                                        const std::vector<DeviceActivity>& activity,
                                        const std::vector<ScopeOverlap>& scopes,
                                        Progress& progress = no_progress());

/// SMs that communication holds while it runs, over the devices whose SM count is known.
struct CommSms {
  DeviceKey key;     ///< the first of these devices
  int most = 0;      ///< the number held for the longest time
  double mean = 0;   ///< SM x ns / ns, of the time in which it holds any
  int sm_count = 0;  ///< of the devices; 0 when they differ
  SmMethod method = SmMethod::Inferred;
};

/// "not observable in 12 kernels, 31.5 % of communication time"; "" without fused kernels.
std::string fused_text(const OverlapFigures& figures);

struct Headline {
  std::size_t devices = 0;           ///< with GPU work
  OverlapFigures total;              ///< sums over the devices
  std::optional<WorstDevice> worst;  ///< none without exposed communication
  std::optional<CommSms> comm_sms;   ///< none where no communication holds SMs that are known
};

/// What it is made of, all of the same window.
struct HeadlineInput {
  const std::vector<DeviceActivity>& activity;
  const std::vector<DeviceOverlap>& overlap;
  const std::vector<ScopeOverlap>& scopes;  ///< may be empty: then no cause names a layer
  const std::vector<SmAllocation>& sm;
};
/// Reads the communication kernels of the worst device once. Throws Cancelled, Error.
Headline headline_of(const Trace& trace, const Classification& classes, const HeadlineInput& input,
                     Progress& progress = no_progress());

}  // namespace moescope
