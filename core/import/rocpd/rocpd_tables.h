// The tables of a rocpd database that others refer to: names, processes, agents, streams, tracks.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/import/sqlite/database.h"
#include "core/trace/types.h"

namespace moescope::rocpd {

/// A row of rocpd_info_process.
struct ProcessRow {
  std::int64_t id = 0, pid = 0;
  std::string command, host;
  std::optional<int> rank;
  int world_size = 0;
};

/// A row of rocpd_info_agent of type GPU.
struct GpuRow {
  int index = 0;  ///< among the GPUs
  Device facts;   ///< process is not set
};

/// What kernels, copies and regions have in common, wherever the schema keeps it.
struct Place {
  std::int64_t process = 0, thread = 0;
  std::optional<std::int64_t> agent, queue, stream;
};

/// A row of rocpd_event.
struct EventRow {
  std::int64_t stack = 0;
  std::int64_t category = 0;
  std::string message;  ///< of markers
};

struct KernelSymbol {
  std::string name;
  std::uint32_t vector_registers = 0;
};

/// The tables of one recording; a database can hold several, told apart by a suffix of all table
/// names.
class Tables {
 public:
  /// Reads the tables named "rocpd_...<suffix>". Throws Error, Cancelled.
  Tables(const foreign::Database& database, std::string suffix);

  /// nullptr when the file has no such table.
  const foreign::TableShape* table(const std::string& name) const;
  /// "" for an id that is not there.
  const std::string& text(std::int64_t id) const;
  const std::vector<ProcessRow>& processes() const { return processes_; }
  /// nullptr for CPUs and unknown agents.
  const GpuRow* gpu(std::optional<std::int64_t> agent) const;
  std::string stream_name(std::int64_t id) const;
  const KernelSymbol* kernel(std::int64_t id) const;
  const EventRow* event(std::int64_t id) const;
  const Place* track(std::int64_t id) const;
  std::optional<std::int64_t> time(std::int64_t id) const;

 private:
  void read_strings();
  void read_processes();
  void read_agents();
  void read_streams();
  void read_kernels();
  void read_events();
  void read_tracks();
  void read_times();

  const foreign::Database& database_;
  std::string suffix_;
  std::unordered_map<std::int64_t, std::string> strings_;
  std::vector<ProcessRow> processes_;
  std::map<std::int64_t, GpuRow> gpus_;
  std::map<std::int64_t, std::string> streams_;
  std::unordered_map<std::int64_t, KernelSymbol> kernels_;
  std::unordered_map<std::int64_t, EventRow> events_;
  std::unordered_map<std::int64_t, Place> tracks_;
  std::unordered_map<std::int64_t, std::int64_t> times_;
};

/// Suffixes of all recordings in the database.
std::vector<std::string> suffixes(const foreign::Database& database);

}  // namespace moescope::rocpd
