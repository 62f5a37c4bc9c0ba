#include "core/analysis/spans/collective.h"

#include <nlohmann/json.hpp>

namespace moescope {
namespace {

constexpr auto kReplace = nlohmann::json::error_handler_t::replace;

/// Text, a number or a flat list; "" for what cannot name a group.
std::string plain(const nlohmann::json& value) {
  for (const auto& element : value)
    if (element.is_structured()) return {};
  return value.is_object() ? std::string() : value.dump(-1, ' ', false, kReplace);
}

}  // namespace

std::optional<CollectiveId> collective_id(std::string_view name, const std::string& args) {
  if (args.find("\"Seq\"") == std::string::npos) return {};
  const auto json = nlohmann::json::parse(args, nullptr, false);
  if (!json.is_object()) return {};
  const auto sequence = json.find("Seq"), group = json.find("Process Group Name");
  if (sequence == json.end() || !sequence->is_number_integer() || group == json.end()) return {};
  CollectiveId id{std::string(name), sequence->get<std::int64_t>()};
  if (const auto what = json.find("Collective name"); what != json.end()) id.group = plain(*what);
  id.group += "|" + plain(*group);
  if (const auto ranks = json.find("Process Group Ranks"); ranks != json.end())
    id.group += "|" + plain(*ranks);
  return id;
}

}  // namespace moescope
