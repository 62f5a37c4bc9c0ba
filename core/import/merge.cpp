#include "core/import/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/trace/sink.h"

namespace moescope {
namespace {

/// Copies one trace into the builder, ids remapped and times moved.
class Copier {
 public:
  Copier(const Trace& from, TraceBuilder& to, TimeNs offset, int first_file)
      : from_(from), to_(to), offset_(offset), first_file_(first_file) {}

  void run(Progress& progress) {
    for (StringId id = 0; id < from_.strings().size(); ++id)
      names_.push_back(to_.strings().intern(from_.strings()[id]));
    for (const auto& launch : from_.launches()) launches_.push_back(to_.intern_launch(launch));
    for (Process process : from_.processes()) {
      process.file += first_file_;
      processes_.push_back(to_.add_process(std::move(process)));
    }
    for (Device device : from_.devices()) {
      device.process = processes_.at(device.process);
      to_.add_device(std::move(device));
    }
    for (TrackId id = 0; id < from_.tracks().size(); ++id) copy_track(id, progress);
    copy_samples();
  }

 private:
  void copy_track(TrackId id, Progress& progress) {
    Track track = from_.tracks()[id];
    track.process = processes_.at(track.process);
    const TrackId target = to_.add_track(std::move(track));
    tracks_.push_back(target);
    from_.visit_chunks(id, [&](const SpanChunk& chunk, std::uint32_t) {
      progress.check();
      SpanColumns columns = chunk.columns();
      for (auto& start : columns.start) start += offset_;
      for (auto& name : columns.name) name = names_.at(name);
      for (auto& launch : columns.launch) launch = launches_.at(launch);
      to_.append_chunk(target, std::make_shared<const SpanChunk>(std::move(columns), chunk.args()));
      return true;
    });
  }

  void copy_samples() {
    auto records = from_.sm_records();
    for (auto& record : records) {
      record.start += offset_;
      record.end += offset_;
      record.process = processes_.at(record.process);
    }
    to_.add_sm_records(std::move(records));
    for (CounterSeries series : from_.counters()) {
      series.process = processes_.at(series.process);
      for (auto& time : series.times) time += offset_;
      to_.add_counter(std::move(series));
    }
    for (Note note : from_.notes()) {
      note.time += offset_;
      if (note.track) note.track = tracks_.at(*note.track);
      to_.add_note(std::move(note));
    }
  }

  const Trace& from_;
  TraceBuilder& to_;
  TimeNs offset_;
  int first_file_;
  std::vector<StringId> names_;
  std::vector<LaunchId> launches_;
  std::vector<ProcessId> processes_;
  std::vector<TrackId> tracks_;
};

std::string describe(const ClockAlignment& a, const std::string& file) {
  std::string text = fmt::format("{}: clock moved by {} ns ({}", file, a.offset, a.method);
  if (a.matched_collectives > 0)
    text += fmt::format(", {} matched, median residual {} ns", a.matched_collectives, a.residual);
  return text + ")";
}

TraceInfo joined_info(const std::vector<TracePtr>& traces, std::vector<ClockAlignment> alignments,
                      std::vector<std::string> warnings) {
  TraceInfo info = traces[0]->info();
  for (std::size_t i = 1; i < traces.size(); ++i) {
    const TraceInfo& other = traces[i]->info();
    info.files.insert(info.files.end(), other.files.begin(), other.files.end());
    if (info.format != other.format) info.format = "mixed";
    if (info.producer != other.producer) info.producer = "several";
    info.events += other.events;
    for (const auto& [reason, count] : other.skipped) info.skipped[reason] += count;
    info.warnings.insert(info.warnings.end(), other.warnings.begin(), other.warnings.end());
    info.warnings.push_back(
        describe(alignments[i], other.files.empty() ? "file" : other.files.front()));
  }
  info.warnings.insert(info.warnings.end(), warnings.begin(), warnings.end());
  info.alignments = std::move(alignments);
  return info;
}

}  // namespace

TracePtr merge_traces(const std::vector<TracePtr>& traces, std::vector<ClockAlignment> alignments,
                      std::vector<std::string> warnings, Progress& progress) {
  TimeNs earliest = std::numeric_limits<TimeNs>::max();
  for (std::size_t i = 0; i < traces.size(); ++i)
    if (traces[i]->span_count() > 0)
      earliest = std::min(earliest, traces[i]->range().begin + alignments[i].offset);
  if (earliest == std::numeric_limits<TimeNs>::max()) earliest = 0;
  TraceBuilder builder;
  int first_file = 0;
  for (std::size_t i = 0; i < traces.size(); ++i) {
    progress.report(0.8 + 0.2 * static_cast<double>(i) / static_cast<double>(traces.size()),
                    "merging ranks");
    Copier(*traces[i], builder, alignments[i].offset - earliest, first_file).run(progress);
    first_file += static_cast<int>(traces[i]->info().files.size());
  }
  TraceInfo info = joined_info(traces, std::move(alignments), std::move(warnings));
  if (info.start_epoch_ns) *info.start_epoch_ns += earliest;
  builder.set_info(std::move(info));
  return builder.snapshot();
}

}  // namespace moescope
