#include "core/agent/engine/engine_messages.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "core/error.h"
#include "core/placement/plan.h"

namespace moescope {
namespace {

constexpr int kProtocol = 1;
constexpr int kMaxRanks = 4096;
constexpr std::size_t kMaxOutcomes = 64;
constexpr std::size_t kMaxText = 1024;

constexpr std::array<std::pair<const char*, EnginePlanState>, 8> kStates = {{
    {"refused", EnginePlanState::Refused},
    {"received", EnginePlanState::Received},
    {"voting", EnginePlanState::Voting},
    {"agreed", EnginePlanState::Agreed},
    {"aborted", EnginePlanState::Aborted},
    {"committed", EnginePlanState::Committed},
    {"installed", EnginePlanState::Installed},
    {"not_installed", EnginePlanState::NotInstalled},
}};
constexpr std::array kModes = {EngineMode::Observe, EngineMode::Suggest, EngineMode::Apply};

/// Typed fields of a message; each throws Error that names the field.
class Fields {
 public:
  Fields(const nlohmann::json& json, const std::string& source) : json_(json), source_(source) {}

  std::int64_t number(const char* name, std::int64_t low, std::int64_t high) const {
    const auto& value = at(name);
    if (!value.is_number_integer() ||
        (value.is_number_unsigned() &&
         value.get<std::uint64_t>() > static_cast<std::uint64_t>(high)) ||
        value.get<std::int64_t>() < low || value.get<std::int64_t>() > high)
      fail(name, fmt::format("expected a whole number from {} to {}", low, high));
    return value.get<std::int64_t>();
  }
  std::uint64_t count(const char* name) const {
    return static_cast<std::uint64_t>(number(name, 0, std::int64_t{1} << 53));
  }
  std::uint32_t digest(const char* name) const {
    return static_cast<std::uint32_t>(number(name, 0, std::numeric_limits<std::uint32_t>::max()));
  }
  double real(const char* name) const {
    const auto& value = at(name);
    constexpr double kMost = 1e12;
    if (!value.is_number() || !(std::abs(value.get<double>()) < kMost))
      fail(name, "expected a number");
    return value.get<double>();
  }
  bool flag(const char* name) const {
    if (!at(name).is_boolean()) fail(name, "expected true or false");
    return at(name).get<bool>();
  }
  std::string text(const char* name) const {
    if (!at(name).is_string() || at(name).get_ref<const std::string&>().size() > kMaxText)
      fail(name, fmt::format("expected a text of at most {} bytes", kMaxText));
    return at(name).get<std::string>();
  }
  /// Ascending rows of a map.
  std::vector<int> layers(const char* name, int count) const {
    const auto& value = at(name);
    if (!value.is_array() || value.empty() || value.size() > static_cast<std::size_t>(count))
      fail(name, "expected the rows that hold experts");
    std::vector<int> rows;
    for (const auto& row : value) {
      if (!row.is_number_unsigned() ||
          row.get<std::uint64_t>() >= static_cast<std::uint64_t>(count) ||
          (!rows.empty() && row.get<int>() <= rows.back()))
        fail(name, fmt::format("expected ascending rows below {}", count));
      rows.push_back(row.get<int>());
    }
    return rows;
  }
  bool has(const char* name) const { return json_.contains(name) && !json_[name].is_null(); }
  const nlohmann::json& at(const char* name) const {
    const auto found = json_.find(name);
    if (found == json_.end()) fail(name, "is missing");
    return *found;
  }
  [[noreturn]] void fail(const char* name, const std::string& problem) const {
    throw Error(source_, fmt::format("field {}", name), problem,
                "Update the agent and the plugin together");
  }

 private:
  const nlohmann::json& json_;
  const std::string& source_;
};

std::uint64_t little_endian(const std::string& bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return value;
}

EngineRows read_map(const Fields& fields, const std::string& payload, int layers, int slots,
                    int experts) {
  const auto width = static_cast<std::size_t>(slots);
  if (payload.size() != 4 * static_cast<std::size_t>(layers) * width)
    fields.fail("payload", fmt::format("expected a map of {} layers with {} slots", layers, slots));
  EngineRows rows(static_cast<std::size_t>(layers), std::vector<int>(width));
  std::size_t at = 0;
  for (auto& row : rows)
    for (int& expert : row) {
      const auto value = static_cast<std::int32_t>(little_endian(payload, at, 4));
      at += 4;
      if (value < 0 || value >= experts)
        fields.fail("payload", fmt::format("a slot holds expert {} of {}", value, experts));
      expert = value;
    }
  return rows;
}

EngineMode mode_of(const Fields& fields) {
  const std::string name = fields.text("mode");
  for (const EngineMode mode : kModes)
    if (name == to_string(mode)) return mode;
  fields.fail("mode", "expected observe, suggest or apply");
}

std::vector<RankHello::Outcome> outcomes_of(const Fields& fields) {
  const auto& list = fields.at("recent");
  if (!list.is_array() || list.size() > kMaxOutcomes)
    fields.fail("recent", "expected a short list");
  std::vector<RankHello::Outcome> outcomes;
  for (const auto& entry : list) {
    const auto is_text = [](const nlohmann::json& value) {
      return value.is_string() && value.get_ref<const std::string&>().size() <= kMaxText;
    };
    if (!entry.is_array() || entry.size() != 3 || !std::all_of(entry.begin(), entry.end(), is_text))
      fields.fail("recent", "expected plan, state and reason");
    outcomes.push_back({entry[0], entry[1], entry[2]});
  }
  return outcomes;
}

RankHello hello_of(const Fields& fields, const EngineFrame& frame, const std::string& source) {
  if (fields.number("protocol", 0, 1 << 20) != kProtocol)
    throw Error(source, "",
                fmt::format("its plugin speaks protocol {}, this agent {}",
                            fields.number("protocol", 0, 1 << 20), kProtocol),
                "Update the agent and the plugin together");
  RankHello hello;
  hello.engine = fields.text("engine");
  hello.version = fields.text("version");
  hello.plugin = fields.text("plugin");
  hello.instance = fields.text("instance");
  if (fields.has("refuses")) hello.refuses = fields.text("refuses");
  hello.mode = mode_of(fields);
  hello.size = static_cast<int>(fields.number("size", 1, kMaxRanks));
  hello.rank = static_cast<int>(fields.number("rank", 0, hello.size - 1));
  hello.layers = static_cast<int>(fields.number("layers", 1, kMaxPlanLayers));
  hello.slots = static_cast<int>(fields.number("slots", 1, kMaxPlanSlots));
  hello.experts = static_cast<int>(fields.number("experts", 1, kMaxPlanExperts));
  hello.gpus = static_cast<int>(fields.number("ranks", 1, kMaxPlanGpus));
  if (hello.slots % hello.gpus != 0)
    fields.fail("slots", fmt::format("do not spread over {} GPUs", hello.gpus));
  if (fields.has("moe_layers")) hello.moe_layers = fields.layers("moe_layers", hello.layers);
  hello.process_id = fields.number("pid", 0, std::numeric_limits<std::int32_t>::max());
  hello.hold = fields.flag("hold");
  hello.passes = fields.count("passes");
  hello.digest = fields.digest("crc");
  hello.map = read_map(fields, frame.payload, hello.layers, hello.slots, hello.experts);
  hello.recent = outcomes_of(fields);
  return hello;
}

RankMap map_of(const Fields& fields, const EngineFrame& frame, const RankHello& hello) {
  RankMap map;
  map.pass = fields.count("at");
  map.plan = fields.text("id");
  map.digest = fields.digest("crc");
  map.milliseconds = std::max(0.0, fields.real("ms"));
  map.moved = static_cast<std::int64_t>(fields.count("moved"));
  if (!frame.payload.empty())
    map.map = read_map(fields, frame.payload, hello.layers, hello.slots, hello.experts);
  else if (hello.rank == 0)
    fields.fail("payload", "the first rank sends its map");
  return map;
}

RankLoads loads_of(const Fields& fields, const EngineFrame& frame, const RankHello& hello) {
  fields.number("layers", hello.layers, hello.layers);
  fields.number("experts", hello.experts, hello.experts);
  const auto layers = static_cast<std::size_t>(hello.layers),
             experts = static_cast<std::size_t>(hello.experts);
  if (frame.payload.size() != 8 * layers * experts)
    fields.fail("payload", "expected tokens of every layer and expert");
  RankLoads loads;
  loads.passes = fields.count("passes");
  loads.tokens.assign(layers, std::vector<std::uint64_t>(experts));
  std::size_t at = 0;
  for (auto& row : loads.tokens)
    for (std::uint64_t& tokens : row) {
      tokens = little_endian(frame.payload, at, 8);
      at += 8;
      if (tokens > std::uint64_t{1} << 53) fields.fail("payload", "more tokens than can be");
    }
  return loads;
}

}  // namespace

const char* to_string(EngineMode mode) {
  constexpr std::array names = {"observe", "suggest", "apply"};
  return names.at(static_cast<std::size_t>(mode));
}

EnginePlanState parse_plan_state_name(const std::string& name, const std::string& source) {
  for (const auto& [known, state] : kStates)
    if (name == known) return state;
  throw Error(source, "field state", "is not a state of a plan",
              "Update the agent and the plugin together");
}

std::optional<RankMessage> parse_rank_message(const EngineFrame& frame, const RankHello* hello,
                                              const std::string& source) {
  const Fields fields(frame.header, source);
  const std::string kind = fields.text("t");
  if (hello == nullptr) {
    if (kind != "hello") fields.fail("t", "the first message is not a hello");
    return hello_of(fields, frame, source);
  }
  if (kind == "hello") fields.fail("t", "a second hello");
  if (kind == "layers") return RankLayers{fields.layers("moe_layers", hello->layers)};
  if (kind == "map") return map_of(fields, frame, *hello);
  if (kind == "loads") return loads_of(fields, frame, *hello);
  if (kind == "alive")
    return RankAlive{fields.count("passes"), fields.count("waits"), fields.count("faults"),
                     fields.flag("hold")};
  if (kind == "plan")
    return RankPlanState{fields.text("id"), parse_plan_state_name(fields.text("state"), source),
                         fields.text("reason"), fields.count("at")};
  return std::nullopt;
}

std::string map_bytes(const EngineRows& rows) {
  std::string out;
  for (const auto& row : rows)
    for (const int expert : row)
      for (int i = 0; i < 4; ++i)
        out += static_cast<char>(static_cast<std::uint32_t>(expert) >> (8 * i) & 0xff);
  return out;
}

std::uint32_t map_digest(const EngineRows& rows) {
  const std::string bytes = map_bytes(rows);
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

}  // namespace moescope
