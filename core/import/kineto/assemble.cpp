#include "core/import/kineto/assemble.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>
#include <tuple>

#include "core/import/kineto/facts.h"
#include "core/import/kineto/json_text.h"
#include "core/import/kineto/rare.h"
#include "core/import/rank_in_file_name.h"
#include "core/parallel.h"
#include "core/sort_runs.h"

namespace moescope::kineto {
namespace {

/// A span of a track, before it is sorted; its record has the ids of the trace. Small, because it
/// is moved about.
struct Placed {
  TimeNs start = 0;
  Record* record = nullptr;
  const BlockEvents* block = nullptr;  ///< holds the arguments
};
bool begins_or_ends(const Placed& span) {
  return span.record->phase == 'B' || span.record->phase == 'E';
}

/// Ids of one worker in terms of the whole trace; filled as they are met, in order of the file, so
/// that the result does not depend on which thread read what.
struct Remap {
  std::vector<std::uint32_t> names, tracks, launches;
};
constexpr std::uint32_t kUnset = 0xFFFFFFFFU;

/// Spans of a batch handed to the sink at once.
constexpr std::size_t kBatchSpans = kChunkSpans * 4;
constexpr TimeNs kLostTimeGap = 86'400'000'000'000;  // no trace is a day long and empty until then
constexpr TimeNs kEarliestWallClock = 1'000'000'000'000'000'000;  // September 2001

/// The number in `text` after `before` and until `after`, as this program exports ranks and
/// workers.
std::optional<int> number_between(std::string_view text, std::string_view before,
                                  std::string_view after) {
  if (!text.starts_with(before) || !text.ends_with(after)) return {};
  text.remove_prefix(before.size());
  text.remove_suffix(std::min(after.size(), text.size()));
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && value >= 0 ? std::optional(value) : std::nullopt;
}
std::optional<int> rank_in_prefix(std::string_view prefix) {
  return number_between(prefix, "[rank ", "]");
}
std::optional<int> worker_number(std::string_view tid) {
  return number_between(tid, "worker ", "");
}

class Assembler {
 public:
  Assembler(FileEvents& file, const std::filesystem::path& path, bool compressed, TraceSink& sink,
            Progress& progress)
      : file_(file), path_(path), compressed_(compressed), sink_(sink), progress_(progress) {}

  void run() {
    place_records();
    place_rare();
    pair_begin_end();
    drop_lost_times();
    if (span_count() == 0 && rare_.counters.empty()) throw nothing_usable();
    sort_tracks();
    find_start();
    add_processes();
    add_tracks();
    add_devices();
    add_counters();
    add_info();
  }

 private:
  std::size_t span_count() const {
    std::size_t n = 0;
    for (const auto& spans : spans_) n += spans.size();
    return n;
  }

  Error nothing_usable() const {
    std::uint64_t events = 0;
    for (const auto& block : file_.blocks) events += block.events;
    if (!file_.found_events)
      return Error(path_.string(), "", "there is no array of trace events in this JSON file",
                   "Open a trace written by the PyTorch profiler or another Chrome trace producer");
    std::string problem = "none of its " + std::to_string(events) + " events can be used";
    const auto skipped = skipped_events();
    for (const auto& [reason, count] : skipped)
      problem += (&reason == &skipped.begin()->first ? " (" : ", ") + reason + ": " +
                 std::to_string(count);
    if (!skipped.empty()) problem += ")";
    return Error(path_.string(), "", problem, "Record the trace again");
  }

  std::uint32_t track_index(const TrackKey& key) {
    const auto [it, added] = track_ids_.try_emplace(key, static_cast<std::uint32_t>(spans_.size()));
    if (added) spans_.emplace_back();
    return it->second;
  }

  void place_records() {
    std::vector<Remap> remaps(file_.workers.size());
    for (std::size_t i = 0; i < remaps.size(); ++i) {
      remaps[i].names.assign(file_.workers[i]->names().size(), kUnset);
      remaps[i].tracks.assign(file_.workers[i]->tracks().size(), kUnset);
      remaps[i].launches.assign(file_.workers[i]->launches().size() + 1, kUnset);
    }
    std::vector<std::size_t> counts;  // by track
    for (auto& block : file_.blocks) {
      progress_.check();
      for (auto& record : block.records) {
        renumber(record, *file_.workers[block.worker], remaps[block.worker]);
        if (record.track >= counts.size()) counts.resize(record.track + 1);
        ++counts[record.track];
      }
    }
    for (std::size_t track = 0; track < counts.size(); ++track)
      spans_[track].reserve(counts[track]);
    for (auto& block : file_.blocks) {
      progress_.check();
      for (auto& record : block.records)
        spans_[record.track].push_back({record.start, &record, &block});
    }
  }

  /// Gives `record` the ids of the trace.
  void renumber(Record& record, const Collector& worker, Remap& remap) {
    auto& name = remap.names[record.name];
    if (name == kUnset)
      name = sink_.strings().intern(token_text(worker.names()[record.name], scratch_));
    auto& track = remap.tracks[record.track];
    if (track == kUnset) track = track_index(worker.tracks()[record.track]);
    auto& launch = remap.launches[record.launch];
    if (launch == kUnset)
      launch = record.launch == 0 ? 0 : sink_.intern_launch(worker.launches()[record.launch - 1]);
    if (record.phase == 'B' || record.phase == 'E') has_begin_end_ = true;
    record.name = name;
    record.track = track;
    record.launch = launch;
  }

  void place_rare() {
    rare_ = sort_out_rare(file_.blocks);
    own_block_.records.reserve(rare_.spans.size());  // they stay where they are
    for (auto& span : rare_.spans) {
      Record record;
      record.start = span.start;
      record.duration = span.duration;
      record.args_offset = own_block_.args.size();
      record.args_size = static_cast<std::uint32_t>(span.args.size());
      record.name = sink_.strings().intern(span.name);
      record.track = track_index({TrackGroup::Thread, span.pid, span.track, -1, -1});
      record.kind = span.kind;
      own_block_.args += span.args;
      own_block_.records.push_back(record);
      spans_[record.track].push_back({record.start, &own_block_.records.back(), &own_block_});
    }
  }

  /// Joins B and E events of a thread into spans, innermost first.
  void pair_begin_end() {
    if (!has_begin_end_) return;
    for (auto& spans : spans_) {
      std::vector<Placed> ends, kept;
      for (auto& span : spans) (begins_or_ends(span) ? ends : kept).push_back(span);
      std::stable_sort(ends.begin(), ends.end(),
                       [](const Placed& a, const Placed& b) { return a.start < b.start; });
      std::vector<Placed> open;
      for (auto& end : ends) {
        if (end.record->phase == 'B') {
          open.push_back(end);
        } else if (open.empty()) {
          ++rare_.skipped["end without begin"];
        } else {
          Placed span = open.back();
          open.pop_back();
          span.record->duration = end.start - span.start;
          span.record->phase = 'X';
          if (span.record->args_size == 0) {
            span.block = end.block;
            span.record->args_offset = end.record->args_offset;
            span.record->args_size = end.record->args_size;
          }
          kept.push_back(span);
        }
      }
      if (!open.empty()) rare_.skipped["begin without end"] += open.size();
      spans = std::move(kept);
    }
  }

  /// Some profilers write 0 for times they lost. Where everything else lies on a wall clock, such
  /// an event would stretch the trace over decades: it is left out.
  void drop_lost_times() {
    TimeNs next = std::numeric_limits<TimeNs>::max();
    bool any_zero = false;
    for (const auto& spans : spans_) {
      for (const auto& span : spans) {
        any_zero = any_zero || span.start == 0;
        if (span.start != 0) next = std::min(next, span.start);
      }
    }
    if (!any_zero || next == std::numeric_limits<TimeNs>::max() || next < kLostTimeGap) return;
    for (auto& spans : spans_)
      rare_.skipped["timestamp 0 among times of a wall clock"] +=
          std::erase_if(spans, [](const Placed& span) { return span.start == 0; });
  }

  void sort_tracks() {
    parallel_for(spans_.size(), [&](std::size_t i) {
      progress_.check();
      sort_runs(spans_[i], [](const Placed& a, const Placed& b) {
        return a.start != b.start ? a.start < b.start : a.record->duration > b.record->duration;
      });
    });
  }

  void find_start() {
    bool first = true;
    for (const auto& spans : spans_) {
      if (spans.empty()) continue;
      start_ = first ? spans.front().start : std::min(start_, spans.front().start);
      first = false;
    }
    if (!first) return;
    for (const auto& counter : rare_.counters)
      start_ = first ? counter.times.front() : std::min(start_, counter.times.front()),
      first = false;
  }

  /// The process a track belongs to: ranks of merged files by their "[...]" prefix, everything on
  /// devices and everything without a number to the main process, other pids to their own.
  std::string process_of(const TrackKey& key) const {
    auto prefix = std::string(pid_prefix(key.pid));
    if (key.group != TrackGroup::Thread) return prefix;
    if (!prefix.empty()) return prefix;
    if (key.pid == main_pid_ || !token_integer(key.pid)) return {};
    return key.pid;
  }

  /// The host process with most spans.
  void find_main_pid() {
    std::map<std::string, std::size_t> counts;
    for (const auto& [key, index] : track_ids_)
      if (key.group == TrackGroup::Thread && token_integer(key.pid))
        counts[key.pid] += spans_[index].size();
    std::size_t most = 0;
    for (const auto& [pid, count] : counts) {
      if (count <= most) continue;
      most = count;
      main_pid_ = pid;
    }
  }

  void add_processes() {
    find_main_pid();
    facts_ = read_facts(file_.values);
    if (!facts_.rank) facts_.rank = rank_in_file_name(path_.filename().string());
    std::set<std::string> names;
    for (const auto& [key, index] : track_ids_)
      if (!spans_[index].empty()) names.insert(process_of(key));
    if (names.empty()) names.insert("");
    for (const auto& name : names) {
      Process process;
      process.pid = name.empty() ? main_pid_ : name;
      process.name = rare_.process_name(process.pid);
      if (name.empty() || (names.size() == 1)) {
        process.rank = facts_.rank;
        process.world_size = facts_.world_size;
      }
      if (!process.rank) process.rank = rank_in_prefix(name);
      if (process.rank)
        process.label = "rank " + std::to_string(*process.rank);
      else if (name.starts_with('['))
        process.label = name;
      else
        process.label = process.pid.empty() ? path_.filename().string() : "pid " + process.pid;
      if (!process.rank && !process.name.empty()) process.label += " " + process.name;
      processes_[name] = sink_.add_process(std::move(process));
    }
  }

  Track track_of(const TrackKey& key) const {
    Track track;
    track.process = processes_.at(process_of(key));
    if (key.group == TrackGroup::Thread) {
      const auto worker = worker_number(key.tid);
      const bool numbered =
          (token_integer(key.pid) || !pid_prefix(key.pid).empty()) && token_integer(key.tid);
      track.type = worker ? TrackType::Worker : numbered ? TrackType::Thread : TrackType::Other;
      track.id = worker.value_or(key.stream);
      track.name = rare_.thread_name(key.pid, key.tid);
      if (track.name.empty() && numbered) track.name = "thread " + key.tid;
      if (track.name.empty()) track.name = key.tid.empty() ? "marks" : key.tid;
      if (!token_integer(key.pid) && !key.pid.empty() && pid_prefix(key.pid).empty())
        track.name = key.pid + ": " + track.name;
      return track;
    }
    track.type = TrackType::DeviceStream;
    track.device = static_cast<int>(key.device);
    track.id = key.stream;
    track.name = "stream " + (key.tid.empty() ? std::to_string(key.stream) : key.tid);
    if (key.group == TrackGroup::Waits)
      track.name = key.stream < 0 ? "context waits" : track.name + " waits";
    return track;
  }

  void add_tracks() {
    std::vector<std::tuple<ProcessId, TrackKey, std::uint32_t>> order;
    for (const auto& [key, index] : track_ids_)
      if (!spans_[index].empty()) order.emplace_back(processes_.at(process_of(key)), key, index);
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
      const auto rank = [](const auto& t) {
        const TrackKey& key = std::get<1>(t);
        const bool host = key.group == TrackGroup::Thread;
        return std::make_tuple(std::get<0>(t), host, key.device, key.stream, key.group, key.pid,
                               key.tid);
      };
      return rank(a) < rank(b);
    });
    std::size_t done = 0;
    for (const auto& [process, key, index] : order) {
      progress_.report(static_cast<double>(done++) / static_cast<double>(order.size()),
                       "building tracks");
      if (key.group != TrackGroup::Thread) used_devices_.emplace(process, key.device);
      const TrackId id = sink_.add_track(track_of(key));
      auto spans = std::move(spans_[index]);
      for (std::size_t begin = 0; begin < spans.size(); begin += kBatchSpans) {
        progress_.check();
        append(id, spans, begin, std::min(spans.size(), begin + kBatchSpans));
      }
    }
  }

  void append(TrackId track, const std::vector<Placed>& spans, std::size_t begin, std::size_t end) {
    SpanBatch batch;
    auto& c = batch.columns;
    const std::size_t n = end - begin;
    for (auto* column : {&c.name, &c.correlation, &c.launch}) column->reserve(n);
    for (auto* column : {&c.start, &c.duration}) column->reserve(n);
    c.kind.reserve(n);
    bool any_args = false;
    for (std::size_t i = begin; i < end; ++i) {
      const Record& span = *spans[i].record;
      c.start.push_back(span.start - start_);
      c.duration.push_back(span.duration);
      c.name.push_back(span.name);
      c.correlation.push_back(span.correlation);
      c.launch.push_back(span.launch);
      c.kind.push_back(span.kind);
      any_args = any_args || span.args_size > 0;
    }
    if (any_args) gather_args(spans, begin, end, batch);
    sink_.append(track, std::move(batch));
  }

  static void gather_args(const std::vector<Placed>& spans, std::size_t begin, std::size_t end,
                          SpanBatch& batch) {
    batch.args_offsets.reserve(end - begin + 1);
    batch.args_offsets.push_back(0);
    for (std::size_t i = begin; i < end; ++i) {
      const Record& span = *spans[i].record;
      batch.args_text.append(spans[i].block->args, span.args_offset, span.args_size);
      batch.args_offsets.push_back(static_cast<std::uint32_t>(batch.args_text.size()));
    }
  }

  void add_devices() {
    for (const auto& [process, index] : used_devices_) {
      Device device;
      if (const auto it = facts_.devices.find(index); it != facts_.devices.end())
        device = it->second;
      device.process = process;
      device.index = static_cast<int>(index);
      sink_.add_device(std::move(device));
    }
  }

  void add_counters() {
    for (auto& counter : rare_.counters) {
      const auto process = processes_.find(token_integer(counter.pid) && counter.pid != main_pid_
                                               ? counter.pid
                                               : std::string(pid_prefix(counter.pid)));
      CounterSeries series;
      series.process = process == processes_.end() ? 0 : process->second;
      series.name = counter.name;
      series.times = std::move(counter.times);
      for (auto& time : series.times) time -= start_;
      series.values = std::move(counter.values);
      sink_.add_counter(std::move(series));
    }
  }

  std::map<std::string, std::uint64_t> skipped_events() const {
    auto skipped = rare_.skipped;
    for (const auto& block : file_.blocks)
      for (const auto& [reason, count] : block.skipped) skipped[reason] += count;
    return skipped;
  }

  void add_info() {
    TraceInfo info;
    info.files = {path_.string()};
    info.format = "kineto";
    info.producer = facts_.producer;
    info.skipped = skipped_events();
    if (facts_.impossible_sm_counts > 0)
      info.skipped[kImpossibleSmCount] = facts_.impossible_sm_counts;
    info.warnings = std::move(file_.warnings);
    info.extra = std::move(facts_.extra);
    if (compressed_) info.extra["compression"] = "gzip";
    std::uint64_t flows = 0;
    for (const auto& block : file_.blocks) {
      info.events += block.events;
      flows += block.flows;
    }
    if (flows > 0) info.extra["flow events"] = std::to_string(flows);
    TimeNs epoch = 0;
    if (!__builtin_add_overflow(start_, facts_.base_time, &epoch) && epoch >= kEarliestWallClock)
      info.start_epoch_ns = epoch;
    sink_.set_info(std::move(info));
  }

  FileEvents& file_;
  const std::filesystem::path& path_;
  const bool compressed_;
  TraceSink& sink_;
  Progress& progress_;
  std::map<TrackKey, std::uint32_t> track_ids_;
  std::vector<std::vector<Placed>> spans_;  ///< by track
  RareEvents rare_;
  BlockEvents own_block_;  ///< arguments of spans that were put together here
  bool has_begin_end_ = false;
  TimeNs start_ = 0;
  Facts facts_;
  std::string main_pid_;
  std::map<std::string, ProcessId> processes_;
  std::set<std::pair<ProcessId, std::int64_t>> used_devices_;
  std::string scratch_;
};

}  // namespace

void assemble(FileEvents file, const std::filesystem::path& path, bool compressed, TraceSink& sink,
              Progress& progress) {
  Assembler(file, path, compressed, sink, progress).run();
}

}  // namespace moescope::kineto
