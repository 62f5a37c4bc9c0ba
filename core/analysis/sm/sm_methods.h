// The two ways to a result of analyze_sm_allocation(): by recorded ids, else by grid sizes.
#pragma once

#include <optional>
#include <vector>

#include "core/analysis/sm/sm_allocation.h"
#include "core/analysis/sm/sm_record_sweep.h"
#include "core/analysis/spans/kernel_names.h"
#include "core/progress.h"

namespace moescope {

/// Each device's part of the steps that all results together may hold.
std::size_t max_sm_steps(std::size_t devices);

/// SMs of the device of `key`; 0 when unknown or implausible.
int known_sm_count(const Trace& trace, const DeviceKey& key);

/// SM x ns of the whole range fits 64 bits; only damaged times do not.
bool countable(TimeRange range, int sm_count);

/// Adds a caveat when the result has means instead of exact steps.
void add_steps_caveat(SmAllocation& result);

/// The result of `device`, which has key, SM count and range, from kernels and their launches; at
/// most `max_steps` steps.
SmAllocation infer_allocation(const Trace& trace, const Classification& classes,
                              const SmAllocation& device, std::optional<TimeRange> window,
                              std::size_t max_steps, const Progress& progress);

/// The same from recorded SM ids.
SmAllocation allocation_from_records(const Trace& trace, const Classification& classes,
                                     const SmAllocation& device, std::size_t max_steps,
                                     const Progress& progress);

inline bool ran_on(const SmRecord& record, const DeviceKey& key) {
  return record.process == key.process && record.device == key.device;
}

/// Marks of `record`, which ran on `device`, cut to its range; `kernel`: its name, if known.
/// Nothing when it lies outside the range.
void add_marks(const SmRecord& record, const SmAllocation& device, const Classification& classes,
               std::optional<StringId> kernel, std::vector<SmMark>& marks);

/// Nsight's block trace, or ids that the recorded program wrote itself.
SmMethod record_method(const Trace& trace, ProcessId process);

/// Names of the kernels of the device of `key` by correlation. Throws Cancelled.
KernelNames kernels_by_correlation(const Trace& trace, const DeviceKey& key,
                                   const Progress& progress);

/// True when the trace has SM records of the device of `key`.
bool has_sm_records(const Trace& trace, const DeviceKey& key);

}  // namespace moescope
