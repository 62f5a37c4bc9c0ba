#include "core/import/kineto/facts.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "core/import/kineto/json_scan.h"
#include "core/import/kineto/json_text.h"

namespace moescope::kineto {
namespace {

using nlohmann::json;

/// The value as JSON, repaired where it is broken; discarded when it cannot be read.
json parse(const std::string& text) {
  json value = json::parse(text, nullptr, false);
  if (!value.is_discarded()) return value;
  std::string normal;
  if (scan_value(text.data(), text.data() + text.size(), &normal))
    return json::parse(normal, nullptr, false);
  return value;
}

/// An integer of any kind of number or number in quotes, within [0, max]; `otherwise` else.
std::int64_t integer(const json& object, const char* key, std::int64_t otherwise,
                     std::int64_t max = std::numeric_limits<int>::max()) {
  const auto it = object.find(key);
  if (it == object.end()) return otherwise;
  const auto value = token_integer(it->is_string() ? it->get<std::string>() : it->dump());
  return value && *value >= 0 && *value <= max ? *value : otherwise;
}

Device read_device(const json& p) {
  Device d;
  if (const auto it = p.find("name"); it != p.end() && it->is_string()) d.name = *it;
  if (const auto it = p.find("uuid"); it != p.end() && it->is_string()) d.uuid = *it;
  const auto number = [&](const char* key) { return static_cast<int>(integer(p, key, 0)); };
  d.sm_count = number("numSms");
  d.compute_major = number("computeMajor");
  d.compute_minor = number("computeMinor");
  d.max_threads_per_sm = number("maxThreadsPerMultiprocessor");
  d.max_blocks_per_sm = number("maxBlocksPerMultiprocessor");
  d.registers_per_sm = number("regsPerMultiprocessor");
  constexpr std::int64_t kMaxBytes = std::int64_t{1} << 40;
  d.shared_memory_per_sm = integer(p, "sharedMemPerMultiprocessor", 0, kMaxBytes);
  d.shared_memory_per_block_max = integer(p, "sharedMemPerBlockOptin", 0, kMaxBytes);
  return d;
}

void read_devices(const json& list, Facts& facts) {
  if (!list.is_array()) return;
  std::int64_t position = 0;
  for (const auto& entry : list) {
    if (!entry.is_object()) continue;
    const auto id = integer(entry, "id", position++);
    Device device = read_device(entry);
    if (device.sm_count > kMaxSmCount) {
      device.sm_count = 0;
      ++facts.impossible_sm_counts;
    }
    // A device may be listed twice; the entry with an SM count wins.
    auto& known = facts.devices[id];
    if (known.sm_count == 0) known = device;
  }
}

void read_distributed(const json& info, Facts& facts) {
  if (!info.is_object()) return;
  if (const auto rank = integer(info, "rank", -1); rank >= 0) facts.rank = static_cast<int>(rank);
  facts.world_size = static_cast<int>(integer(info, "world_size", 0));
  for (const auto& [key, value] : info.items()) {
    if (value.is_string()) facts.extra["distributed " + key] = value.get<std::string>();
    if (key == "pg_config" && value.is_array())
      facts.extra["process groups"] = std::to_string(value.size());
  }
}

}  // namespace

Facts read_facts(const std::map<std::string, std::string>& values) {
  Facts facts;
  for (const auto& [key, text] : values) {
    if (text.empty()) continue;
    if (key == "deviceProperties") {
      read_devices(parse(text), facts);
    } else if (key == "distributedInfo") {
      read_distributed(parse(text), facts);
    } else if (key == "baseTimeNanoseconds") {
      facts.base_time = token_integer(text).value_or(0);
      facts.extra[key] = text;
    } else if (text[0] != '{' && text[0] != '[' && text.size() < 4096) {
      std::string normal, scratch;
      if (!scan_value(text.data(), text.data() + text.size(), &normal)) continue;
      facts.extra[key] = token_text(normal, scratch);
    }
  }
  if (facts.extra.contains("schemaVersion") || !facts.devices.empty())
    facts.producer = "PyTorch profiler";
  return facts;
}

}  // namespace moescope::kineto
