#include "core/export/chrome_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"

namespace moescope {
namespace {

constexpr int kMaxNesting = 100;
constexpr std::size_t kFlushBytes = std::size_t{1} << 20;

std::string json_string(std::string_view text) {
  return nlohmann::json(std::string(text))
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Nanoseconds as exact decimal microseconds: 1234567 is "1234.567".
std::string microseconds(TimeNs ns) {
  const bool negative = ns < 0;
  const auto magnitude =
      negative ? 0 - static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
  return fmt::format("{}{}.{:03}", negative ? "-" : "", magnitude / 1000, magnitude % 1000);
}

/// Category that our own importer and PyTorch's tools know the kind by.
const char* category(SpanKind kind) {
  switch (kind) {
    case SpanKind::Kernel:
      return "kernel";
    case SpanKind::Memcpy:
      return "gpu_memcpy";
    case SpanKind::Memset:
      return "gpu_memset";
    case SpanKind::GpuAnnotation:
      return "gpu_user_annotation";
    case SpanKind::Sync:
      return "cuda_sync";
    case SpanKind::Runtime:
      return "cuda_runtime";
    case SpanKind::CpuOp:
      return "cpu_op";
    case SpanKind::Annotation:
      return "user_annotation";
    case SpanKind::Phase:
      return "phase";
    case SpanKind::Instant:
    case SpanKind::Other:
      return nullptr;
  }
  return nullptr;
}

/// Keys and values of a JSON object as they are written, in order.
using Members = std::vector<std::pair<std::string, std::string>>;

/// Deepest nesting of brackets, those inside strings included: never too low.
int nesting(std::string_view text) {
  int depth = 0, deepest = 0;
  for (const char c : text) {
    if (c == '{' || c == '[') deepest = std::max(deepest, ++depth);
    if ((c == '}' || c == ']') && depth > 0) --depth;
  }
  return deepest;
}

/// What is no object, or nests so deeply that tools fail on it, is kept as text.
Members members_of(std::string_view args) {
  Members members;
  if (args.empty()) return members;
  const auto json = nesting(args) <= kMaxNesting
                        ? nlohmann::ordered_json::parse(args, nullptr, false)
                        : nlohmann::ordered_json();
  if (!json.is_object()) return {{"text", json_string(args)}};
  for (const auto& [key, value] : json.items())
    members.emplace_back(
        key, value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  return members;
}

bool is_number(const std::string& text) {
  return !text.empty() && text.size() < 18 &&
         text.find_first_not_of("0123456789") == std::string::npos &&
         (text.size() == 1 || text[0] != '0');
}

class ChromeWriter {
 public:
  ChromeWriter(const Trace& trace, const std::filesystem::path& path)
      : trace_(trace), file_(path), several_(trace.processes().size() > 1) {}

  void write(Progress& progress) {
    header();
    for (ProcessId id = 0; id < trace_.processes().size(); ++id) process(id);
    for (TrackId track = 0; track < trace_.tracks().size(); ++track) {
      track_name(track);
      spans(track, progress);
    }
    for (const auto& series : trace_.counters()) counter(series, progress);
    out_ += "\n]}\n";
    file_.write(out_);
    progress.check();
    file_.replace_target();
    progress.report(1, "written");
  }

 private:
  void header() {
    out_ = "{\"schemaVersion\":1,\"displayTimeUnit\":\"ns\"";
    if (const auto epoch = trace_.info().start_epoch_ns)
      out_ += fmt::format(",\"baseTimeNanoseconds\":{}", *epoch);
    if (!several_ && !trace_.processes().empty() && trace_.processes()[0].rank)
      out_ += fmt::format(",\"distributedInfo\":{{\"rank\":{},\"world_size\":{}}}",
                          *trace_.processes()[0].rank, trace_.processes()[0].world_size);
    out_ += ",\"deviceProperties\":[";
    bool first = true;
    for (const auto& [index, text] : device_properties()) {
      out_ += first ? "" : ",";
      out_ += text;
      first = false;
    }
    out_ += "],\"traceEvents\":[";
  }

  /// By ordinal, which is all the format knows a device by. Where processes mean different devices
  /// by one ordinal nothing is said of it: unknown is better than wrong.
  std::map<int, std::string> device_properties() const {
    std::map<int, std::string> properties;
    std::vector<int> ambiguous;
    for (const auto& d : trace_.devices()) {
      const std::string text = fmt::format(
          "{{\"id\":{},\"name\":{},\"numSms\":{},\"computeMajor\":{},\"computeMinor\":{},"
          "\"maxThreadsPerMultiprocessor\":{},\"maxBlocksPerMultiprocessor\":{},"
          "\"regsPerMultiprocessor\":{},\"sharedMemPerMultiprocessor\":{},"
          "\"sharedMemPerBlockOptin\":{}}}",
          d.index, json_string(d.name), d.sm_count, d.compute_major, d.compute_minor,
          d.max_threads_per_sm, d.max_blocks_per_sm, d.registers_per_sm, d.shared_memory_per_sm,
          d.shared_memory_per_block_max);
      const auto [it, added] = properties.emplace(d.index, text);
      if (!added && it->second != text) ambiguous.push_back(d.index);
    }
    for (const int index : ambiguous) properties.erase(index);
    return properties;
  }

  /// Ranks of one file are distinguished as in merged traces, "[rank 1] 145"; devices of a single
  /// process have their ordinal as pid, as PyTorch writes them.
  std::string pid(ProcessId id, int device) const {
    const Process& process = trace_.processes().at(id);
    if (several_)
      return json_string(fmt::format("[{}] {}", prefix(id),
                                     device >= 0 ? fmt::format("GPU {}", device) : process.pid));
    if (device >= 0) return std::to_string(device);
    return is_number(process.pid) ? process.pid : json_string(process.pid);
  }
  /// Label of a process; a bracket would end it early.
  std::string prefix(ProcessId id) const {
    std::string label = trace_.processes()[id].label;
    std::replace(label.begin(), label.end(), ']', ')');
    for (ProcessId other = 0; other < id; ++other)
      if (trace_.processes()[other].label == trace_.processes()[id].label)
        return fmt::format("{} #{}", label, id);
    return label;
  }
  std::string pid(const Track& track) const { return pid(track.process, track.device); }

  /// Number of a stream or thread; the name where several rows would share a number.
  static std::string tid(const Track& track) {
    switch (track.type) {
      case TrackType::DeviceStream:
      case TrackType::Thread:
        return std::to_string(track.id);
      case TrackType::Worker:
        return fmt::format("\"worker {}\"", track.id);
      case TrackType::Other:
        return json_string(track.name);
    }
    return "0";
  }

  void begin_event() {
    out_ += first_ ? "\n" : ",\n";
    first_ = false;
    if (out_.size() < kFlushBytes) return;
    file_.write(out_);
    out_.clear();
  }

  void process(ProcessId id) {
    const Process& process = trace_.processes()[id];
    begin_event();
    out_ += fmt::format(
        "{{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":{},\"tid\":0,\"args\":{{\"name\":{}}}}}",
        pid(id, -1), json_string(process.name.empty() ? process.label : process.name));
  }

  void track_name(TrackId id) {
    const Track& track = trace_.tracks()[id];
    begin_event();
    out_ += fmt::format(
        "{{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":{},\"tid\":{},\"args\":{{\"name\":{}}}}}",
        pid(track), tid(track), json_string(track.name));
  }

  void spans(TrackId id, Progress& progress) {
    const Track& track = trace_.tracks()[id];
    const std::string where = fmt::format("\"pid\":{},\"tid\":{}", pid(track), tid(track));
    trace_.visit_chunks(id, [&](const SpanChunk& chunk, std::uint32_t) {
      const auto args = chunk.args().rows();
      for (std::size_t row = 0; row < chunk.size(); ++row)
        span(track, where, chunk.columns().at(row),
             row < args.size() ? std::string_view(args[row]) : std::string_view());
      done_ += chunk.size();
      progress.report(
          0.99 * static_cast<double>(done_) / static_cast<double>(trace_.span_count() + 1),
          "writing Chrome JSON");
      return true;
    });
  }

  void span(const Track& track, const std::string& where, const Span& span, std::string_view args) {
    Members members = members_of(args);
    begin_event();
    const bool mark = span.kind == SpanKind::Instant;
    out_ += fmt::format("{{\"ph\":\"{}\",\"name\":{},{},\"ts\":{}", mark ? 'i' : 'X',
                        name(span.name), where, microseconds(span.start));
    if (!mark) out_ += fmt::format(",\"dur\":{}", microseconds(span.duration));
    if (const char* known = category(span.kind)) {
      out_ += fmt::format(",\"cat\":\"{}\"", known);
    } else {
      // The importer keeps a category that is no kind as an argument.
      const auto own = std::find_if(members.begin(), members.end(),
                                    [](const auto& member) { return member.first == "cat"; });
      if (own != members.end()) {
        out_ += ",\"cat\":" + own->second;
        members.erase(own);
      }
    }
    add_columns(track, span, members);
    if (!members.empty()) arguments(members);
    out_ += '}';
    if (span.correlation != 0) arrow(track, where, span);
  }

  /// The columns that other tools look for among the arguments, where they are missing.
  void add_columns(const Track& track, const Span& span, Members& members) const {
    const auto add = [&](const char* key, std::string value) {
      for (const auto& [known, text] : members)
        if (known == key) return;
      members.emplace_back(key, std::move(value));
    };
    if (track.type == TrackType::DeviceStream) {
      add("device", std::to_string(track.device));
      add("stream", std::to_string(track.id));
    }
    if (span.correlation != 0) add("correlation", std::to_string(span.correlation));
    if (span.launch == 0) return;
    const auto& l = trace_.launches().at(span.launch);
    const auto triple = [](const auto& v) { return fmt::format("[{},{},{}]", v[0], v[1], v[2]); };
    add("grid", triple(l.grid));
    add("block", triple(l.block));
    if (l.cluster[0] != 0) add("cluster", triple(l.cluster));
    add("registers per thread", std::to_string(l.registers_per_thread));
    add("shared memory", std::to_string(l.shared_memory));
  }

  void arguments(const Members& members) {
    out_ += ",\"args\":{";
    for (const auto& [key, value] : members) {
      if (&key != &members.front().first) out_ += ',';
      out_ += json_string(key);
      out_ += ':';
      out_ += value;
    }
    out_ += '}';
  }

  /// From a launch to the work it started.
  void arrow(const Track& track, const std::string& where, const Span& span) {
    const bool work = is_gpu_work(span.kind);
    if (!work && span.kind != SpanKind::Runtime) return;
    begin_event();
    out_ += fmt::format(
        "{{\"ph\":\"{}\",\"cat\":\"ac2g\",\"name\":\"ac2g\",\"id\":\"{}.{}\",{},\"ts\":{}{}}}",
        work ? 'f' : 's', track.process, span.correlation, where, microseconds(span.start),
        work ? ",\"bp\":\"e\"" : "");
  }

  void counter(const CounterSeries& series, Progress& progress) {
    const bool known = series.process < trace_.processes().size();
    const std::string where = known ? pid(series.process, -1) : "0";
    const std::string label = json_string(series.name);
    for (std::size_t i = 0; i < series.times.size(); ++i) {
      if (i % 4096 == 0) progress.check();
      begin_event();
      out_ += fmt::format(
          "{{\"ph\":\"C\",\"name\":{},\"pid\":{},\"ts\":{},\"args\":{{\"value\":{}}}}}", label,
          where, microseconds(series.times[i]), nlohmann::json(series.values[i]).dump());
    }
  }

  const std::string& name(StringId id) {
    if (id >= names_.size()) names_.resize(std::size_t{id} + 1);
    if (names_[id].empty()) names_[id] = json_string(trace_.strings()[id]);
    return names_[id];
  }

  const Trace& trace_;
  NewFile file_;
  bool several_, first_ = true;
  std::string out_;
  std::vector<std::string> names_;  ///< quoted, by StringId
  std::uint64_t done_ = 0;
};

}  // namespace

void write_chrome_json(const Trace& trace, const std::filesystem::path& path, Progress& progress) {
  trace.strings().load_all();
  ChromeWriter(trace, path).write(progress);
}

std::vector<std::string> lost_in_chrome_json(const Trace& trace) {
  std::vector<std::string> lost;
  if (!trace.sm_records().empty())
    lost.push_back(fmt::format("{} SM records", trace.sm_records().size()));
  if (!trace.notes().empty()) lost.push_back(fmt::format("{} notes", trace.notes().size()));
  if (!trace.losses().empty())
    lost.push_back(
        fmt::format("{} times at which the recording lost something (moescope info "
                    "lists them)",
                    trace.losses().size()));
  return lost;
}

}  // namespace moescope
