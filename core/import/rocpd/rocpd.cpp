// rocpd: the SQLite database of AMD's rocprofv3 (rocprofiler-sdk, ROCm 7).
#include <fmt/format.h>

#include <filesystem>
#include <limits>
#include <set>

#include "core/error.h"
#include "core/import/importer.h"
#include "core/import/rank_in_file_name.h"
#include "core/import/rocpd/rocpd_tables.h"
#include "core/import/span_lanes.h"

namespace moescope {
namespace {

using namespace moescope::rocpd;
using foreign::Rows;

constexpr const char* kRecordAgain =
    "Record it again with rocprofv3 in the output format rocpd, or convert it with rocpd2pftrace";

/// Columns of a table of intervals, in either layout of the schema: with the time and the place in
/// the row, or with references to rocpd_timestamp and rocpd_track.
class Intervals {
 public:
  Intervals(const foreign::Database& database, const Tables& tables,
            const foreign::TableShape& shape)
      : rows_(database.rows(shape)), tables_(&tables) {
    const auto at = [&](const char* name) { return rows_.column(name); };
    start_ = at("start"), end_ = at("end"), start_id_ = at("start_id"), end_id_ = at("end_id");
    track_ = at("track_id"), process_ = at("pid"), thread_ = at("tid");
    agent_ = at("agent_id"), queue_ = at("queue_id"), stream_ = at("stream_id");
    event_ = at("event_id");
  }

  Rows& rows() { return rows_; }
  int column(const char* name) const { return rows_.column(name); }

  /// The next row; false at the end.
  bool next() {
    if (!rows_.next()) return false;
    place_ = {rows_.integer_or(process_, 0), rows_.integer_or(thread_, 0), rows_.integer(agent_),
              rows_.integer(queue_), rows_.integer(stream_)};
    if (const auto track = rows_.integer(track_))
      if (const Place* shared = tables_->track(*track)) place_ = *shared;
    const auto begin = time(start_, start_id_), end = time(end_, end_id_);
    valid_ = begin && end && is_import_time(*begin) && is_import_time(*end) && *end >= *begin;
    if (valid_) span_.start = *begin, span_.duration = *end - *begin;
    const EventRow* event = tables_->event(rows_.integer_or(event_, 0));
    const std::int64_t stack = event == nullptr ? 0 : event->stack;
    span_.correlation = stack > 0 && stack <= 0xFFFFFFFF ? static_cast<std::uint32_t>(stack) : 0U;
    return true;
  }
  bool valid() const { return valid_; }
  const Place& place() const { return place_; }
  Span& span() { return span_; }
  const EventRow* event() const { return tables_->event(rows_.integer_or(event_, 0)); }

 private:
  std::optional<std::int64_t> time(int inline_column, int reference) const {
    if (inline_column >= 0) return rows_.integer(inline_column);
    const auto id = rows_.integer(reference);
    return id ? tables_->time(*id) : std::nullopt;
  }

  Rows rows_;
  const Tables* tables_;
  int start_, end_, start_id_, end_id_, track_, process_, thread_, agent_, queue_, stream_, event_;
  Place place_;
  Span span_;
  bool valid_ = false;
};

class RocpdTrace {
 public:
  RocpdTrace(const foreign::Database& database, const std::filesystem::path& path, TraceSink& sink)
      : database_(database), path_(path), sink_(sink) {}

  void build(const ImportOptions& options) {
    const auto recordings = suffixes(database_);
    for (const auto& suffix : recordings) {
      const Tables tables(database_, suffix);
      tables_ = &tables;
      suffix_ = suffix;
      read_kernels();
      read_copies();
      read_regions();
      database_.progress().check();
    }
    const auto first = lanes_.first_start();
    if (!first)
      throw Error(path_.string(), "", "holds no kernel, copy or region that can be used",
                  kRecordAgain);
    lanes_.append_to(sink_, *first, options.keep_args, database_.progress());
    add_info();
  }

 private:
  using ProcessKey = std::pair<std::string, std::int64_t>;  ///< recording, id in it

  void read_kernels() {
    const auto* shape = tables_->table("rocpd_kernel_dispatch");
    if (shape == nullptr) return;
    Intervals intervals(database_, *tables_, *shape);
    Rows& rows = intervals.rows();
    const int kernel = intervals.column("kernel_id"), region = intervals.column("region_name_id");
    while (next(intervals)) {
      const KernelSymbol* symbol = tables_->kernel(rows.integer_or(kernel, 0));
      Span& span = intervals.span();
      span.kind = SpanKind::Kernel;
      span.name = sink_.strings().intern(
          symbol == nullptr || symbol->name.empty() ? "(unnamed kernel)" : symbol->name);
      span.launch = sink_.intern_launch(launch_of(intervals, symbol));
      std::string args = "{\"queue\":";
      args += std::to_string(intervals.place().queue.value_or(0));
      if (const auto& named = tables_->text(rows.integer_or(region, 0)); !named.empty()) {
        args += ",\"region\":";
        foreign::append_json_string(named, args);
      }
      add_on_device(intervals, intervals.place().agent, args + "}");
    }
  }

  /// rocpd counts a grid in work-items.
  static LaunchConfig launch_of(Intervals& intervals, const KernelSymbol* symbol) {
    constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
    LaunchConfig launch;
    const auto number = [&](const std::string& name) {
      const auto value = intervals.rows().integer_or(intervals.column(name.c_str()), 0);
      return value > 0 && value <= kMost ? static_cast<std::uint32_t>(value) : 0U;
    };
    for (std::size_t i = 0; i < 3; ++i) {
      const std::string axis(1, "xyz"[i]);
      const auto items = number("grid_size_" + axis), group = number("workgroup_size_" + axis);
      launch.block.at(i) = group;
      launch.grid.at(i) = group > 0 ? (items + group - 1) / group : items;
    }
    launch.shared_memory = number("group_segment_size");
    if (symbol != nullptr) launch.registers_per_thread = symbol->vector_registers;
    return launch;
  }

  void read_copies() {
    const auto* shape = tables_->table("rocpd_memory_copy");
    if (shape == nullptr) return;
    Intervals intervals(database_, *tables_, *shape);
    Rows& rows = intervals.rows();
    const int name = intervals.column("name_id"), size = intervals.column("size");
    const int to = intervals.column("dst_agent_id"), from = intervals.column("src_agent_id");
    while (next(intervals)) {
      Span& span = intervals.span();
      span.kind = SpanKind::Memcpy;
      const auto& text = tables_->text(rows.integer_or(name, 0));
      span.name = sink_.strings().intern(text.empty() ? "Memcpy" : text);
      span.launch = 0;
      const auto target = rows.integer(to);
      const bool to_gpu = tables_->gpu(target) != nullptr;
      add_on_device(intervals, to_gpu ? target : rows.integer(from),
                    fmt::format("{{\"bytes\":{}}}", rows.integer_or(size, 0)));
    }
  }

  void read_regions() {
    const auto* shape = tables_->table("rocpd_region");
    if (shape == nullptr) return;
    Intervals intervals(database_, *tables_, *shape);
    const int name = intervals.column("name_id");
    while (next(intervals)) {
      const EventRow* event = intervals.event();
      const std::string category = event == nullptr ? "" : tables_->text(event->category);
      const bool marker = category.starts_with("MARKER");
      Span& span = intervals.span();
      span.kind = marker ? SpanKind::Annotation
                  : category.starts_with("HIP") || category.starts_with("HSA") ? SpanKind::Runtime
                                                                               : SpanKind::CpuOp;
      span.launch = 0;
      const auto& text = tables_->text(intervals.rows().integer_or(name, 0));
      const bool message = marker && event != nullptr && !event->message.empty();
      span.name = sink_.strings().intern(message        ? event->message
                                         : text.empty() ? "(unnamed region)"
                                                        : text);
      std::string args;
      if (!category.empty()) {
        args = "{\"category\":";
        foreign::append_json_string(category, args);
        args += '}';
      }
      const ProcessId process = process_of(intervals.place().process);
      lanes_.add(thread_lane(process, intervals.place().thread), span, args);
    }
  }

  /// The next usable row; the others are counted.
  bool next(Intervals& intervals) {
    constexpr std::uint64_t kRowsBetweenReports = 50'000;
    while (intervals.next()) {
      if (++rows_ % kRowsBetweenReports == 0)
        database_.progress().report(0.5, fmt::format("reading events: {}", rows_));
      if (intervals.valid()) return true;
      ++skipped_["times are missing or impossible"];
    }
    return false;
  }

  void add_on_device(Intervals& intervals, std::optional<std::int64_t> agent,
                     const std::string& args) {
    const GpuRow* gpu = tables_->gpu(agent);
    if (gpu == nullptr) {
      ++skipped_["work of no GPU"];
      return;
    }
    const ProcessId process = process_of(intervals.place().process);
    if (devices_.emplace(process, gpu->index).second) {
      Device device = gpu->facts;
      device.process = process;
      sink_.add_device(std::move(device));
    }
    lanes_.add(stream_lane(process, gpu->index, intervals.place()), intervals.span(), args);
  }

  SpanLanes::Lane stream_lane(ProcessId process, int device, const Place& place) {
    const bool stream = place.stream.has_value();
    const std::int64_t id = stream ? *place.stream : place.queue.value_or(0);
    const auto [it, added] = streams_.try_emplace({process, device, stream, id}, SpanLanes::Lane{});
    if (!added) return it->second;
    Track track;
    track.process = process;
    track.type = TrackType::DeviceStream;
    track.device = device;
    track.id = id;
    track.name = stream ? tables_->stream_name(id) : fmt::format("queue {}", id);
    return it->second = lanes_.add_lane(std::move(track));
  }

  SpanLanes::Lane thread_lane(ProcessId process, std::int64_t thread) {
    const auto [it, added] = threads_.try_emplace({process, thread}, SpanLanes::Lane{});
    if (!added) return it->second;
    Track track;
    track.process = process;
    track.type = TrackType::Thread;
    track.id = thread;
    track.name = fmt::format("thread {}", thread);
    return it->second = lanes_.add_lane(std::move(track));
  }

  /// @param id of rocpd_info_process, in some files the pid itself
  ProcessId process_of(std::int64_t id) {
    const auto [it, added] = processes_.try_emplace(ProcessKey{suffix_, id}, ProcessId{});
    if (!added) return it->second;
    const ProcessRow* row = nullptr;
    for (const auto& other : tables_->processes())
      if (other.id == id || (row == nullptr && other.pid == id)) row = &other;
    Process process;
    process.pid = std::to_string(row == nullptr ? id : row->pid);
    if (row != nullptr) {
      process.name =
          std::filesystem::path(row->command.substr(0, row->command.find(' '))).filename().string();
      process.rank = row->rank;
      process.world_size = row->world_size;
    }
    if (!process.rank && processes_.size() == 1)
      process.rank = rank_in_file_name(path_.filename().string());
    process.label = process.rank ? fmt::format("rank {}", *process.rank)
                                 : fmt::format("pid {} {}", process.pid, process.name);
    return it->second = sink_.add_process(std::move(process));
  }

  void add_info() {
    TraceInfo info;
    info.files = {path_.string()};
    info.format = "rocpd";
    info.producer = "rocprofv3 (rocpd)";
    info.events = rows_;
    info.skipped = skipped_;
    sink_.set_info(std::move(info));
  }

  const foreign::Database& database_;
  const std::filesystem::path& path_;
  TraceSink& sink_;
  const Tables* tables_ = nullptr;
  std::string suffix_;
  SpanLanes lanes_;
  std::map<ProcessKey, ProcessId> processes_;
  std::set<std::pair<ProcessId, int>> devices_;
  std::map<std::tuple<ProcessId, int, bool, std::int64_t>, SpanLanes::Lane> streams_;
  std::map<std::pair<ProcessId, std::int64_t>, SpanLanes::Lane> threads_;
  std::uint64_t rows_ = 0;
  std::map<std::string, std::uint64_t> skipped_;
};

class RocpdImporter final : public Importer {
 public:
  std::string_view name() const override { return "rocpd"; }
  std::string_view description() const override { return "ROCm rocprofv3 database (rocpd, .db)"; }
  bool recognises(const FileProbe& probe) const override {
    if (!foreign::is_sqlite(probe.head)) return false;
    try {
      Progress progress;
      return !suffixes(foreign::Database(probe.path, progress, kRecordAgain)).empty();
    } catch (const Error&) {
      return false;
    }
  }
  void import(const FileProbe& probe, TraceSink& sink, const ImportOptions& options,
              Progress& progress) const override {
    progress.report(0, "opening the database");
    const foreign::Database database(probe.path, progress, kRecordAgain);
    RocpdTrace(database, probe.path, sink).build(options);
    progress.report(1, "done");
  }
};

}  // namespace

const Importer& rocpd_importer() {
  static const RocpdImporter importer;
  return importer;
}

}  // namespace moescope
