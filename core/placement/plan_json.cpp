// Plan files:
// {"schema":1,"physical_to_logical_map":[layer][slot],"num_gpus":...}.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"
#include "core/placement/plan.h"
#include "core/placement/validate.h"

namespace moescope {
namespace {

using nlohmann::json;
constexpr std::size_t kMaxPlanBytes = std::size_t{256} << 20;

class PlanParser {
 public:
  explicit PlanParser(PlanReading& out) : out_(out), plan_(out.plan) {}

  void parse(const json& document, const std::string& source) {
    if (!document.is_object()) throw Error(source, "", "is not a plan: not a JSON object");
    if (!document.contains("physical_to_logical_map"))
      throw Error(source, "", "has no physical_to_logical_map",
                  "Import plans of serving engines with `moescope plan import`");
    if (document.contains("schema") && document["schema"] != 1)
      problem("schema", -1, -1,
              fmt::format("schema is {}, this program reads 1", document["schema"].dump()));
    number(document, "num_gpus", 1, kMaxPlanGpus, plan_.num_gpus);
    number(document, "num_nodes", 1, kMaxPlanGpus, plan_.num_nodes);
    number(document, "num_groups", 1, kMaxPlanExperts, plan_.num_groups);
    number(document, "num_logical_experts", 1, kMaxPlanExperts, plan_.num_experts);
    if (!document.contains("num_gpus")) problem("num_gpus", -1, -1, "num_gpus is missing");
    map(document["physical_to_logical_map"]);
    if (document.contains("layer_ids")) layer_ids(document["layer_ids"]);
    if (document.contains("replica_weight")) weights(document["replica_weight"]);
    if (document.contains("dead_gpus")) dead_gpus(document["dead_gpus"]);
    if (plan_.num_experts == 0)
      for (const auto& row : plan_.physical_to_logical)
        for (const int e : row) plan_.num_experts = std::max(plan_.num_experts, e + 1);
  }

 private:
  void problem(std::string kind, int layer, int slot, std::string text) {
    out_.problems.push_back(
        {PlanProblem::Severity::Error, std::move(kind), layer, slot, std::move(text)});
  }
  /// An integer of [low, high]; floating point numbers are refused, never
  /// rounded.
  static std::optional<int> integer(const json& value, int low, int high) {
    if (!value.is_number_integer()) return std::nullopt;
    const auto n = value.is_number_unsigned() && value.get<std::uint64_t>() > 1ULL << 62
                       ? std::int64_t{1} << 62
                       : value.get<std::int64_t>();
    if (n < low || n > high) return std::nullopt;
    return static_cast<int>(n);
  }
  static std::string shown(const json& value) {
    auto text = value.dump(-1, ' ', true, json::error_handler_t::replace);
    if (text.size() > 40) text = text.substr(0, 37) + "...";
    return text;
  }
  void number(const json& document, const char* key, int low, int high, int& into) {
    if (!document.contains(key)) return;
    if (const auto n = integer(document[key], low, high))
      into = *n;
    else
      problem(key, -1, -1,
              fmt::format("{} is {}, expected an integer of {}..{}", key, shown(document[key]), low,
                          high));
  }
  void map(const json& rows) {
    if (!rows.is_array() || rows.empty() || rows.size() > kMaxPlanLayers) {
      problem("map", -1, -1,
              fmt::format("physical_to_logical_map is not a list of 1..{} layers", kMaxPlanLayers));
      return;
    }
    for (const auto& row : rows) {
      const int layer = plan_.layers();
      auto& slots = plan_.physical_to_logical.emplace_back();
      if (!row.is_array() || row.size() > kMaxPlanSlots) {
        problem("map", layer, -1, fmt::format("is not a list of at most {} slots", kMaxPlanSlots));
        continue;
      }
      slots.reserve(row.size());
      for (const auto& value : row) {
        const auto expert = integer(value, kNoExpert, kMaxPlanExperts - 1);
        if (!expert)
          problem("expert_id", layer, static_cast<int>(slots.size()),
                  fmt::format("holds {}, expected an expert id", shown(value)));
        slots.push_back(expert.value_or(kNoExpert));
      }
    }
  }
  void layer_ids(const json& ids) {
    if (!ids.is_array()) return problem("layer_ids", -1, -1, "layer_ids is not a list");
    for (const auto& value : ids) {
      const auto id = integer(value, 0, 1 << 20);
      if (!id)
        problem("layer_ids", static_cast<int>(plan_.layer_ids.size()), -1,
                fmt::format("layer id is {}, expected an integer", shown(value)));
      plan_.layer_ids.push_back(id.value_or(-1));
    }
  }
  void weights(const json& rows) {
    if (!rows.is_array()) return problem("replica_weight", -1, -1, "replica_weight is not a list");
    for (const auto& row : rows) {
      const int layer = static_cast<int>(plan_.replica_weight.size());
      auto& weights = plan_.replica_weight.emplace_back();
      if (!row.is_array()) {
        problem("replica_weight", layer, -1, "replica_weight of the layer is not a list");
        continue;
      }
      for (const auto& value : row) {
        const double w = value.is_number() ? value.get<double>() : -1;
        if (!(w >= 0 && w <= 1 + 1e-6))
          problem("replica_weight", layer, static_cast<int>(weights.size()),
                  fmt::format("replica_weight is {}, expected 0..1", shown(value)));
        weights.push_back(w);
      }
    }
  }
  void dead_gpus(const json& gpus) {
    if (!gpus.is_array()) return problem("dead_gpus", -1, -1, "dead_gpus is not a list");
    for (const auto& value : gpus) {
      const auto gpu = integer(value, 0, plan_.num_gpus - 1);
      if (!gpu)
        problem("dead_gpus", -1, -1, fmt::format("dead_gpus names {}, not a GPU", shown(value)));
      else
        plan_.dead_gpus.push_back(*gpu);
    }
    std::sort(plan_.dead_gpus.begin(), plan_.dead_gpus.end());
    plan_.dead_gpus.erase(std::unique(plan_.dead_gpus.begin(), plan_.dead_gpus.end()),
                          plan_.dead_gpus.end());
  }

  PlanReading& out_;
  Plan& plan_;
};

template <typename T, typename Write>
std::string json_rows(const std::vector<std::vector<T>>& rows, Write write) {
  std::string text = "[\n";
  for (std::size_t l = 0; l < rows.size(); ++l) {
    text += "    [";
    for (std::size_t s = 0; s < rows[l].size(); ++s) {
      if (s > 0) text += ',';
      write(text, rows[l][s]);
    }
    text += l + 1 < rows.size() ? "],\n" : "]\n";
  }
  return text + "  ]";
}

}  // namespace

PlanReading parse_plan(std::string_view text, const std::string& source) {
  json document;
  try {
    document = json::parse(text);
  } catch (const json::exception& error) {
    throw Error(source, "", fmt::format("is not valid JSON ({})", error.what()));
  }
  PlanReading reading;
  PlanParser(reading).parse(document, source);
  return reading;
}

PlanReading read_plan(const std::filesystem::path& path) {
  return parse_plan(read_text_file(path, kMaxPlanBytes), path.string());
}

Plan load_plan(const std::filesystem::path& path) {
  auto reading = read_plan(path);
  auto problems = std::move(reading.problems);
  if (problems.empty()) problems = validate_plan(reading.plan);
  throw_on_errors(problems, path.string());
  return std::move(reading.plan);
}

std::string plan_json(const Plan& plan) {
  std::string text = fmt::format(
      "{{\n  \"schema\": 1,\n  \"num_gpus\": {},\n  "
      "\"num_nodes\": {},\n  \"num_groups\": {},\n"
      "  \"num_logical_experts\": {},\n",
      plan.num_gpus, plan.num_nodes, plan.num_groups, plan.num_experts);
  if (!plan.layer_ids.empty()) text += "  \"layer_ids\": " + json(plan.layer_ids).dump() + ",\n";
  if (!plan.dead_gpus.empty()) text += "  \"dead_gpus\": " + json(plan.dead_gpus).dump() + ",\n";
  text += "  \"physical_to_logical_map\": " +
          json_rows(plan.physical_to_logical, [](std::string& out, int e) {
            fmt::format_to(std::back_inserter(out), "{}", e);
          });
  if (!plan.replica_weight.empty())
    text += ",\n  \"replica_weight\": " +
            json_rows(plan.replica_weight, [](std::string& out, double w) {
              fmt::format_to(std::back_inserter(out), "{}", w);
            });
  return text + "\n}\n";
}

void save_plan(const Plan& plan, const std::filesystem::path& path) {
  write_text_file(path, plan_json(plan));
}

}  // namespace moescope
