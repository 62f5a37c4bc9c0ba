// Loads in safetensors: routes of tokens, and TensorRT-LLM's statistic folders.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.h"
#include "core/files.h"
#include "core/loads/files/load_budget.h"
#include "core/loads/files/safetensors.h"
#include "core/loads/read/formats.h"

namespace moescope::load_formats {
namespace {

using Index = std::size_t;

/// "1..26" or "3,4,5"; empty when it is neither.
std::vector<int> parse_layer_ids(const std::string& text) {
  std::vector<int> ids;
  const auto dots = text.find("..");
  const auto number = [](std::string_view part) {
    int n = -1;
    const auto [end, failed] = std::from_chars(part.data(), part.data() + part.size(), n);
    return failed == std::errc() && end == part.data() + part.size() ? n : -1;
  };
  if (dots != std::string::npos) {
    const int first = number(std::string_view(text).substr(0, dots));
    const int last = number(std::string_view(text).substr(dots + 2));
    if (first < 0 || last < first || last - first >= kMaxPlanLayers) return {};
    for (int l = first; l <= last; ++l) ids.push_back(l);
  }
  return ids;
}

/// Tokens of each text become one window, at most this many.
constexpr Index kMaxWindows = 4096;

struct IterationKey {
  int iteration, layer;
};

std::optional<IterationKey> parse_key(const std::string& key) {
  IterationKey k{};
  const char* end = key.data() + key.size();
  const auto first = std::from_chars(key.data(), end, k.iteration);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '_') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, k.layer);
  if (second.ec != std::errc() || second.ptr != end || k.iteration < 0 || k.layer < 0)
    return std::nullopt;
  return k;
}

int meta_experts(const std::filesystem::path& folder, LoadSet& loads) {
  const auto path = folder / "meta_info.json";
  const auto meta = nlohmann::json::parse(read_text_file(path, 1 << 20), nullptr, false);
  const auto number = [&](const char* key) {
    const auto it = meta.is_object() ? meta.find(key) : meta.end();
    if (!meta.is_object() || it == meta.end() || !it->is_number_unsigned() ||
        it->get<std::uint64_t>() < 1 || it->get<std::uint64_t>() > kMaxPlanExperts)
      throw Error(path.string(), key, "is missing or no possible number");
    return it->get<int>();
  };
  loads.top_k = number("num_experts_per_token");
  return number("num_experts");
}

/// rank<R>.safetensors of the folder, by R.
std::map<int, std::filesystem::path> rank_files(const std::filesystem::path& folder) {
  std::map<int, std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto name = entry.path().stem().string();
    int rank = -1;
    const char* end = name.data() + name.size();
    if (entry.path().extension() != ".safetensors" || !name.starts_with("rank")) continue;
    const auto [at, failed] = std::from_chars(name.data() + 4, end, rank);
    if (failed == std::errc() && at == end && rank >= 0) files[rank] = entry.path();
  }
  return files;
}

}  // namespace

LoadSet read_routes_safetensors(const std::filesystem::path& path, Progress& progress) {
  SafetensorsFile file(path);
  LoadSet loads;
  loads.source = path.string();
  loads.format = "routes (safetensors)";
  const auto shape = file.array("topk_ids").shape;
  if (shape.size() != 3 || shape[0] == 0 || shape[1] == 0 || shape[2] == 0 ||
      shape[1] > kMaxPlanLayers || shape[2] > 1024)
    throw Error(loads.source, "topk_ids", "does not have the shape [tokens][layers][top k]");
  const auto ids = file.integers("topk_ids", kMaxLoadValues);
  auto& routes = loads.routes;
  routes.layers = static_cast<int>(shape[1]);
  routes.top_k = static_cast<int>(shape[2]);
  routes.experts.reserve(ids.size());
  for (const auto id : ids) {
    if (id < -1 || id >= 32768)
      throw Error(loads.source, "topk_ids", fmt::format("names expert {}", id));
    loads.experts = std::max(loads.experts, static_cast<int>(id) + 1);
    routes.experts.push_back(static_cast<std::int16_t>(id));
  }
  const auto& meta = file.metadata();
  if (const auto it = meta.find("num_logical_experts"); it != meta.end()) {
    int n = 0;
    std::from_chars(it->second.data(), it->second.data() + it->second.size(), n);
    if (n > loads.experts && n <= kMaxPlanExperts) loads.experts = n;
  }
  if (const auto it = meta.find("layer_ids"); it != meta.end()) {
    loads.layer_ids = parse_layer_ids(it->second);
    if (loads.layer_ids.size() != shape[1]) loads.layer_ids.clear();
  }
  loads.top_k = routes.top_k;
  std::vector<std::int64_t> offsets = {0, static_cast<std::int64_t>(shape[0])};
  if (file.contains("text_offsets")) offsets = file.integers("text_offsets", 1 << 24);
  if (offsets.size() < 2 || offsets.front() != 0 ||
      offsets.back() != static_cast<std::int64_t>(shape[0]) ||
      !std::is_sorted(offsets.begin(), offsets.end()))
    throw Error(loads.source, "text_offsets", "does not cut the tokens into texts");
  const Index texts = offsets.size() - 1, windows = std::min(texts, kMaxWindows);
  if (windows * shape[1] * static_cast<Index>(loads.experts) > kMaxLoadValues)
    throw Error(loads.source, "", "has more counts than can be kept");
  loads.windows.assign(
      windows, LayerLoads(shape[1], std::vector<double>(static_cast<Index>(loads.experts))));
  for (Index text = 0; text < texts; ++text) {
    progress.check();
    auto& window = loads.windows[text * windows / texts];
    for (auto t = offsets[text]; t < offsets[text + 1]; ++t)
      for (Index i = 0; i < shape[1] * shape[2]; ++i) {
        const auto e = routes.experts[static_cast<Index>(t) * shape[1] * shape[2] + i];
        if (e >= 0) window[i / shape[2]][static_cast<Index>(e)] += 1;
      }
  }
  loads.ordered_in_time = false;
  finish_loads(loads);
  return loads;
}

LoadSet read_trtllm_folder(const std::filesystem::path& folder, Progress& progress) {
  LoadSet loads;
  loads.source = folder.string();
  loads.format = "TensorRT-LLM statistic";
  loads.engine = "trtllm";
  loads.experts = meta_experts(folder, loads);
  const auto files = rank_files(folder);
  if (files.empty()) throw Error(loads.source, "", "has no rank<R>.safetensors");
  std::map<int, std::map<int, std::vector<double>>> counts;  // [iteration][layer]
  std::map<int, LayerLoads> by_source;                       // [layer][rank], of all iterations
  std::set<int> layers;
  std::size_t values = 0;
  int done = 0;
  for (const auto& [rank, path] : files) {
    progress.report(static_cast<double>(done++) / static_cast<double>(files.size()),
                    "reading rank files");
    SafetensorsFile file(path);
    for (const auto& [name, array] : file.arrays()) {
      const auto key = parse_key(name);
      if (!key) continue;
      const auto row = file.integers(name, kMaxPlanExperts);
      if (static_cast<int>(row.size()) != loads.experts)
        throw Error(
            path.string(), name,
            fmt::format("has {} experts, meta_info.json says {}", row.size(), loads.experts));
      auto& sum = counts[key->iteration][key->layer];
      if (sum.empty() && (values += row.size()) > kMaxLoadValues)
        throw Error(loads.source, "", "has more counts than can be kept");
      sum.resize(row.size(), 0.0);
      auto& ranks = by_source[key->layer];
      ranks.resize(files.size(), std::vector<double>(row.size(), 0.0));
      auto& sent = ranks[static_cast<Index>(std::distance(files.begin(), files.find(rank)))];
      for (Index e = 0; e < row.size(); ++e) {
        sum[e] += static_cast<double>(row[e]);
        sent[e] += static_cast<double>(row[e]);
      }
      layers.insert(key->layer);
    }
  }
  if (counts.empty()) throw Error(loads.source, "", "holds no counts named <iteration>_<layer>");
  loads.num_gpus = static_cast<int>(files.size());
  if (files.rbegin()->first + 1 != loads.num_gpus)
    loads.notes.push_back(
        fmt::format("files of {} ranks, but the last is rank {}: some are missing", files.size(),
                    files.rbegin()->first));
  loads.layer_ids.assign(layers.begin(), layers.end());
  if (files.rbegin()->first + 1 == loads.num_gpus)
    for (auto& [layer, ranks] : by_source) loads.by_source.push_back(std::move(ranks));
  const int span = counts.rbegin()->first - counts.begin()->first + 1;
  if (span != static_cast<int>(counts.size()))
    loads.notes.push_back(fmt::format("{} of {} iterations are missing",
                                      span - static_cast<int>(counts.size()), span));
  LoadBudget(loads.source)
      .take(counts.size(), layers.size(), static_cast<Index>(loads.experts), "iterations");
  for (auto& [iteration, by_layer] : counts) {
    auto& window = loads.windows.emplace_back();
    for (const int layer : layers) {
      auto& row = by_layer[layer];
      row.resize(static_cast<Index>(loads.experts), 0.0);
      window.push_back(std::move(row));
    }
  }
  finish_loads(loads);
  return loads;
}

}  // namespace moescope::load_formats
