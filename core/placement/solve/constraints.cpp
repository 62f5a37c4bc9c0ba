#include "core/placement/solve/constraints.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace moescope {
namespace {

using nlohmann::json;
constexpr int kMaxNumber = 1 << 20;

int field(const json& entry, const char* key, const std::string& source) {
  if (!entry.is_object() || !entry.contains(key) || !entry[key].is_number_integer() ||
      entry[key] < 0 || entry[key] > kMaxNumber)
    throw Error(source, key, "is missing or no number in a pinned or forbidden entry");
  return entry[key].get<int>();
}

int layer_of(const json& entry, const std::string& source) {
  return entry.is_object() && entry.contains("layer") ? field(entry, "layer", source) : -1;
}

json list_of(const json& document, const char* key, const std::string& source) {
  const auto value = document.value(key, json::array());
  if (!value.is_array()) throw Error(source, key, "is not a list");
  return value;
}

json entry(int layer, const char* key, int value, int expert) {
  json one = {{key, value}, {"expert", expert}};
  if (layer >= 0) one["layer"] = layer;
  return one;
}

}  // namespace

std::vector<int> PlanConstraints::pinned_slots(int layer) const {
  std::vector<int> slots;
  for (const auto& p : pinned)
    if (p.layer < 0 || p.layer == layer) slots.push_back(p.slot);
  std::sort(slots.begin(), slots.end());
  return slots;
}

bool PlanConstraints::is_pinned(int layer, int slot) const {
  return std::any_of(pinned.begin(), pinned.end(), [&](const SlotPin& p) {
    return (p.layer < 0 || p.layer == layer) && p.slot == slot;
  });
}

bool PlanConstraints::is_forbidden(int layer, int gpu, int expert) const {
  return std::any_of(forbidden.begin(), forbidden.end(), [&](const Forbidden& f) {
    return (f.layer < 0 || f.layer == layer) && f.gpu == gpu && f.expert == expert;
  });
}

PlanConstraints parse_constraints(std::string_view text, const std::string& source) {
  const auto document = json::parse(text, nullptr, false);
  if (!document.is_object())
    throw Error(source, "", "is not a JSON object with pinned and forbidden");
  PlanConstraints constraints;
  for (const auto& one : list_of(document, "pinned", source))
    constraints.pinned.push_back(
        {layer_of(one, source), field(one, "slot", source), field(one, "expert", source)});
  for (const auto& one : list_of(document, "forbidden", source))
    constraints.forbidden.push_back(
        {layer_of(one, source), field(one, "gpu", source), field(one, "expert", source)});
  return constraints;
}

std::string plan_json(const Plan& plan, const PlanConstraints& constraints) {
  std::string text = plan_json(plan);
  if (constraints.empty()) return text;
  json pinned = json::array(), forbidden = json::array();
  for (const auto& p : constraints.pinned)
    pinned.push_back(entry(p.layer, "slot", p.slot, p.expert));
  for (const auto& f : constraints.forbidden)
    forbidden.push_back(entry(f.layer, "gpu", f.gpu, f.expert));
  text.resize(text.rfind("\n}"));
  return text + fmt::format(",\n  \"pinned\": {},\n  \"forbidden\": {}\n}}\n", pinned.dump(),
                            forbidden.dump());
}

}  // namespace moescope
