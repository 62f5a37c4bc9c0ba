// Nsight Systems: the SQLite file that `nsys export --type sqlite` writes.
#include "core/import/nsys/nsys.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/import/importer.h"
#include "core/import/nsys/nsys_events.h"
#include "core/import/nsys/nsys_samples.h"
#include "core/import/nsys/nsys_target.h"

namespace moescope {
namespace {

using namespace moescope::nsys;

constexpr const char* kExportAgain = "Export the report again with nsys export --type sqlite";

/// nvprof wrote tables of the same names with other columns.
bool is_nvprof(const Database& database) {
  if (database.table("StringIds") != nullptr) return false;
  for (const auto& name : database.table_names())
    if (name.starts_with("CUPTI_ACTIVITY_KIND_") && database.table(name)->has("_id_")) return true;
  return false;
}

bool is_nsys(const Database& database) {
  if (database.table("META_DATA_EXPORT") != nullptr || database.table("NVTX_EVENTS") != nullptr ||
      database.table("GPU_METRICS") != nullptr)
    return true;
  for (const auto& name : database.table_names())
    if (name.starts_with("CUPTI_ACTIVITY_KIND_")) return true;
  return false;
}

void check_format(const Database& database) {
  if (is_nvprof(database))
    throw Error(database.source(), "",
                "is an nvprof (Visual Profiler) database, not Nsight Systems",
                "Record with Nsight Systems and run nsys export --type sqlite");
  if (!is_nsys(database))
    throw Error(database.source(), "", "is a SQLite database without tables of Nsight Systems",
                kExportAgain);
}

/// Size and time of a file, to notice that it changed while it was read.
struct FileState {
  std::uintmax_t size = 0;
  std::filesystem::file_time_type time;
  friend bool operator==(const FileState&, const FileState&) = default;
};
FileState state_of(const std::filesystem::path& path) {
  std::error_code error;
  FileState state{std::filesystem::file_size(path, error),
                  std::filesystem::last_write_time(path, error)};
  if (error) throw Error(path.string(), "", "vanished while it was read: " + error.message());
  return state;
}

std::map<ProcessKey, ProcessId> add_processes(const Database& database, const Survey& survey,
                                              const std::string& file_name, TraceSink& sink) {
  std::set<ProcessKey> seen;
  for (const auto& lane : survey.lanes) seen.insert(lane.process);
  if (seen.empty()) seen.insert(0);
  std::vector<ProcessKey> keys(seen.begin(), seen.end());
  std::sort(keys.begin(), keys.end(), [](ProcessKey a, ProcessKey b) {
    return std::pair(pid_of(a), a) < std::pair(pid_of(b), b);
  });
  auto processes = read_processes(database, keys, file_name);
  std::map<ProcessKey, ProcessId> ids;
  for (std::size_t i = 0; i < keys.size(); ++i)
    ids[keys[i]] = sink.add_process(std::move(processes[i]));
  return ids;
}

/// CUPTI's number of no stream: what waits for a whole context has none.
constexpr std::int64_t kNoStream = 0xffffffff;

std::string lane_name(bool on_device, std::int64_t id) {
  if (on_device && id == kNoStream) return "whole context";
  return fmt::format("{} {}", on_device ? "stream" : "thread", id);
}

std::map<Lane, TrackId> add_tracks(const Database& database, const Survey& survey,
                                   const Strings& strings,
                                   const std::map<ProcessKey, ProcessId>& processes,
                                   TraceSink& sink) {
  const auto thread_names = read_thread_names(database, strings);
  std::map<Lane, TrackId> tracks;
  for (const bool on_device : {true, false}) {
    for (const auto& lane : survey.lanes) {
      if ((lane.device >= 0) != on_device) continue;
      Track track;
      track.process = processes.at(lane.process);
      track.type = on_device ? TrackType::DeviceStream : TrackType::Thread;
      track.device = static_cast<int>(lane.device);
      track.id = lane.id;
      track.name = lane_name(on_device, lane.id);
      const auto name = thread_names.find({lane.process, lane.id});
      if (!on_device && name != thread_names.end()) track.name += " (" + name->second + ")";
      tracks[lane] = sink.add_track(std::move(track));
    }
  }
  return tracks;
}

/// SM counts that no device has become unknown; returns how many.
std::uint64_t drop_impossible_sm_counts(std::vector<DeviceUse>& devices) {
  std::uint64_t dropped = 0;
  for (auto& use : devices) {
    if (use.device.sm_count <= kMaxSmCount) continue;
    use.device.sm_count = 0;
    ++dropped;
  }
  return dropped;
}

void explain(const EventCounts& counts, TraceInfo& info) {
  info.events = counts.rows;
  info.skipped = counts.skipped;
  if (counts.whole_graphs > 0)
    info.warnings.push_back(
        fmt::format("{} CUDA graph launches were recorded as a whole: their kernels are not in the "
                    "file and do not count in any figure; record with --cuda-graph-trace=node",
                    counts.whole_graphs));
  if (counts.open_ranges > 0)
    info.warnings.push_back(fmt::format(
        "{} NVTX ranges have no end in the file and are shown as marks", counts.open_ranges));
}

void read_tables(const Database& database, const std::filesystem::path& named, TraceSink& sink,
                 const ImportOptions& options, TraceInfo info) {
  const Strings strings(database);
  const Survey survey = survey_events(database);
  const auto first = survey.first_start ? survey.first_start : first_sample(database);
  if (!first) throw Error(named.string(), "", "holds no usable event", kExportAgain);
  const auto processes = add_processes(database, survey, named.filename().string(), sink);
  auto devices = read_devices(database, survey, processes, info.warnings);
  const auto impossible = drop_impossible_sm_counts(devices);
  for (const auto& use : devices) sink.add_device(use.device);
  const auto tracks = add_tracks(database, survey, strings, processes, sink);
  const auto epoch = session_epoch(database);
  if (epoch && *epoch > 0 && is_time(*epoch)) info.start_epoch_ns = *epoch + *first;
  auto counts = append_events(database, strings, tracks, *first, survey.rows, options, sink);
  if (impossible > 0) counts.skipped[kImpossibleSmCount] = impossible;
  database.progress().report(0.95, "reading metrics");
  for (auto& series : read_counters(database, strings, devices, *first, counts))
    sink.add_counter(std::move(series));
  auto blocks = read_block_trace(database, processes, *first, counts);
  if (!blocks.empty()) info.extra[kSmRecordsFact] = kBlockTraceFact;
  sink.add_sm_records(std::move(blocks));
  explain(counts, info);
  sink.set_info(std::move(info));
}

class NsysImporter final : public Importer {
 public:
  std::string_view name() const override { return "nsys"; }
  std::string_view description() const override {
    return "Nsight Systems SQLite export (nsys export --type sqlite)";
  }

  bool recognises(const FileProbe& probe) const override {
    if (!foreign::is_sqlite(probe.head)) return false;
    try {
      Progress progress;
      const Database database(probe.path, progress, kExportAgain);
      return is_nsys(database) || is_nvprof(database);
    } catch (const Error&) {
      return true;  // a damaged database: import() says what is wrong with it
    }
  }

  void import(const FileProbe& probe, TraceSink& sink, const ImportOptions& options,
              Progress& progress) const override {
    import_export(probe.path, probe.path, sink, options, progress);
  }
};

}  // namespace

void nsys::import_export(const std::filesystem::path& path, const std::filesystem::path& named,
                         TraceSink& sink, const ImportOptions& options, Progress& progress) {
  const FileState before = state_of(path);
  progress.report(0, "opening the database");
  const Database database(path, progress, kExportAgain);
  check_format(database);
  TraceInfo info;
  info.files = {named.string()};
  read_metadata(database, info);
  read_tables(database, named, sink, options, std::move(info));
  if (state_of(path) != before)
    throw Error(named.string(), "", "changed while it was read",
                "Wait until nsys export has finished and open it again");
  progress.report(1, "done");
}

const Importer& nsys_importer() {
  static const NsysImporter importer;
  return importer;
}

}  // namespace moescope
