#include "core/import/nsys/nsys_samples.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace moescope::nsys {
namespace {

using nlohmann::json;

constexpr std::int64_t kGpuOfType = 0xFF;  // the low byte of a metrics typeId numbers the GPU
constexpr std::size_t kMaxSeries = 4096;
constexpr std::int64_t kMaxSm = 0xFFFF;

std::string unit_of(const std::string& name) {
  if (name.find('%') != std::string::npos) return "%";
  if (name.find("MHz") != std::string::npos) return "MHz";
  if (name.find("Bytes") != std::string::npos || name.find("bytes") != std::string::npos)
    return "B";
  return {};
}

/// Sets process and device of a series that belongs to GPU `gpu`.
void assign_gpu(CounterSeries& series, std::int64_t gpu, const std::vector<DeviceUse>& devices) {
  for (const auto& use : devices) {
    if (use.gpu != gpu) continue;
    series.process = use.device.process;
    series.device = use.device.index;
    return;
  }
  series.device = gpu >= 0 && gpu <= kGpuOfType ? static_cast<int>(gpu) : -1;
}

/// Puts samples in order of time.
void sort_samples(CounterSeries& series) {
  if (std::is_sorted(series.times.begin(), series.times.end())) return;
  std::vector<std::pair<TimeNs, double>> samples;
  for (std::size_t i = 0; i < series.times.size(); ++i)
    samples.emplace_back(series.times[i], series.values[i]);
  std::stable_sort(samples.begin(), samples.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < samples.size(); ++i)
    std::tie(series.times[i], series.values[i]) = samples[i];
}

std::map<std::pair<std::int64_t, std::int64_t>, std::string> metric_names(const Database& database,
                                                                          const Strings& strings) {
  std::map<std::pair<std::int64_t, std::int64_t>, std::string> names;
  const TableShape* table = database.table("TARGET_INFO_GPU_METRICS");
  if (table == nullptr) return names;
  Rows rows = database.rows(*table);
  const int type = rows.column("typeId"), metric = rows.column("metricId");
  const int name = rows.column("metricName");
  while (rows.next()) {
    const auto id = rows.integer(name);
    const auto* text = id ? strings.text(*id) : nullptr;
    names[{rows.integer_or(type, 0), rows.integer_or(metric, 0)}] =
        text != nullptr ? *text : std::string(rows.text(name));
  }
  return names;
}

/// The time of a sample row: `timestamp`, in old exports `rawTimestamp` only.
std::optional<std::int64_t> sample_time(const Rows& rows, int time, int raw) {
  auto t = rows.integer(time);
  if (!t) t = rows.integer(raw);
  return t && is_time(*t) ? t : std::nullopt;
}

void read_gpu_metrics(const Database& database, const Strings& strings,
                      const std::vector<DeviceUse>& devices, std::int64_t origin,
                      EventCounts& counts, std::vector<CounterSeries>& result) {
  const TableShape* table = database.table("GPU_METRICS");
  if (table == nullptr) return;
  const auto names = metric_names(database, strings);
  std::map<std::pair<std::int64_t, std::int64_t>, CounterSeries> series;
  Rows rows = database.rows(*table);
  const int time = rows.column("timestamp"), raw = rows.column("rawTimestamp");
  const int type = rows.column("typeId"), metric = rows.column("metricId");
  const int value = rows.column("value");
  while (rows.next()) {
    ++counts.rows;
    const auto t = sample_time(rows, time, raw);
    const auto v = rows.integer(value);
    const std::pair key{rows.integer_or(type, 0), rows.integer_or(metric, 0)};
    const auto found = series.find(key);
    if (!t || !v || (found == series.end() && series.size() >= kMaxSeries)) {
      ++counts.skipped["GPU metric without time or number"];
      continue;
    }
    auto& one = found == series.end() ? series[key] : found->second;
    one.times.push_back(*t - origin);
    one.values.push_back(static_cast<double>(*v));
  }
  for (auto& [key, one] : series) {
    const auto name = names.find(key);
    one.name = name != names.end() ? name->second : fmt::format("metric {}", key.second);
    one.unit = unit_of(one.name);
    assign_gpu(one, key.first & kGpuOfType, devices);
    sort_samples(one);
    result.push_back(std::move(one));
  }
}

std::optional<double> number_in(const json& value) {
  double number = 0;
  if (value.is_number()) {
    number = value.get<double>();
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || text.empty()) return {};
  } else {
    return {};
  }
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

/// Names of generic event types; GENERIC_EVENT_TYPES keeps them in JSON.
std::map<std::int64_t, std::string> generic_type_names(const Database& database) {
  std::map<std::int64_t, std::string> names;
  const TableShape* table = database.table("GENERIC_EVENT_TYPES");
  if (table == nullptr) return names;
  Rows rows = database.rows(*table);
  const int type = rows.column("typeId"), data = rows.column("data");
  while (rows.next()) {
    const json parsed = json::parse(rows.text(data), nullptr, false);
    const auto id = rows.integer(type);
    if (!id || !parsed.is_object()) continue;
    if (const auto it = parsed.find("Name"); it != parsed.end() && it->is_string())
      names[*id] = it->get<std::string>();
  }
  return names;
}

void read_generic_events(const Database& database, const std::vector<DeviceUse>& devices,
                         std::int64_t origin, EventCounts& counts,
                         std::vector<CounterSeries>& result) {
  const TableShape* table = database.table("GENERIC_EVENTS");
  if (table == nullptr) return;
  const auto types = generic_type_names(database);
  std::map<std::pair<std::int64_t, std::string>, CounterSeries> series;
  Rows rows = database.rows(*table);
  const int time = rows.column("timestamp"), raw = rows.column("rawTimestamp");
  const int type = rows.column("typeId"), data = rows.column("data");
  while (rows.next()) {
    ++counts.rows;
    const auto t = sample_time(rows, time, raw);
    const json parsed = json::parse(rows.text(data), nullptr, false);
    bool used = false;
    if (t && parsed.is_object()) {
      for (const auto& [field, value] : parsed.items()) {
        const auto number = number_in(value);
        const std::pair key{rows.integer_or(type, 0), field};
        if (!number || (series.size() >= kMaxSeries && !series.contains(key))) continue;
        auto& one = series[key];
        one.times.push_back(*t - origin);
        one.values.push_back(*number);
        used = true;
      }
    }
    if (!used) ++counts.skipped["generic event without a number"];
  }
  for (auto& [key, one] : series) {
    const auto name = types.find(key.first);
    one.name = name != types.end() ? name->second + ": " + key.second : key.second;
    one.unit = unit_of(key.second);
    if (name != types.end() && name->second.find("GPU") != std::string::npos)
      assign_gpu(one, key.first & kGpuOfType, devices);
    sort_samples(one);
    result.push_back(std::move(one));
  }
}

/// Device and process of the kernel that a block belongs to, by correlation id.
struct KernelPlace {
  ProcessKey process = 0;
  std::int64_t device = 0;
  bool ambiguous = false;
};

std::map<std::int64_t, KernelPlace> kernel_places(const Database& database) {
  std::map<std::int64_t, KernelPlace> places;
  const TableShape* table = database.table("CUPTI_ACTIVITY_KIND_KERNEL");
  if (table == nullptr) return places;
  Rows rows = database.rows(*table);
  const int global = rows.column("globalPid"), device = rows.column("deviceId");
  const int correlation = rows.column("correlationId");
  while (rows.next()) {
    const auto id = rows.integer(correlation);
    if (!id) continue;
    const auto pid = rows.integer(global);
    const KernelPlace place{pid ? process_key(*pid) : 0, rows.integer_or(device, 0), false};
    const auto [it, added] = places.try_emplace(*id, place);
    if (!added && (it->second.process != place.process || it->second.device != place.device))
      it->second.ambiguous = true;
  }
  return places;
}

}  // namespace

std::vector<CounterSeries> read_counters(const Database& database, const Strings& strings,
                                         const std::vector<DeviceUse>& devices, std::int64_t origin,
                                         EventCounts& counts) {
  std::vector<CounterSeries> result;
  read_gpu_metrics(database, strings, devices, origin, counts, result);
  read_generic_events(database, devices, origin, counts, result);
  return result;
}

std::optional<std::int64_t> first_sample(const Database& database) {
  std::optional<std::int64_t> first;
  for (const char* name : {"GPU_METRICS", "GENERIC_EVENTS"}) {
    const TableShape* table = database.table(name);
    if (table == nullptr) continue;
    Rows rows = database.rows(*table);
    const int time = rows.column("timestamp"), raw = rows.column("rawTimestamp");
    while (rows.next())
      if (const auto t = sample_time(rows, time, raw)) first = std::min(first.value_or(*t), *t);
  }
  return first;
}

std::vector<SmRecord> read_block_trace(const Database& database,
                                       const std::map<ProcessKey, ProcessId>& processes,
                                       std::int64_t origin, EventCounts& counts) {
  std::vector<SmRecord> records;
  const TableShape* table = database.table("CUPTI_ACTIVITY_KIND_BLOCK_TRACE");
  if (table == nullptr) return records;
  const bool placed = table->has("deviceId") && table->has("globalPid");
  const auto places = placed ? std::map<std::int64_t, KernelPlace>() : kernel_places(database);
  Rows rows = database.rows(*table);
  const int start = rows.column("start"), end = rows.column("end");
  const int sm = rows.column(table->has("SMId") ? "SMId" : "smId");
  const int correlation = rows.column("correlationId");
  const int device = rows.column("deviceId"), global = rows.column("globalPid");
  while (rows.next()) {
    ++counts.rows;
    const auto from = rows.integer(start), to = rows.integer(end), on = rows.integer(sm);
    const std::int64_t id = rows.integer_or(correlation, 0);
    KernelPlace place;
    if (placed) {
      place = {process_key(rows.integer_or(global, 0)), rows.integer_or(device, -1), false};
    } else if (const auto it = places.find(id); it != places.end()) {
      place = it->second;
    } else {
      place.ambiguous = true;
    }
    const auto process = processes.find(place.process);
    const bool valid = from && to && on && is_time(*from) && is_time(*to) && *to >= *from &&
                       *on >= 0 && *on <= kMaxSm && place.device >= 0 && place.device <= kMaxSm &&
                       !place.ambiguous && process != processes.end();
    if (!valid) {
      ++counts.skipped["block record without time, SM or kernel"];
      continue;
    }
    records.push_back({*from - origin, *to - origin, process->second,
                       static_cast<int>(place.device), static_cast<std::uint32_t>(*on),
                       id > 0 && id <= 0xFFFFFFFF ? static_cast<std::uint32_t>(id) : 0U});
  }
  return records;
}

}  // namespace moescope::nsys
