#include "core/import/inspector/inspector_records.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/import/span_lanes.h"
#include "core/import/text_lines.h"

namespace moescope::inspector {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kNsPerUs = 1000;
constexpr std::int64_t kMaxWholeUs = kMaxImportTime / kNsPerUs;
constexpr auto kMaxUs = static_cast<double>(kMaxWholeUs);

/// A member of an object, null when it is absent.
const Json& member(const Json& object, const char* key) {
  static const Json none;
  if (!object.is_object()) return none;
  const auto it = object.find(key);
  return it == object.end() ? none : *it;
}

std::string text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() ? value.dump() : std::string();
}

int small_number(const Json& value, int fallback) {
  if (!value.is_number_integer()) return fallback;
  const auto number = value.get<double>();
  return number >= 0 && number < 1e9 ? value.get<int>() : fallback;
}

/// Microseconds as ns; nullopt for 0, which the plugin writes for what it did not see, and for
/// impossible times.
std::optional<TimeNs> time_of(const Json& us) {
  if (!us.is_number() || !(us.get<double>() > 0) || us.get<double>() > kMaxUs) return {};
  if (us.is_number_integer()) return us.get<std::int64_t>() * kNsPerUs;
  return static_cast<TimeNs>(std::llround(us.get<double>() * kNsPerUs));
}

struct Interval {
  TimeNs start = 0, end = 0;
};

/// From the first channel's kernel start to the last one's stop; nullopt when they are missing.
std::optional<Interval> kernel_interval(const Json& operation) {
  const Json& events = member(member(operation, "event_trace_ts"), "kernel_events");
  std::optional<Interval> all;
  if (!events.is_array()) return all;
  for (const Json& event : events) {
    const auto start = time_of(member(event, "kernel_start_ts"));
    const auto stop = time_of(member(event, "kernel_stop_ts"));
    if (!start || !stop || *stop < *start) continue;
    if (!all) all = Interval{*start, *stop};
    all->start = std::min(all->start, *start);
    all->end = std::max(all->end, *stop);
  }
  return all;
}

class Reader {
 public:
  explicit Reader(Records& records) : records_(records) {}

  void line(std::string_view line, bool ended) {
    if (line.find_first_not_of(" \t\r") == line.npos) return;
    ++records_.lines;
    const Json record = Json::parse(line, nullptr, false);
    if (!record.is_object()) {
      ++records_.skipped[ended ? "line is no JSON object" : "last line is cut off"];
      return;
    }
    // Since version 4.3 only the first line of a dump has these.
    if (record.contains("header")) header(record["header"], member(record, "metadata"));
    bool known = false;
    if (const Json& stats = member(record, "dump_stats"); stats.is_object()) {
      drops(stats);
      known = true;
    }
    if (const Json& coll = member(record, "coll_perf"); coll.is_object()) {
      operation(coll, Operation::Kind::Collective, "coll");
      known = true;
    }
    if (const Json& p2p = member(record, "p2p_perf"); p2p.is_object()) {
      operation(p2p, Operation::Kind::PointToPoint, "p2p");
      known = true;
    }
    if (const Json& proxy = member(record, "proxy_trace"); proxy.is_object()) {
      proxy_operation(proxy);
      known = true;
    }
    if (!known) ++records_.skipped["line of an unknown kind"];
  }

 private:
  void header(const Json& header, const Json& metadata) {
    Communicator found;
    found.host = text(member(metadata, "hostname"));
    found.pid = text(member(metadata, "pid"));
    found.id = text(member(header, "id"));
    found.name = text(member(header, "comm_name"));
    if (found.name == "unknown") found.name.clear();
    found.rank = small_number(member(header, "rank"), -1);
    found.ranks = small_number(member(header, "n_ranks"), 0);
    const auto [it, added] = ids_.try_emplace(found, records_.communicators.size());
    if (added) records_.communicators.push_back(std::move(found));
    current_ = it->second;
    dumped_ = time_of(member(metadata, "dump_timestamp_us"));
    if (records_.version.empty())
      records_.version = text(member(metadata, "inspector_output_format_version"));
  }

  void drops(const Json& stats) {
    if (!current_) return;
    const auto add = [&](const char* key, const char* reason) {
      const Json& value = member(stats, key);
      if (!value.is_number_unsigned() || value.get<std::uint64_t>() == 0) return;
      records_.drops.push_back({*current_, value.get<std::uint64_t>(), dumped_, reason});
    };
    add("coll_dropped_since_last_dump", "the Inspector's ring of collectives was full");
    add("p2p_dropped_since_last_dump", "the Inspector's ring of sends and receives was full");
    add("proxy_dropped_since_last_dump", "the Inspector's ring of proxy operations was full");
  }

  void operation(const Json& json, Operation::Kind kind, const std::string& prefix) {
    if (!current_) {
      ++records_.skipped["operation before the first header"];
      return;
    }
    const Json& us = member(json, (prefix + "_exec_time_us").c_str());
    if (!us.is_number() || us.get<double>() < 0 || us.get<double>() > kMaxUs) {
      ++records_.skipped["operation without a duration"];
      return;
    }
    Operation found;
    found.kind = kind;
    found.communicator = *current_;
    found.name = text(member(json, prefix.c_str()));
    if (found.name.empty()) found.name = "(unnamed operation)";
    found.duration = static_cast<TimeNs>(std::llround(us.get<double>() * kNsPerUs));
    found.dumped = dumped_;
    place(json, prefix, found);
    found.args = args_of(json, prefix);
    records_.operations.push_back(std::move(found));
  }

  /// The duration is the GPU's where the plugin has it; where the operation lies, only the host
  /// knows.
  static void place(const Json& json, const std::string& prefix, Operation& found) {
    const auto interval = kernel_interval(json);
    if (!interval) return;
    found.start = interval->start;
    const bool gpu_time = text(member(json, (prefix + "_timing_source").c_str())) == "kernel_gpu";
    if (!gpu_time || found.duration == 0) found.duration = interval->end - interval->start;
  }

  std::string args_of(const Json& json, const std::string& prefix) const {
    const Communicator& of = records_.communicators[*current_];
    Json args = Json::object();
    for (const auto& [key, value] : json.items())
      if (value.is_primitive() && key != prefix) args[key] = value;
    if (const Json& events = member(member(json, "event_trace_ts"), "kernel_events");
        events.is_array() && !events.empty())
      args["channels"] = events.size();
    // As the PyTorch profiler names them, so that clocks can be aligned on the same collective.
    args["Collective name"] = text(member(json, prefix.c_str()));
    args["Process Group Name"] = of.id;
    args["Group size"] = of.ranks;
    if (const Json& number = member(json, (prefix + "_sn").c_str());
        number.is_number_integer() && prefix == "coll")
      args["Seq"] = number;
    return args.dump(-1, ' ', false, Json::error_handler_t::replace);
  }

  void proxy_operation(const Json& json) {
    const std::string type = text(member(json, "record_type"));
    const Json& times = member(json, "event_trace_ts");
    const auto start = time_of(member(times, (type + "_start_ts").c_str()));
    const auto stop = time_of(member(times, (type + "_stop_ts").c_str()));
    if (!current_ || !start || !stop || *stop < *start) {
      ++records_.skipped["proxy operation without times"];
      return;
    }
    Operation found;
    found.kind = Operation::Kind::Proxy;
    found.communicator = *current_;
    found.name = type == "proxy_step" ? "proxy step" : "proxy op";
    found.lane = fmt::format("proxy channel {} {}", small_number(member(json, "channel_id"), 0),
                             text(member(json, "direction")));
    found.start = start;
    found.duration = *stop - *start;
    Json args = Json::object();
    for (const auto& [key, value] : json.items())
      if (value.is_primitive()) args[key] = value;
    found.args = args.dump(-1, ' ', false, Json::error_handler_t::replace);
    records_.operations.push_back(std::move(found));
  }

  Records& records_;
  std::map<Communicator, std::size_t> ids_;
  std::optional<std::size_t> current_;
  std::optional<TimeNs> dumped_;
};

}  // namespace

Records read_records(const std::filesystem::path& path, Progress& progress) {
  Records records;
  Reader reader(records);
  records.warnings = for_each_text_line(
      path, progress,
      [&](std::string_view line, std::uint64_t, bool ended) { reader.line(line, ended); });
  return records;
}

}  // namespace moescope::inspector
