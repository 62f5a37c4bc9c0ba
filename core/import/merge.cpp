#include "core/import/merge.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "core/trace/sink.h"

namespace moescope {
namespace {

/// Number of the merged item for each item of one part.
struct Remap {
  std::vector<ProcessId> processes;
  std::vector<TrackId> tracks;
  std::vector<StringId> names;
  std::vector<LaunchId> launches;
};

std::string file_of(const Trace& trace) {
  return trace.info().files.empty()
             ? std::string()
             : std::filesystem::path(trace.info().files.front()).filename().string();
}

/// Adds processes, devices, tracks, names and launches of `trace`.
Remap add_vocabulary(const Trace& trace, int first_file, std::multiset<std::string>& labels,
                     TraceBuilder& builder) {
  Remap remap;
  for (Process process : trace.processes()) {
    if (labels.count(process.label) > 1) process.label += " (" + file_of(trace) + ")";
    process.file += first_file;
    remap.processes.push_back(builder.add_process(std::move(process)));
  }
  for (Device device : trace.devices()) {
    device.process = remap.processes.at(device.process);
    builder.add_device(std::move(device));
  }
  for (Track track : trace.tracks()) {
    track.process = remap.processes.at(track.process);
    remap.tracks.push_back(builder.add_track(std::move(track)));
  }
  trace.strings().load_all();
  for (StringId id = 0; id < trace.strings().size(); ++id)
    remap.names.push_back(builder.strings().intern(trace.strings()[id]));
  for (const auto& launch : trace.launches())
    remap.launches.push_back(builder.intern_launch(launch));
  return remap;
}

std::shared_ptr<const SpanChunk> copy_chunk(const SpanChunk& chunk, const Remap& remap,
                                            TimeNs offset) {
  SpanColumns columns = chunk.columns();
  for (auto& start : columns.start) start += offset;
  for (auto& name : columns.name) name = remap.names.at(name);
  for (auto& launch : columns.launch) launch = remap.launches.at(launch);
  return std::make_shared<const SpanChunk>(std::move(columns), chunk.args());
}

void add_spans(const Trace& trace, const Remap& remap, TimeNs offset, TraceBuilder& builder,
               Progress& progress) {
  for (TrackId track = 0; track < trace.tracks().size(); ++track)
    trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t) {
      progress.check();
      builder.append_chunk(remap.tracks[track], copy_chunk(chunk, remap, offset));
      return true;
    });
}

void add_samples(const Trace& trace, const Remap& remap, TimeNs offset, TraceBuilder& builder) {
  std::vector<SmRecord> records = trace.sm_records();
  for (auto& record : records) {
    record.start += offset;
    record.end += offset;
    record.process = remap.processes.at(record.process);
  }
  builder.add_sm_records(std::move(records));
  for (CounterSeries series : trace.counters()) {
    for (auto& time : series.times) time += offset;
    if (series.process < remap.processes.size()) series.process = remap.processes[series.process];
    builder.add_counter(std::move(series));
  }
  for (Note note : trace.notes()) {
    note.time += offset;
    if (note.track) note.track = remap.tracks.at(*note.track);
    if (note.span) note.span->track = *note.track;
    builder.add_note(std::move(note));
  }
  for (Loss loss : trace.losses()) {
    loss.when = {loss.when.begin + offset, loss.when.end + offset};
    if (loss.process) loss.process = remap.processes.at(*loss.process);
    if (loss.track) loss.track = remap.tracks.at(*loss.track);
    builder.add_loss(std::move(loss));
  }
}

/// Adds the facts of one part to the facts of the whole.
void add_info(const Trace& trace, TraceInfo& whole) {
  const TraceInfo& part = trace.info();
  const std::string prefix = file_of(trace) + ": ";
  whole.files.insert(whole.files.end(), part.files.begin(), part.files.end());
  const auto join = [](std::string& into, const std::string& text) {
    if (text.empty() || into.find(text) != std::string::npos) return;
    into += (into.empty() ? "" : " + ") + text;
  };
  join(whole.format, part.format);
  join(whole.producer, part.producer);
  whole.events += part.events;
  for (const auto& [reason, count] : part.skipped) whole.skipped[reason] += count;
  for (const auto& warning : part.warnings) whole.warnings.push_back(prefix + warning);
  for (const auto& [key, value] : part.extra) whole.extra[prefix + key] = value;
}

void warn_of_equal_ranks(const std::vector<MergePart>& parts, TraceInfo& info) {
  std::map<int, int> ranks;
  for (const auto& part : parts)
    for (const auto& process : part.trace->processes())
      if (process.rank) ++ranks[*process.rank];
  for (const auto& [rank, count] : ranks)
    if (count > 1)
      info.warnings.push_back("rank " + std::to_string(rank) + " occurs in " +
                              std::to_string(count) + " processes; each is shown on its own");
}

}  // namespace

TracePtr merge_traces(const std::vector<MergePart>& parts,
                      const std::vector<ClockAlignment>& alignments,
                      const std::vector<std::string>& warnings, Progress& progress) {
  std::optional<TimeNs> first;
  std::multiset<std::string> labels;
  for (const auto& part : parts) {
    for (const auto& process : part.trace->processes()) labels.insert(process.label);
    if (part.trace->span_count() == 0) continue;
    const TimeNs start = part.trace->range().begin + part.offset;
    first = std::min(first.value_or(start), start);
  }
  const TimeNs origin = first.value_or(0);
  TraceBuilder builder;
  TraceInfo info;
  info.warnings = warnings;
  info.alignments = alignments;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    progress.report(static_cast<double>(i) / static_cast<double>(parts.size()), "merging");
    const Trace& trace = *parts[i].trace;
    const TimeNs offset = parts[i].offset - origin;
    const Remap remap = add_vocabulary(trace, static_cast<int>(info.files.size()), labels, builder);
    add_spans(trace, remap, offset, builder, progress);
    add_samples(trace, remap, offset, builder);
    if (i == 0 && trace.info().start_epoch_ns)
      info.start_epoch_ns = *trace.info().start_epoch_ns + origin - parts[i].offset;
    add_info(trace, info);
  }
  warn_of_equal_ranks(parts, info);
  builder.set_info(std::move(info));
  progress.report(1, "done");
  return builder.snapshot();
}

}  // namespace moescope
