// experts.csv: the expert stage of the most loaded GPU in one layer.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <tuple>

#include "core/simulate/cost/routing/skewed_routing.h"
#include "core/simulate/cost/table/row_reader.h"

namespace moescope {
namespace {

using Index = std::size_t;

constexpr int kMostExperts = 1 << 13;
constexpr int kDraws = 32;          ///< that a mean is taken over
constexpr int kDrawsToChoose = 48;  ///< of which those nearest to a known draw are taken
constexpr Index kNearest = 5;
constexpr double kBlockRows = 128;  ///< of the contiguous kernels

struct Shape {
  SkewCase skew;
  bool uniform = false, prefill = false, one_draw = false;
  std::optional<double> rank_tokens;
};

double bytes_of_type(const CsvTable& table, const CsvTable::Row& row) {
  const auto type = table.text(row, "moe_dtype");
  if (type == "fp8_block") return 1 + 4.0 / (128 * 128);
  if (type == "nvfp4") return 0.5 + 1.0 / 16;
  if (type == "bfloat16") return 2;
  table.fail(row, "moe_dtype",
             fmt::format("\"{}\" is none of fp8_block, nvfp4 and bfloat16", type));
}

/// "uniform", or "power_law_EXPONENT" with "_eplb" where experts were replicated and placed by it.
void read_distribution(const CsvTable& table, const CsvTable::Row& row, Shape& shape) {
  auto text = table.text(row, "distribution");
  const auto all = text;
  if (text == "uniform") {
    shape.uniform = true;
    return;
  }
  constexpr std::string_view kLaw = "power_law_", kBalanced = "_eplb";
  if (text.ends_with(kBalanced)) {
    shape.skew.balanced = true;
    text.remove_suffix(kBalanced.size());
  }
  const bool law = text.starts_with(kLaw);
  if (law) text.remove_prefix(kLaw.size());
  const auto [end, failed] =
      std::from_chars(text.data(), text.data() + text.size(), shape.skew.exponent);
  if (!law || failed != std::errc() || end != text.data() + text.size() ||
      !(shape.skew.exponent > 0) || !(shape.skew.exponent < 10))
    table.fail(row, "distribution",
               fmt::format("\"{}\" is neither \"uniform\" nor \"power_law_\" with an exponent "
                           "from 0 to 10, with or without \"_eplb\"",
                           all));
}

Shape read_shape(const CsvTable& table, const CsvTable::Row& row) {
  Shape shape;
  auto& s = shape.skew;
  s.tokens = table.whole(row, "num_tokens", 1, kMostTokens);
  s.experts = table.whole(row, "num_experts", 1, kMostExperts);
  s.top_k = table.whole(row, "topk", 1, s.experts);
  s.gpus = table.whole(row, "ep_size", 1, kMostExperts);
  s.slots = table.whole(row, "slots", 1, kMostExperts);
  read_distribution(table, row, shape);
  if (s.experts % s.gpus != 0 && !s.balanced)
    table.fail(row, "ep_size", fmt::format("{} GPUs do not divide {} experts", s.gpus, s.experts));
  if (s.slots % s.gpus != 0)
    table.fail(row, "ep_size", fmt::format("{} GPUs do not divide {} slots", s.gpus, s.slots));
  if (s.slots < s.experts || (s.slots > s.experts && !s.balanced))
    table.fail(row, "slots",
               fmt::format("{} slots of {} experts: as many were expected, or more with \"_eplb\"",
                           s.slots, s.experts));
  return shape;
}

using Draws = std::shared_ptr<const std::vector<RankDraw>>;

/// Draws of a case, kept: rows of several hidden sizes and systems share them.
Draws draws_of(const SkewCase& s, int count) {
  using Key = std::tuple<int, int, int, int, int, double, bool, int, int>;
  constexpr Index kMostKept = Index{1} << 25;  // numbers of tokens, a quarter of a GiB
  static std::mutex mutex;
  static std::map<Key, Draws> kept;
  static Index numbers = 0;
  const Key key{s.tokens, s.experts,  s.top_k,    s.gpus,
                s.slots,  s.exponent, s.balanced, static_cast<int>(s.leftover),
                count};
  {
    const std::lock_guard lock(mutex);
    if (const auto found = kept.find(key); found != kept.end()) return found->second;
  }
  auto drawn = std::make_shared<const std::vector<RankDraw>>(draw_most_loaded(s, count, 1));
  const std::lock_guard lock(mutex);
  if (numbers > kMostKept) {
    kept.clear();
    numbers = 0;
  }
  numbers += static_cast<Index>(count) * static_cast<Index>(s.slots / s.gpus);
  return kept.emplace(key, std::move(drawn)).first->second;
}

/// Of one known draw only the tokens of the GPU are told: the draws nearest to it, scaled to them.
std::vector<RankDraw> nearest_draws(const SkewCase& skew, double tokens) {
  const auto kept = draws_of(skew, kDrawsToChoose);
  const auto& all = *kept;
  std::vector<Index> order(all.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
    return std::abs(all[a].tokens - tokens) < std::abs(all[b].tokens - tokens);
  });
  order.resize(kNearest);
  double mean = 0;
  for (const auto i : order) mean += all[i].tokens / static_cast<double>(kNearest);
  // A GPU of few sees nearly every token, whatever its load is.
  const double scale = skew.gpus >= skew.top_k ? tokens / std::max(1.0, mean) : 1;
  std::vector<RankDraw> nearest;
  for (const auto i : order) {
    nearest.push_back(all[i]);
    for (auto& n : nearest.back().slots) n *= scale;
  }
  return nearest;
}

/// floor(T k / E) tokens for every slot; with fewer choices than experts, one for as many slots as
/// there are choices for a GPU.
RankDraw even_draw(const SkewCase& s) {
  const double choices = static_cast<double>(s.tokens) * s.top_k;
  const double each = std::floor(choices / s.experts);
  RankDraw draw;
  draw.slots.assign(static_cast<Index>(s.slots / s.gpus), each);
  if (each < 1) {
    const auto touched =
        std::clamp(std::floor(choices / s.gpus), 1.0, static_cast<double>(draw.slots.size()));
    std::fill_n(draw.slots.begin(), static_cast<long>(touched), 1.0);
  }
  draw.tokens = s.tokens;
  return draw;
}

std::vector<SlotGroup> grouped(const std::map<double, double>& slots) {
  std::vector<SlotGroup> groups;
  groups.reserve(slots.size());
  for (const auto& [tokens, count] : slots) groups.push_back({tokens, count});
  return groups;
}

/// Uniform prefill rows are not padded slot by slot: only whole blocks of all rows are computed.
std::vector<SlotGroup> blocks_of_all(const RankDraw& draw) {
  const double rows = std::accumulate(draw.slots.begin(), draw.slots.end(), 0.0);
  const double blocks = std::ceil(rows / kBlockRows);
  const double slots = std::min(blocks, static_cast<double>(draw.slots.size()));
  return {{kBlockRows * blocks / slots, slots}};
}

ExpertWork work_of(const CsvTable& table, const CsvTable::Row& row, const Shape& shape) {
  ExpertWork work;
  work.hidden = table.whole(row, "hidden_size", 1, kMostSize);
  work.width = table.whole(row, "inter_size", 1, kMostSize);
  work.weight_bytes = bytes_of_type(table, row);
  work.buffer_tokens = shape.skew.tokens;
  work.held = static_cast<double>(shape.skew.slots) / shape.skew.gpus;
  std::vector<RankDraw> draws;
  if (shape.uniform)
    draws = {even_draw(shape.skew)};
  else if (shape.one_draw && shape.rank_tokens)
    draws = nearest_draws(shape.skew, *shape.rank_tokens);
  else
    draws = *draws_of(shape.skew, kDraws);
  const double share = 1.0 / static_cast<double>(draws.size());
  std::map<double, double> slots;
  for (const auto& draw : draws) {
    for (const double n : draw.slots) {
      if (n > 0) slots[n] += share;
      work.rows += n * share;
    }
    work.largest += share * *std::max_element(draw.slots.begin(), draw.slots.end());
    work.rank_tokens += draw.tokens * share;
  }
  if (shape.rank_tokens) work.rank_tokens = *shape.rank_tokens;
  if (slots.empty()) slots[1] = 1;  // the launch of an idle GPU was timed as one of one row
  work.slots = grouped(slots);
  if (shape.prefill && shape.uniform) work.padded_slots = blocks_of_all(draws[0]);
  return work;
}

}  // namespace

MeasuredRow read_experts_row(const CsvTable& table, const CsvTable::Row& row) {
  MeasuredRow out;
  const auto engine = table.text(row, "engine"), phase = table.text(row, "phase");
  if (engine != "sglang" && engine != "trtllm")
    table.fail(row, "engine", fmt::format("\"{}\" is neither sglang nor trtllm", engine));
  auto shape = read_shape(table, row);
  shape.one_draw = engine == "trtllm";
  if (shape.one_draw ? phase != "any" : phase != "decode" && phase != "prefill")
    table.fail(row, "phase",
               fmt::format("\"{}\" is not {}", phase,
                           shape.one_draw ? "\"any\"" : "\"decode\" or \"prefill\""));
  shape.prefill = phase == "prefill";
  if (!table.text(row, "rank0_tokens").empty())
    shape.rank_tokens = table.number(row, "rank0_tokens", 0, shape.skew.tokens);
  out.work = work_of(table, row, shape);
  if (!shape.uniform) {
    auto lowest = shape;
    lowest.skew.leftover = Leftover::Lowest;
    out.lowest = work_of(table, row, lowest);
  }
  out.kernel.name = std::string(engine) + (shape.one_draw ? "" : " " + std::string(phase));
  out.axes = {static_cast<double>(shape.skew.gpus), static_cast<double>(shape.skew.tokens)};
  const double choices = static_cast<double>(shape.skew.tokens) * shape.skew.top_k;
  out.unusual = shape.skew.gpus <= 2 ||
                (shape.prefill && shape.uniform && choices < kBlockRows * shape.skew.experts);
  return out;
}

}  // namespace moescope
