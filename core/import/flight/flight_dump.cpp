#include "core/import/flight/flight_dump.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/files.h"
#include "core/import/flight/dump_value.h"
#include "core/import/span_lanes.h"

namespace moescope::flight {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxBytes = std::size_t{128} << 20;
constexpr std::size_t kMaxEntries = std::size_t{1} << 20;  // the buffer has 2,000 by default
constexpr std::size_t kMaxListed = 32;                     // tensors, dimensions, stack frames
constexpr std::size_t kMaxText = 512;
constexpr std::size_t kMaxArgs = std::size_t{512}
                                 << 20;  // entries of a pickle may share all they hold
constexpr const char* kExpected =
    "Open a dump of PyTorch's Flight Recorder (TORCH_NCCL_TRACE_BUFFER_SIZE, "
    "nccl_trace_rank_<rank>)";

std::string short_text(const DumpValue& value) {
  auto text = value.text().value_or("");
  if (text.size() > kMaxText) text.resize(kMaxText);
  return text;
}

/// Missing times are None in pickles and 0 in JSON.
std::optional<TimeNs> time_of(const DumpValue& value) {
  const auto time = value.integer();
  return time && *time > 0 && *time <= kMaxImportTime ? time : std::nullopt;
}

/// A list of numbers, texts, or lists of numbers.
Json list_of(const DumpValue& list, int depth = 0) {
  Json result = Json::array();
  for (std::size_t i = 0; i < std::min(list.size(), kMaxListed); ++i) {
    const DumpValue item = list.item(i);
    if (const auto number = item.integer())
      result.push_back(*number);
    else if (item.text())
      result.push_back(short_text(item));
    else if (depth == 0 && !item.is_null())
      result.push_back(list_of(item, 1));
  }
  return result;
}

Json stack_of(const DumpValue& frames) {
  Json stack = Json::array();
  for (std::size_t i = 0; i < std::min(frames.size(), kMaxListed); ++i) {
    const DumpValue frame = frames.item(i);
    stack.push_back(fmt::format("{} ({}:{})", short_text(frame["name"]),
                                short_text(frame["filename"]),
                                frame["line"].integer().value_or(0)));
  }
  return stack;
}

/// The member as it is, when it is a number, a text or a truth value.
Json plain(const DumpValue& value) {
  if (const auto number = value.integer()) return *number;
  if (const auto real = value.real(); real && std::isfinite(*real)) return *real;
  if (const auto flag = value.boolean()) return *flag;
  return value.text() ? Json(short_text(value)) : Json();
}

std::string args_of(const DumpValue& json, const Entry& entry) {
  Json args = Json::object();
  for (const char* key :
       {"record_id", "collective_seq_id", "p2p_seq_id", "op_id", "state", "duration_ms", "retired",
        "timeout_ms", "is_p2p", "thread_name", "thread_id"})
    if (auto value = plain(json[key]); !value.is_null()) args[key] = std::move(value);
  for (const char* key : {"input_sizes", "input_dtypes", "output_sizes", "output_dtypes"})
    if (json[key].size() > 0) args[key] = list_of(json[key]);
  if (json["frames"].size() > 0) args["stack"] = stack_of(json["frames"]);
  args["process_group"] = entry.group;
  if (entry.started) args["enqueued_before_start_us"] = (*entry.started - entry.created) / 1000;
  return args.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// "group_name (group_desc)": a tuple since version 2.0, before it a text.
std::string group_of(const DumpValue& value) {
  if (value.text()) return short_text(value);
  std::string group;
  if (value.size() > 0) group = short_text(value.item(0));
  if (value.size() > 1)
    if (const auto described = short_text(value.item(1)); !described.empty())
      group += " (" + described + ")";
  return group;
}

/// nullptr, or why it is skipped.
const char* read_entry(const DumpValue& json, Entry& entry) {
  if (!json.is_object()) return "entry is no object";
  const auto created = time_of(json["time_created_ns"]);
  if (!created) return "entry without the time of its enqueueing";
  entry.created = *created;
  entry.started = time_of(json["time_discovered_started_ns"]);
  entry.completed = time_of(json["time_discovered_completed_ns"]);
  if (entry.started && *entry.started < entry.created) entry.started.reset();
  if (entry.completed && *entry.completed < entry.started.value_or(entry.created))
    return "entry that completes before it starts";
  if (const auto ms = json["duration_ms"].real(); ms && *ms >= 0 && *ms < 1e12)
    entry.duration = static_cast<TimeNs>(std::llround(*ms * 1e6));
  entry.group_id = json["pg_id"].integer().value_or(0);
  entry.group = group_of(json["process_group"]);
  entry.name = short_text(json["profiling_name"]);
  if (entry.name.empty()) entry.name = "(unnamed collective)";
  entry.state = short_text(json["state"]);
  entry.thread = short_text(json["thread_name"]);
  entry.point_to_point = json["is_p2p"].boolean().value_or(false);
  entry.sequence =
      json[entry.point_to_point ? "p2p_seq_id" : "collective_seq_id"].integer().value_or(0);
  entry.args = args_of(json, entry);
  return nullptr;
}

void read_groups(const DumpValue& root, Dump& dump) {
  const DumpValue groups = root["pg_config"], states = root["pg_status"];
  for (std::size_t i = 0; i < std::min(groups.size(), kMaxEntries); ++i) {
    const auto ranks = groups.item(i)["ranks"].text().value_or("");
    if (ranks.size() > 2)  // "[0, 1, 2]"
      dump.largest_group =
          std::max(dump.largest_group,
                   1 + static_cast<std::size_t>(std::count(ranks.begin(), ranks.end(), ',')));
  }
  for (std::size_t i = 0; i < std::min(states.size(), kMaxListed); ++i) {
    const DumpValue state = states.item(i);
    const auto last = [&](const char* what) {  // a number in pickles, a text in JSON
      const auto value = plain(state[fmt::format("last_{}_collective", what)]);
      return value.is_string() ? value.get<std::string>() : value.dump();
    };
    dump.facts["process group " + states.key(i)] =
        fmt::format("enqueued up to {}, started {}, completed {}", last("enqueued"),
                    last("started"), last("completed"));
  }
}

Dump dump_of(const DumpValue& root, const std::string& source) {
  Dump dump;
  dump.version = short_text(root["version"]);
  if (!dump.version.empty() && !dump.version.starts_with("2.") && !dump.version.starts_with("1."))
    throw Error(
        source, "version",
        fmt::format("is a Flight Recorder dump of version {}, 1.x and 2.x are read", dump.version),
        "Dump it with a PyTorch of 2.4 or later, or use a newer MoEscope");
  for (const char* key : {"comm_lib_version", "nccl_version"})
    if (dump.library.empty()) dump.library = short_text(root[key]);
  read_groups(root, dump);
  const DumpValue entries = root["entries"];
  if (entries.size() == 0)
    throw Error(source, "entries", "holds no collective",
                "Dump it with includecollectives=true and a TORCH_NCCL_TRACE_BUFFER_SIZE above 0");
  if (entries.size() > kMaxEntries)
    throw Error(source, "entries",
                fmt::format("has {} entries, at most {} are read", entries.size(), kMaxEntries));
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Entry entry;
    const char* problem = read_entry(entries.item(i), entry);
    kept += entry.args.size();
    if (kept > kMaxArgs)
      throw Error(source, fmt::format("entry {}", i), "the entries hold more text than is kept");
    if (problem != nullptr)
      ++dump.skipped[problem];
    else
      dump.entries.push_back(std::move(entry));
  }
  if (dump.entries.empty())
    throw Error(source, "entries",
                "none of the collectives can be used (" + dump.skipped.begin()->first + ")",
                kExpected);
  return dump;
}

}  // namespace

bool is_pickled_dump(std::string_view head) {
  return head.starts_with('\x80') && head.find("version") != head.npos &&
         (head.find("pg_config") != head.npos || head.find("entries") != head.npos);
}

bool is_json_dump(std::string_view head) {
  const auto first = head.find_first_not_of(" \t\r\n");
  if (first == head.npos || head[first] != '{') return false;
  return head.find("\"collective_seq_id\"") != head.npos ||
         (head.find("\"pg_config\"") != head.npos && head.find("\"pg_status\"") != head.npos);
}

Dump read_dump(const std::filesystem::path& path) {
  const auto bytes = read_text_file(path, kMaxBytes);
  const auto source = path.string();
  if (is_pickled_dump(bytes)) {
    const Pickle pickle(bytes, source);
    return dump_of(DumpValue(pickle, pickle.root()), source);
  }
  const auto json = Json::parse(bytes, nullptr, false);
  if (!json.is_object())
    throw Error(source, "", "is no complete JSON object of a Flight Recorder", kExpected);
  return dump_of(DumpValue(json), source);
}

}  // namespace moescope::flight
