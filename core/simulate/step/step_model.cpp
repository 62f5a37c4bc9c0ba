#include "core/simulate/step/step_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "core/error.h"
#include "core/parallel.h"
#include "core/simulate/step/traffic.h"

namespace moescope {
namespace {

using Index = std::size_t;

double uniform(Random& random) {
  return (static_cast<double>(random.next() >> 11) + 0.5) / 9007199254740992.0;
}

constexpr double kSmallMean = 32;  ///< up to here a Poisson distribution is drawn by products
constexpr std::uint64_t kNumbersOfNormal = 2;

/// Poisson distributed: by products for small means, by the normal distribution for large ones.
double poisson(double mean, Random& random) {
  if (!(mean > 0)) return 0;
  if (mean > kSmallMean) {
    const double length = uniform(random), angle = uniform(random);
    const double z = std::sqrt(-2 * std::log(length)) * std::cos(2 * std::numbers::pi * angle);
    return std::max(0.0, std::round(mean + std::sqrt(mean) * z));
  }
  const double limit = std::exp(-mean);
  int n = 0;
  for (double p = uniform(random); p > limit; p *= uniform(random)) ++n;
  return n;
}

/// Random numbers that Poisson draws of these means take, where none is small.
std::optional<std::uint64_t> numbers_of(const std::vector<double>& means) {
  std::uint64_t numbers = 0;
  for (const double mean : means) {
    if (!(mean > 0)) continue;
    if (mean <= kSmallMean) return std::nullopt;
    numbers += kNumbersOfNormal;
  }
  return numbers;
}

double sum(const std::vector<double>& v) {
  return std::accumulate(v.begin(), v.end(), 0.0);
}

}  // namespace

TimeNs to_ns(double seconds) {
  return static_cast<TimeNs>(std::llround(seconds * 1e9));
}

StepModel::StepModel(const Scenario& scenario, const LayerLoads& loads, const Routes* routes)
    : s_(scenario), sms_(share_sms(scenario.hardware, scenario.unit)) {
  check_fit(loads);
  main_ = rates_on(s_.hardware, s_.model, sms_.main);
  side_ = rates_on(s_.hardware, s_.model, sms_.side);
  common_ = common_times(s_.hardware, s_.model, s_.unit, main_);
  kernels_ = UnitKernels::of(s_.hardware, s_.model, s_.unit, sms_);
  if (kernels_) {
    const double between_gpus = common_.attention_comm;
    common_ = kernels_->common();
    common_.attention_comm = between_gpus;
    notes_ = kernels_->notes();
  }
  dead_.assign(static_cast<Index>(s_.plan.num_gpus), 0);
  for (const int g : s_.plan.dead_gpus) dead_[static_cast<Index>(g)] = 1;
  expect_tokens(loads);
  route(routes);
}

void StepModel::check_fit(const LayerLoads& loads) {
  const auto& plan = s_.plan;
  const auto fail = [](const char* place, const std::string& problem, const char* remedy,
                       const char* options = "") {
    throw Error("", place, problem, remedy, options);
  };
  if (static_cast<int>(loads.size()) != plan.layers() || loads.empty())
    fail("loads", fmt::format("they have {} layers, the plan {}", loads.size(), plan.layers()),
         "Give loads of the plan's layers");
  const int experts = static_cast<int>(loads[0].size());
  for (const auto& row : loads)
    if (static_cast<int>(row.size()) != experts)
      fail("loads", "their layers have different numbers of experts", "");
  if (experts != s_.model.experts)
    fail("loads",
         fmt::format("they have {} experts, {} has {}", experts, s_.model.name, s_.model.experts),
         "Choose the model that the loads are of", "--model");
  const bool shared = plan.num_experts == experts + 1;
  if (plan.num_experts != experts && !shared)
    fail("plan", fmt::format("it has {} experts, the loads {}", plan.num_experts, experts), "");
  if (shared && s_.model.shared_experts == 0)
    fail("plan", fmt::format("it has a shared expert, {} has none", s_.model.name), "");
  if (s_.unit.gpus != plan.num_gpus || s_.unit.nodes != plan.num_nodes)
    fail("unit",
         fmt::format("it has {} GPUs on {} nodes, the plan {} on {}", s_.unit.gpus, s_.unit.nodes,
                     plan.num_gpus, plan.num_nodes),
         "");
  if (plan.layers() != s_.model.moe_layers())
    notes_.push_back(fmt::format("the plan has {} of the {} MoE layers of {}: a step is these only",
                                 plan.layers(), s_.model.moe_layers(), s_.model.name));
}

void StepModel::expect_tokens(const LayerLoads& loads) {
  const auto& plan = s_.plan;
  const double tokens = s_.unit.tokens_per_gpu * plan.live_gpus();
  int empty = 0;
  for (Index l = 0; l < loads.size(); ++l) {
    const auto& row = plan.physical_to_logical[l];
    const double total = sum(loads[l]);
    empty += total > 0 ? 0 : 1;
    const auto counts = replica_counts(row, plan.num_experts);
    auto& weight = weight_.emplace_back(row.size(), 0.0);
    auto& expected = expected_.emplace_back(row.size(), 0.0);
    for (Index slot = 0; slot < row.size(); ++slot) {
      if (row[slot] < 0) continue;
      const auto e = static_cast<Index>(row[slot]);
      weight[slot] = plan.replica_weight.empty() ? 1.0 / counts[e] : plan.replica_weight[l][slot];
      const double share = total > 0 ? loads[l][std::min(e, loads[l].size() - 1)] / total
                                     : 1.0 / static_cast<double>(loads[l].size());
      const bool is_shared = e == loads[l].size();
      expected[slot] = weight[slot] * tokens * (is_shared ? 1 : share * s_.model.top_k);
    }
  }
  for (const auto& means : expected_) numbers_.push_back(numbers_of(means));
  if (empty > 0) notes_.push_back(fmt::format("{} layers have no load: taken as even", empty));
}

void StepModel::route(const Routes* routes) {
  from_routes_ = routes != nullptr && routes->tokens() > 0 && routes->layers == s_.plan.layers() &&
                 s_.plan.num_experts == s_.model.experts;
  traffic_.resize(expected_.size());
  dispatch_.resize(expected_.size());
  combine_.resize(expected_.size());
  parallel_for(expected_.size(), [&](Index l) { route_layer(l, from_routes_ ? routes : nullptr); });
}

void StepModel::route_layer(Index l, const Routes* routes) {
  const auto& plan = s_.plan;
  const auto& row = plan.physical_to_logical[l];
  Traffic traffic;
  if (s_.unit.phase == Phase::Decode) {
    std::vector<double> assignments(dead_.size(), 0.0);
    const auto per_gpu = static_cast<Index>(std::max(plan.slots_per_gpu(), 1));
    for (Index slot = 0; slot < row.size(); ++slot)
      assignments[slot / per_gpu] += expected_[l][slot];
    traffic = low_latency_traffic(plan, assignments);
  }
  const auto visits = routes != nullptr
                          ? visits_of_routes(plan, row, weight_[l], static_cast<int>(l), *routes)
                          : visits_of_gate(plan, row, expected_[l], s_.model);
  auto normal = normal_traffic(plan, visits, s_.unit.tokens_per_gpu);
  if (s_.unit.phase == Phase::Prefill) {
    traffic = std::move(normal);
  } else {
    traffic.nodes_per_token = normal.nodes_per_token;
    traffic.remote_nodes_per_token = normal.remote_nodes_per_token;
    traffic.gpus_per_token = normal.gpus_per_token;
  }
  dispatch_[l] = transfer_time(traffic, s_.model.dispatch_bytes(), s_.hardware, s_.unit.phase,
                               s_.unit.comm_sms);
  combine_[l] = transfer_time(traffic, s_.model.combine_bytes(), s_.hardware, s_.unit.phase,
                              s_.unit.comm_sms);
  if (kernels_) {
    dispatch_[l].seconds = kernels_->transfer(traffic, false);
    combine_[l].seconds = kernels_->transfer(traffic, true);
  }
  traffic_[l] = std::move(traffic);
}

SlotTokens StepModel::draw(Random& random) const {
  auto tokens = expected_;
  const auto draw_layer = [&](Index l, Random& from) {
    for (auto& n : tokens[l]) n = poisson(n, from);
  };
  // Where a layer's numbers begin is known once those before it are counted or drawn.
  std::vector<std::pair<Index, Random>> later;
  for (Index l = 0; l < tokens.size(); ++l) {
    if (numbers_[l]) {
      later.emplace_back(l, random);
      random.skip(*numbers_[l]);
    } else {
      draw_layer(l, random);
    }
  }
  parallel_for(later.size(), [&](Index i) { draw_layer(later[i].first, later[i].second); });
  return tokens;
}

std::vector<ExpertTime> StepModel::expert_times(const std::vector<double>& tokens) const {
  const auto& u = s_.unit;
  const double tile =
      u.phase == Phase::Prefill ? s_.hardware.tile_rows_prefill : s_.hardware.tile_rows_decode;
  const auto& rates = u.experts_beside_attention() ? side_ : main_;
  const auto per_gpu = static_cast<Index>(s_.plan.slots_per_gpu());
  if (kernels_) return kernels_->experts(tokens, per_gpu);
  std::vector<ExpertTime> times;
  for (Index g = 0; g < dead_.size(); ++g) {
    const std::vector<double> of_gpu(tokens.begin() + static_cast<long>(g * per_gpu),
                                     tokens.begin() + static_cast<long>((g + 1) * per_gpu));
    times.push_back(expert_time(of_gpu, s_.model, rates, tile));
  }
  return times;
}

std::vector<std::vector<LayerStages>> StepModel::stages(
    const std::vector<SlotTokens>& batches) const {
  std::vector<std::vector<LayerStages>> all;
  LayerStages common;
  common.attention = to_ns(common_.attention);
  common.gather = common.scatter = to_ns(common_.attention_comm);
  common.gate = to_ns(common_.gate);
  common.shared = to_ns(common_.shared);
  common.dense_mlp = to_ns(common_.dense);
  auto dense = common;
  dense.dense = true;
  const auto first = static_cast<Index>(s_.model.dense_layers);
  all.assign(first, std::vector<LayerStages>(batches.size(), dense));
  all.resize(first + expected_.size(), std::vector<LayerStages>(batches.size(), common));
  parallel_for(expected_.size(), [&](Index l) { add_experts(all[first + l], l, batches); });
  return all;
}

void StepModel::add_experts(std::vector<LayerStages>& layer, Index l,
                            const std::vector<SlotTokens>& batches) const {
  for (Index mb = 0; mb < batches.size(); ++mb) {
    layer[mb].dispatch = to_ns(dispatch_[l].seconds);
    layer[mb].combine = to_ns(combine_[l].seconds);
    layer[mb].experts.reserve(dead_.size());
    double weights = 0;
    for (const auto& t : expert_times(batches[mb][l])) {
      layer[mb].experts.push_back(to_ns(t.total));
      weights = std::max(weights, t.weights);
    }
    // Attention and the experts beside it share the memory: both have to be read meanwhile.
    if (s_.unit.experts_beside_attention())
      layer[mb].attention =
          std::max(layer[mb].attention, to_ns(common_.attention_bytes / main_.memory + weights));
  }
}

}  // namespace moescope
