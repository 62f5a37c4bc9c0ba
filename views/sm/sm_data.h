// What the SM view needs of one analysis beyond the results: made once, by a job when it is long.
#pragma once

#include <QString>
#include <memory>
#include <optional>
#include <vector>

#include "core/analysis/sm/sm_record_index.h"
#include "core/progress.h"
#include "views/sm/sm_columns.h"
#include "views/workspace/documents/trace_document.h"

namespace moescope {

/// One device: its allocation, its sums for pictures, its recorded blocks.
struct SmDevice {
  const SmAllocation* allocation = nullptr;
  SmIntegral integral;
  std::optional<SmRecordIndex> records;  ///< where they were asked for
  std::vector<SpanClass> classes;        ///< that hold SMs, in the order of the stack
};

/// Keeps trace and analysis alive: a picture never outlives its data.
struct SmData {
  TracePtr trace;
  AnalysisPtr analysis;
  std::vector<SmDevice> devices;

  bool has_blocks() const { return devices.empty() || devices.front().records; }
};
using SmDataPtr = std::shared_ptr<const SmData>;

enum class SmBlocks { LeftOut, Indexed };

/// `blocks`: whether single SMs at a moment can be asked for; reads all kernels and records.
/// Throws Cancelled, Error.
SmDataPtr make_sm_data(TracePtr trace, AnalysisPtr analysis, SmBlocks blocks, Progress& progress);
/// True when making it takes a blink, so that no job is needed.
bool is_small_sm_data(const Trace& trace, const AnalysisResults& analysis);

/// What the processors of `key` are called: "SM", "SMs" or "worker", "workers".
struct ProcessorNames {
  QString one, many;

  QString allocation() const;  ///< "SM allocation", "Worker allocation"
};
ProcessorNames processor_names(const Trace& trace, const DeviceKey& key);

/// Classes that hold SMs in an allocation, communication first: the order of the stack.
std::vector<SpanClass> sm_classes(const SmAllocation& allocation);
/// The same for several devices together.
std::vector<SpanClass> sm_classes(const std::vector<const SmDevice*>& devices);

}  // namespace moescope
