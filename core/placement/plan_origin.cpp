#include "core/placement/plan_origin.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <nlohmann/json.hpp>

namespace moescope {
namespace {

using nlohmann::json;
constexpr int kMostWindows = 1 << 24;

bool is_window(const json& number) {
  return number.is_number_integer() && number >= 0 && number <= kMostWindows;
}

}  // namespace

std::uint64_t digest_of_loads(const std::vector<LayerLoads>& windows) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;  // FNV-1a over words
  const auto mix = [&hash](std::uint64_t word) { hash = (hash ^ word) * 0x100000001B3ULL; };
  for (const auto& window : windows) {
    mix(window.size());
    for (const auto& layer : window) {
      mix(layer.size());
      for (const double load : layer) mix(std::rotl(std::bit_cast<std::uint64_t>(load), 29));
    }
  }
  return hash;
}

std::string with_origin(std::string text, const PlanOrigin& origin) {
  const json made_from = {{"loads", origin.loads},
                          {"digest", fmt::format("{:016x}", origin.digest)},
                          {"windows", {origin.first, origin.last}}};
  text.resize(text.rfind("\n}"));
  return text + fmt::format(",\n  \"made_from\": {}\n}}\n",
                            made_from.dump(-1, ' ', false, json::error_handler_t::replace));
}

std::optional<PlanOrigin> origin_of(std::string_view text) {
  const auto document = json::parse(text, nullptr, false);
  if (!document.is_object() || !document.contains("made_from")) return std::nullopt;
  const json& made_from = document["made_from"];
  if (!made_from.is_object()) return std::nullopt;
  const auto loads = made_from.find("loads"), digest = made_from.find("digest"),
             windows = made_from.find("windows");
  const auto none = made_from.end();
  if (loads == none || digest == none || windows == none) return std::nullopt;
  if (!loads->is_string() || !digest->is_string() || !windows->is_array() || windows->size() != 2 ||
      !is_window((*windows)[0]) || !is_window((*windows)[1]))
    return std::nullopt;
  PlanOrigin origin{loads->get<std::string>(), 0, (*windows)[0].get<int>(),
                    (*windows)[1].get<int>()};
  const auto hex = digest->get<std::string>();
  const auto [end, failed] =
      std::from_chars(hex.data(), hex.data() + hex.size(), origin.digest, 16);
  if (failed != std::errc() || end != hex.data() + hex.size() || origin.first >= origin.last)
    return std::nullopt;
  return origin;
}

}  // namespace moescope
