// PyTorch's Flight Recorder: the last collectives of a rank, dumped when it hangs or on request.
#include <fmt/format.h>

#include "core/error.h"
#include "core/import/flight/flight_dump.h"
#include "core/import/importer.h"
#include "core/import/rank_in_file_name.h"
#include "core/import/span_lanes.h"

namespace moescope {
namespace {

using flight::Dump;
using flight::Entry;

/// When a collective lies, as well as the dump tells.
struct Extent {
  TimeNs start = 0, end = 0;
};
/// Only the end is seen, late by up to the watchdog's interval; with a measured duration the start
/// follows from it. What did not complete lasts to the end of the dump.
Extent extent_of(const Entry& entry, TimeNs last) {
  const TimeNs end = entry.completed.value_or(last);
  if (entry.completed && entry.duration)
    return {std::max(end - *entry.duration, entry.created), end};
  return {entry.started.value_or(entry.created), end};
}

TimeNs last_time(const Dump& dump) {
  TimeNs last = 0;
  for (const auto& entry : dump.entries)
    last = std::max(last, entry.completed.value_or(entry.started.value_or(entry.created)));
  return last;
}

class FlightTrace {
 public:
  FlightTrace(const Dump& dump, const std::filesystem::path& path, TraceSink& sink)
      : dump_(dump), path_(path), sink_(sink) {}

  void build(const ImportOptions& options, Progress& progress) {
    Process process;
    process.rank = rank_in_file_name(path_.filename().string());
    process.world_size = static_cast<int>(std::min<std::size_t>(dump_.largest_group, 1 << 30));
    process.label =
        process.rank ? fmt::format("rank {}", *process.rank) : path_.filename().string();
    process_ = sink_.add_process(std::move(process));
    const TimeNs last = last_time(dump_);
    for (const auto& entry : dump_.entries) add(entry, last);
    const TimeNs origin = *lanes_.first_start();
    lanes_.append_to(sink_, origin, options.keep_args, progress);
    add_info(origin, last);
  }

 private:
  void add(const Entry& entry, TimeNs last) {
    const auto [start, end] = extent_of(entry, last);
    Span span;
    span.name = sink_.strings().intern(entry.name);
    span.start = entry.created;
    span.kind = SpanKind::Instant;
    lanes_.add(lane(fmt::format("enqueued: {}", group_name(entry))), span, {});
    // The watchdog's times are no kernel times: they count in no figure.
    span.start = start;
    span.duration = end - start;
    span.kind = SpanKind::Annotation;
    lanes_.add(lane(group_name(entry)), span, entry.args);
    if (entry.completed) return;
    ++incomplete_;
    if (first_incomplete_ == nullptr || entry.created < first_incomplete_->created)
      first_incomplete_ = &entry;
  }

  static std::string group_name(const Entry& entry) {
    return entry.group.empty() ? fmt::format("process group {}", entry.group_id)
                               : "process group " + entry.group;
  }

  SpanLanes::Lane lane(const std::string& name) {
    const auto [it, added] = lane_ids_.try_emplace(name, SpanLanes::Lane{});
    if (added) {
      Track track;
      track.process = process_;
      track.id = static_cast<std::int64_t>(lane_ids_.size());
      track.name = name;
      it->second = lanes_.add_lane(std::move(track));
    }
    return it->second;
  }

  void add_info(TimeNs origin, TimeNs last) {
    TraceInfo info;
    info.files = {path_.string()};
    info.format = "flight";
    info.producer = "PyTorch Flight Recorder " + dump_.version;
    if (!dump_.library.empty()) info.producer += ", library " + dump_.library;
    info.start_epoch_ns = origin;
    info.events = dump_.entries.size();
    info.skipped = dump_.skipped;
    for (const auto& [reason, count] : dump_.skipped) info.events += count;
    info.extra = dump_.facts;
    if (first_incomplete_ != nullptr)
      info.warnings.push_back(fmt::format(
          "{} of {} collectives had not completed when the dump was written; the first is {}, "
          "number {} of {}, state {}, enqueued {:.3f} s before the last event of the dump",
          incomplete_, dump_.entries.size(), first_incomplete_->name, first_incomplete_->sequence,
          group_name(*first_incomplete_), first_incomplete_->state,
          static_cast<double>(last - first_incomplete_->created) / 1e9));
    info.warnings.emplace_back(
        "starts and ends are when PyTorch's watchdog noticed them, so they count in no figure of "
        "overlap; duration_ms is the GPU's where TORCH_NCCL_ENABLE_TIMING=1 recorded it");
    sink_.set_info(std::move(info));
  }

  const Dump& dump_;
  const std::filesystem::path& path_;
  TraceSink& sink_;
  ProcessId process_ = 0;
  SpanLanes lanes_;
  std::map<std::string, SpanLanes::Lane> lane_ids_;
  std::size_t incomplete_ = 0;
  const Entry* first_incomplete_ = nullptr;
};

class FlightImporter final : public Importer {
 public:
  std::string_view name() const override { return "flight"; }
  std::string_view description() const override {
    return "PyTorch Flight Recorder dump (nccl_trace_rank_*), pickle or JSON";
  }
  bool recognises(const FileProbe& probe) const override {
    return !probe.gzip && (flight::is_pickled_dump(probe.head) || flight::is_json_dump(probe.head));
  }
  void import(const FileProbe& probe, TraceSink& sink, const ImportOptions& options,
              Progress& progress) const override {
    progress.report(0, "reading the dump");
    const Dump dump = flight::read_dump(probe.path);
    FlightTrace(dump, probe.path, sink).build(options, progress);
  }
};

}  // namespace

const Importer& flight_importer() {
  static const FlightImporter importer;
  return importer;
}

}  // namespace moescope
