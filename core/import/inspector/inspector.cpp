// NCCL Inspector and RCCL Inspector: a line of JSON for each operation of a communicator.
#include <fmt/format.h>

#include <limits>
#include <set>

#include "core/error.h"
#include "core/import/importer.h"
#include "core/import/inspector/inspector_records.h"
#include "core/import/span_lanes.h"

namespace moescope {
namespace {

using namespace moescope::inspector;

constexpr const char* kExpected =
    "Open the .log files that NCCL's or RCCL's Inspector writes (NCCL_INSPECTOR_ENABLE=1)";

class InspectorTrace {
 public:
  InspectorTrace(Records records, const std::filesystem::path& path, TraceSink& sink)
      : records_(std::move(records)), path_(path), sink_(sink) {}

  void build(const ImportOptions& options, Progress& progress) {
    if (records_.operations.empty())
      throw Error(path_.string(), "", "holds no operation of an Inspector that can be used",
                  kExpected);
    place_untimed();
    add_processes();
    for (const auto& operation : records_.operations) add(operation);
    const TimeNs origin = *lanes_.first_start();
    for (const ProcessId process : devices_) sink_.add_device({.process = process});
    lanes_.append_to(sink_, origin, options.keep_args, progress);
    add_losses(origin);
    add_info(origin);
  }

 private:
  using GpuKey = std::tuple<std::string, std::string, int>;  ///< host, pid, rank of several

  /// Operations without a start are laid out as late as their order and the times of the dumps
  /// allow: each ended before it was written and before the next one of its communicator.
  void place_untimed() {
    std::vector<TimeNs> next(records_.communicators.size(), std::numeric_limits<TimeNs>::max());
    for (auto it = records_.operations.rbegin(); it != records_.operations.rend(); ++it) {
      timed_.push_back(it->start.has_value());
      if (it->start) continue;
      ++untimed_;
      TimeNs& before = next[it->communicator];
      const TimeNs end = std::min(before, it->dumped.value_or(before));
      it->start = (end == std::numeric_limits<TimeNs>::max() ? 0 : end) - it->duration;
      if (*it->start < -kMaxImportTime)
        throw Error(path_.string(), "", "its operations are longer than any recording");
      before = *it->start;
    }
    std::reverse(timed_.begin(), timed_.end());
  }

  /// A process that holds several ranks of one communicator drives several GPUs.
  void add_processes() {
    std::map<std::tuple<std::string, std::string, std::string>, std::set<int>> ranks;
    for (const auto& c : records_.communicators) ranks[{c.host, c.pid, c.id}].insert(c.rank);
    std::set<std::pair<std::string, std::string>> with_several;
    for (const auto& [key, found] : ranks)
      if (found.size() > 1) with_several.emplace(std::get<0>(key), std::get<1>(key));
    std::map<GpuKey, std::vector<const Communicator*>> gpus;
    for (const auto& c : records_.communicators) {
      const bool several = with_several.contains({c.host, c.pid});
      keys_.push_back({c.host, c.pid, several ? c.rank : -1});
      gpus[keys_.back()].push_back(&c);
    }
    for (const auto& [key, communicators] : gpus)
      processes_[key] = sink_.add_process(process_of(communicators));
  }

  /// The rank is that in the largest communicator, unless two of that size disagree.
  static Process process_of(const std::vector<const Communicator*>& communicators) {
    Process process;
    process.pid = communicators.front()->pid;
    process.name = communicators.front()->host;
    for (const auto* c : communicators) process.world_size = std::max(process.world_size, c->ranks);
    std::set<int> ranks;
    for (const auto* c : communicators)
      if (c->ranks == process.world_size && c->rank >= 0) ranks.insert(c->rank);
    if (ranks.size() == 1) process.rank = *ranks.begin();
    process.label = process.rank ? fmt::format("rank {}", *process.rank)
                                 : fmt::format("pid {} {}", process.pid, process.name);
    return process;
  }

  void add(const Operation& operation) {
    const bool timed = timed_[added_++];
    const ProcessId process = processes_.at(keys_[operation.communicator]);
    if (timed && operation.kind != Operation::Kind::Proxy) devices_.insert(process);
    Span span;
    span.start = *operation.start;
    span.duration = operation.duration;
    // RCCL names its kernels as NCCL does; the rules for communication know both by this prefix.
    span.name = sink_.strings().intern(
        operation.kind == Operation::Kind::Proxy ? operation.name : "nccl" + operation.name);
    span.kind =
        operation.kind == Operation::Kind::Proxy || !timed ? SpanKind::Other : SpanKind::Kernel;
    lanes_.add(lane_of(operation, process, timed), span, operation.args);
  }

  SpanLanes::Lane lane_of(const Operation& operation, ProcessId process, bool timed) {
    const auto [it, added] =
        lane_ids_.try_emplace({operation.communicator, operation.lane, timed}, SpanLanes::Lane{});
    if (!added) return it->second;
    const Communicator& c = records_.communicators[operation.communicator];
    Track track;
    track.process = process;
    track.id = static_cast<std::int64_t>(operation.communicator);
    track.name = fmt::format("communicator {} ({} ranks)", c.name.empty() ? c.id : c.name, c.ranks);
    if (operation.kind == Operation::Kind::Proxy) {
      track.type = TrackType::Thread;
      track.name = operation.lane + ", " + track.name;
    } else if (timed) {
      track.type = TrackType::DeviceStream;
      track.device = 0;
    } else {
      track.name += ", start not recorded";
    }
    return it->second = lanes_.add_lane(std::move(track));
  }

  void add_losses(TimeNs origin) {
    std::stable_sort(records_.drops.begin(), records_.drops.end(),
                     [](const Drops& a, const Drops& b) { return a.dumped < b.dumped; });
    std::map<std::size_t, TimeNs> since;
    const TimeNs last = lanes_.last_end() - origin;
    for (const auto& drops : records_.drops) {
      TimeNs& begin = since[drops.communicator];
      const TimeNs end = drops.dumped ? *drops.dumped - origin : last;
      Loss loss;
      loss.process = processes_.at(keys_[drops.communicator]);
      loss.when = {std::min(begin, end), end};
      loss.count = drops.count;
      loss.reason = drops.reason;
      sink_.add_loss(std::move(loss));
      begin = end;
    }
  }

  void add_info(TimeNs origin) {
    TraceInfo info;
    info.files = {path_.string()};
    info.format = "inspector";
    info.producer = "NCCL or RCCL Inspector";
    if (!records_.version.empty()) info.producer += ", output " + records_.version;
    info.events = records_.lines;
    info.skipped = std::move(records_.skipped);
    info.warnings = std::move(records_.warnings);
    info.start_epoch_ns = origin;
    if (untimed_ > 0)
      info.warnings.push_back(fmt::format(
          "{} of {} operations have a duration but no start: they are shown as late as their order "
          "and the times of the dumps allow, and count in no figure; record with "
          "NCCL_INSPECTOR_DUMP_VERBOSE=1",
          untimed_, records_.operations.size()));
    if (!devices_.empty()) {
      info.extra["times"] = "starts as the host saw them, durations of the GPU where recorded";
      info.warnings.emplace_back(
          "an Inspector records no compute: all of this communication counts as exposed");
    }
    sink_.set_info(std::move(info));
  }

  Records records_;
  const std::filesystem::path& path_;
  TraceSink& sink_;
  std::vector<bool> timed_;  ///< by operation
  std::size_t untimed_ = 0, added_ = 0;
  std::vector<GpuKey> keys_;  ///< by communicator
  std::map<GpuKey, ProcessId> processes_;
  std::set<ProcessId> devices_;  ///< processes with timed operations
  SpanLanes lanes_;
  std::map<std::tuple<std::size_t, std::string, bool>, SpanLanes::Lane> lane_ids_;
};

class InspectorImporter final : public Importer {
 public:
  std::string_view name() const override { return "inspector"; }
  std::string_view description() const override {
    return "NCCL Inspector or RCCL Inspector JSON, plain or gzip";
  }
  bool recognises(const FileProbe& probe) const override {
    const std::string_view head = probe.head;
    const auto first = head.find_first_not_of(" \t\r\n");
    if (first == head.npos || head[first] != '{') return false;
    const auto line = head.substr(first, head.find('\n', first) - first);
    const auto has = [&](std::string_view mark) { return line.find(mark) != line.npos; };
    return has("\"inspector_output_format_version\"") ||
           (has("\"header\"") && (has("\"coll_perf\"") || has("\"p2p_perf\"")));
  }
  void import(const FileProbe& probe, TraceSink& sink, const ImportOptions& options,
              Progress& progress) const override {
    InspectorTrace(read_records(probe.path, progress), probe.path, sink).build(options, progress);
  }
};

}  // namespace

const Importer& inspector_importer() {
  static const InspectorImporter importer;
  return importer;
}

}  // namespace moescope
