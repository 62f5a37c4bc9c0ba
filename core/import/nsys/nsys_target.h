// What an Nsight Systems export says about processes, threads, GPUs and the recording itself.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/import/nsys/nsys_events.h"
#include "core/trace/types.h"

namespace moescope::nsys {

/// One GPU of the machine: TARGET_INFO_GPU.
struct Gpu {
  std::int64_t id = 0;
  Device facts;  ///< process and index are not set
};

/// A device of a process and the GPU it is.
struct DeviceUse {
  Device device;
  std::optional<std::int64_t> gpu;  ///< Gpu::id where known
};

/// Processes in the order of their keys, with the rank where the recording names it.
/// `file_name` helps when the environment says nothing and there is one process.
std::vector<Process> read_processes(const Database& database, const std::vector<ProcessKey>& keys,
                                    const std::string& file_name);

/// Names of threads by (process, thread id).
std::map<std::pair<ProcessKey, std::int64_t>, std::string> read_thread_names(
    const Database& database, const Strings& strings);

/// Devices that `survey` saw at work, SM counts after MIG and green contexts. Messages for the
/// user (a device that is cut into green contexts) are added to `warnings`.
std::vector<DeviceUse> read_devices(const Database& database, const Survey& survey,
                                    const std::map<ProcessKey, ProcessId>& processes,
                                    std::vector<std::string>& warnings);

/// Producer, schema, start of the clock. Adds a warning for schemas newer than known.
void read_metadata(const Database& database, TraceInfo& info);
/// utcEpochNs of the session, nullopt when not recorded.
std::optional<std::int64_t> session_epoch(const Database& database);

}  // namespace moescope::nsys
