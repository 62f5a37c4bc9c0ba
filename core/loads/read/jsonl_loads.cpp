// Loads as lines of JSON: vLLM's statistic records in both revisions, its snapshots, and routes of
// tokens.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/loads/files/load_budget.h"
#include "core/loads/read/formats.h"
#include "core/loads/read/vllm_records.h"

namespace moescope::load_formats {
namespace {

using Json = nlohmann::json;
constexpr std::size_t kMaxLineBytes = std::size_t{16} << 20;

[[noreturn]] void fail(const std::string& source, std::size_t line, const std::string& problem) {
  throw Error(source, fmt::format("line {}", line), problem);
}

/// Calls `use(record, line number)` for each line; a truncated last line is a note, not an error.
template <typename Use>
void for_each_line(std::string_view text, LoadSet& loads, Progress& progress, Use use) {
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, end - at);
    ++number;
    if (number % 16 == 0)
      progress.report(static_cast<double>(at) / static_cast<double>(text.size()), "reading lines");
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) {
      if (line.size() > kMaxLineBytes) fail(loads.source, number, "is longer than 16 MiB");
      auto record = Json::parse(line, nullptr, false);
      if (record.is_discarded() || !record.is_object()) {
        if (end < text.size()) fail(loads.source, number, "is not a JSON object");
        loads.notes.push_back(
            fmt::format("the last line ({}) is cut off and was left out", number));
        break;
      }
      use(record, number);
    }
    at = end + 1;
  }
}

/// {"topk_ids": [layer][k]} a token; "layer_ids" and "num_experts" may stand in the first line.
void read_route(const Json& record, std::size_t line, LoadSet& loads) {
  const auto it = record.find("topk_ids");
  if (it == record.end()) return;
  auto& routes = loads.routes;
  if (!it->is_array() || it->empty() || !it->front().is_array() || it->front().empty())
    fail(loads.source, line, "topk_ids is not a list of layers of experts");
  if (routes.layers == 0) {
    routes.layers = static_cast<int>(std::min<std::size_t>(it->size(), kMaxPlanLayers));
    routes.top_k = static_cast<int>(std::min<std::size_t>(it->front().size(), 1024));
    loads.experts = record.value("num_experts", 0);
    if (record.contains("layer_ids")) loads.layer_ids = record["layer_ids"].get<std::vector<int>>();
  }
  if (static_cast<int>(it->size()) != routes.layers)
    fail(loads.source, line, fmt::format("has {} layers, expected {}", it->size(), routes.layers));
  for (const auto& layer : *it) {
    if (!layer.is_array() || static_cast<int>(layer.size()) != routes.top_k)
      fail(loads.source, line, fmt::format("a layer does not have {} experts", routes.top_k));
    for (const auto& id : layer) {
      if (!id.is_number_integer() || id < -1 || id >= 32768)
        fail(loads.source, line, fmt::format("names expert {}", id.dump()));
      routes.experts.push_back(id.get<std::int16_t>());
    }
  }
  if (routes.experts.size() > kMaxLoadValues)
    fail(loads.source, line, "there are more routes than can be kept");
}

void count_routes(LoadSet& loads) {
  auto& routes = loads.routes;
  if (routes.tokens() == 0) throw Error(loads.source, "", "holds no routes");
  for (const auto e : routes.experts) loads.experts = std::max(loads.experts, e + 1);
  if (loads.experts < 1 || loads.experts > kMaxPlanExperts)
    throw Error(loads.source, "num_experts", "is not a possible number of experts");
  LoadBudget(loads.source)
      .take(1, static_cast<std::size_t>(routes.layers), static_cast<std::size_t>(loads.experts),
            "routes");
  loads.windows.assign(1, LayerLoads(static_cast<std::size_t>(routes.layers),
                                     std::vector<double>(static_cast<std::size_t>(loads.experts))));
  for (std::size_t i = 0; i < routes.experts.size(); ++i)
    if (routes.experts[i] >= 0)
      loads.windows[0][i / static_cast<std::size_t>(routes.top_k) %
                       static_cast<std::size_t>(routes.layers)]
                   [static_cast<std::size_t>(routes.experts[i])] += 1;
  loads.top_k = routes.top_k;
}

}  // namespace

LoadSet read_jsonl(std::string_view text, const std::string& source, Progress& progress) {
  LoadSet loads;
  loads.source = source;
  const auto first_line = text.substr(0, text.find('\n'));
  const auto place = [](std::size_t line) { return fmt::format("line {}", line); };
  try {
    if (first_line.find("\"topk_ids\"") != std::string_view::npos) {
      loads.format = "routes (JSONL)";
      for_each_line(text, loads, progress,
                    [&](const Json& record, std::size_t line) { read_route(record, line, loads); });
      count_routes(loads);
    } else {
      const bool snapshots = first_line.find("\"record_type\"") == std::string_view::npos;
      loads.format = snapshots ? kVllmSnapshots : "vLLM eplb_load_stats";
      VllmRecords records(loads);
      for_each_line(text, loads, progress, [&](const Json& record, std::size_t line) {
        if (!snapshots) return records.add_record(record, place(line));
        records.add_facts(record, place(line));
        records.add_snapshot(record, place(line));
      });
      records.finish();
    }
  } catch (const Json::exception& error) {
    throw Error(source, "", fmt::format("has a value of the wrong kind ({})", error.what()));
  }
  finish_loads(loads);
  return loads;
}

}  // namespace moescope::load_formats
