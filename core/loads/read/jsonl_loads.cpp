// Loads as lines of JSON: vLLM's statistic records in both revisions, and routes of tokens.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/loads/files/load_budget.h"
#include "core/loads/read/formats.h"

namespace moescope::load_formats {
namespace {

using Json = nlohmann::json;
using Map = std::vector<std::vector<int>>;
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

class VllmReader {
 public:
  explicit VllmReader(LoadSet& loads) : loads_(loads) {}

  void record(const Json& record, std::size_t line) {
    line_ = line;
    const auto type = record.value("record_type", Json());
    if (type == "eplb_load_meta") meta(record);
    if (type == "eplb_load_stats") stats(record);
    if (type != "eplb_load_meta" && type != "eplb_load_stats") ++unknown_;
  }
  void finish() {
    if (steps_.empty()) throw Error(loads_.source, "", "holds no eplb_load_stats record");
    if (!map_)
      throw Error(loads_.source, "", "no record has the p2l_map that maps slots to experts");
    // Without a count in the file the experts are those that the maps name.
    for (const auto& step : steps_)
      for (const auto& row : *step.map)
        for (const int e : row) loads_.experts = std::max(loads_.experts, e + 1);
    const bool measured =
        loads_.num_gpus.value_or(0) > 0 &&
        std::all_of(steps_.begin(), steps_.end(), [this](const Step& step) {
          return step.load.front().size() % static_cast<std::size_t>(*loads_.num_gpus) == 0;
        });
    LoadBudget budget(loads_.source);
    for (const auto& step : steps_) {
      auto& window = loads_.windows.emplace_back();
      if (measured) loads_.measured.emplace_back();
      budget.take(1, step.load.size(), static_cast<std::size_t>(loads_.experts), "eplb_load_stats");
      for (std::size_t l = 0; l < step.load.size(); ++l) {
        if (l >= step.map->size())
          throw Error(loads_.source, "", "a p2l_map has fewer layers than its loads");
        if (measured) loads_.measured.back().push_back(gpu_sums(step.load[l], *loads_.num_gpus));
        window.emplace_back(static_cast<std::size_t>(loads_.experts), 0.0);
        fold_physical(step.load[l], (*step.map)[l], window.back(), loads_.source);
      }
    }
    loads_.running_map = *map_;
    if (changes_ > 0)
      loads_.notes.push_back(fmt::format(
          "the placement changed {} during the recording; each record was counted with its "
          "own map",
          times_text(changes_)));
    if (unknown_ > 0)
      loads_.notes.push_back(fmt::format("{} records of other types were skipped", unknown_));
  }

 private:
  struct Step {
    LayerLoads load;
    std::shared_ptr<const Map> map;  ///< often that of the step before
  };
  void version(const Json& record) {
    if (record.value("version", Json(1)) != 1)
      fail(loads_.source, line_, "has a version other than 1");
  }
  std::optional<int> count(const Json& record, const char* key, int limit) {
    const auto it = record.find(key);
    if (it == record.end()) return std::nullopt;
    if (!it->is_number_unsigned() || it->get<std::uint64_t>() > static_cast<std::uint64_t>(limit))
      fail(loads_.source, line_, fmt::format("{} is not a number of 0..{}", key, limit));
    return it->get<int>();
  }
  void meta(const Json& record) {
    version(record);
    loads_.num_gpus = count(record, "num_ranks", kMaxPlanGpus);
  }
  void stats(const Json& record) {
    version(record);
    if (const auto ranks = count(record, "num_ranks", kMaxPlanGpus)) loads_.num_gpus = ranks;
    Step step;
    rows(record, "expert_load", step.load);
    if (record.contains("p2l_map")) {
      Map map;
      rows(record, "p2l_map", map);
      const bool same = map_ && map == *map_;
      if (map_ && !same) ++changes_;
      if (!same) map_ = std::make_shared<const Map>(std::move(map));
    }
    step.map = map_;
    if (!step.map) fail(loads_.source, line_, "has no p2l_map and none came before");
    steps_.push_back(std::move(step));
  }
  template <typename T>
  void rows(const Json& record, const char* key, std::vector<std::vector<T>>& into) {
    const auto it = record.find(key);
    if (it == record.end() || !it->is_array() || it->empty() || it->size() > kMaxPlanLayers)
      fail(loads_.source, line_, fmt::format("{} is not a list of layers", key));
    for (const auto& row : *it) {
      if (!row.is_array() || row.size() > kMaxPlanSlots)
        fail(loads_.source, line_, fmt::format("a layer of {} is not a list", key));
      auto& values = into.emplace_back();
      for (const auto& v : row) {
        if (!v.is_number() || v.get<double>() < 0 || v.get<double>() > 1e15 ||
            (std::is_same_v<T, int> && v.get<double>() >= kMaxPlanExperts))
          fail(loads_.source, line_, fmt::format("{} holds {}", key, v.dump()));
        values.push_back(v.get<T>());
      }
      budget_.take_row(row.size(), fmt::format("line {}", line_));
    }
  }

  LoadSet& loads_;
  std::size_t line_ = 0;
  LoadBudget budget_{loads_.source};
  std::vector<Step> steps_;
  std::shared_ptr<const Map> map_;
  int changes_ = 0, unknown_ = 0;
};

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
  try {
    if (text.substr(0, text.find('\n')).find("\"topk_ids\"") != std::string_view::npos) {
      loads.format = "routes (JSONL)";
      for_each_line(text, loads, progress,
                    [&](const Json& record, std::size_t line) { read_route(record, line, loads); });
      count_routes(loads);
    } else {
      loads.format = "vLLM eplb_load_stats";
      loads.engine = "vllm";
      VllmReader reader(loads);
      for_each_line(text, loads, progress,
                    [&](const Json& record, std::size_t line) { reader.record(record, line); });
      reader.finish();
      loads.notes.emplace_back(
          "with naive dispatch vLLM multiplies the load by the data-parallel size; shares are "
          "right, "
          "totals may not be");
    }
  } catch (const Json::exception& error) {
    throw Error(source, "", fmt::format("has a value of the wrong kind ({})", error.what()));
  }
  finish_loads(loads);
  return loads;
}

}  // namespace moescope::load_formats
