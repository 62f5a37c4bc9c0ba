#include "core/placement/edit/plan_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/placement/bounds.h"
#include "core/placement/rules/rule_bound.h"
#include "core/placement/split.h"

namespace moescope {
namespace {

using Index = std::size_t;

constexpr Index kFollowed = 2;

/// Every replica has the same share.
bool equal_shares_under(ReplicaRule rule) {
  return rule == ReplicaRule::Even || rule == ReplicaRule::VllmHash ||
         rule == ReplicaRule::TrtllmEven;
}

void insert_sorted(std::vector<int>& list, int value) {
  const auto at = std::lower_bound(list.begin(), list.end(), value);
  if (at == list.end() || *at != value) list.insert(at, value);
}

void erase_sorted(std::vector<int>& list, int value) {
  const auto at = std::lower_bound(list.begin(), list.end(), value);
  if (at != list.end() && *at == value) list.erase(at);
}

/// Experts of one GPU, each once, ascending.
std::vector<int> held_by(const std::vector<int>& row, int gpu, int per_gpu) {
  const auto first = row.begin() + static_cast<long>(gpu) * per_gpu;
  std::vector<int> held(first, first + per_gpu);
  std::erase(held, kNoExpert);
  std::sort(held.begin(), held.end());
  held.erase(std::unique(held.begin(), held.end()), held.end());
  return held;
}

}  // namespace

PlanState::PlanState(Plan plan) : plan_(std::move(plan)) {
  if (!machine_is_sound(plan_)) throw_on_errors(validate_shape(plan_), "the plan");
  rebuild();
}

void PlanState::set_loads(std::shared_ptr<const LayerLoads> loads) {
  if (loads != nullptr) require_loads_fit(plan_, *loads);
  loads_ = std::move(loads);
  rebuild();
}

void PlanState::set_routes(std::shared_ptr<const Routes> routes) {
  if (routes != nullptr) require_routes_fit(plan_, *routes);
  routes_ = routes != nullptr && routes->tokens() > 0 ? std::move(routes) : nullptr;
  for (auto& layer : layers_) layer.remote.reset();
}

void PlanState::set_reference(std::shared_ptr<const Plan> reference) {
  if (reference != nullptr) require_comparable(plan_, *reference);
  reference_ = std::move(reference);
  rebuild();
}

void PlanState::set_rule(ReplicaRule rule, std::shared_ptr<const SourceLoads> by_source) {
  if (by_source != nullptr && by_source->empty()) by_source.reset();
  if (rule == rule_ && by_source == by_source_) return;
  if (by_source != nullptr) require_sources_fit(plan_, *by_source);
  rule_ = rule;
  by_source_ = std::move(by_source);
  followed_.clear();
  forget_shares();
  for (auto& layer : layers_) layer.bounds_known = false;
}

/// What the shares depend on has changed.
void PlanState::forget_shares() {
  for (auto& layer : layers_) layer.shares_known = false;
}

void PlanState::set_expected(PlanExpectation expected) {
  expected_ = std::move(expected);
  shape_problems_ = validate_shape(plan_, expected_);
  for (auto& layer : layers_) layer.problems_known = false;
}

void PlanState::rebuild() {
  layers_.assign(plan_.physical_to_logical.size(), {});
  for (int l = 0; l < plan_.layers(); ++l) rebuild_layer(l);
  shape_problems_ = validate_shape(plan_, expected_);
}

void PlanState::rebuild_layer(int l) {
  auto& layer = layers_[static_cast<Index>(l)];
  const auto& row = plan_.physical_to_logical[static_cast<Index>(l)];
  layer.hosts = slots_of_experts(row, plan_.num_experts);
  const int slots = static_cast<int>(row.size());
  layer.per_gpu = slots % plan_.num_gpus == 0 ? slots / plan_.num_gpus : 0;
  if (layer.per_gpu == 0) return;
  layer.copies_of_gpu.assign(static_cast<Index>(plan_.num_gpus), 0);
  if (loads_ != nullptr) {
    const auto& loads = (*loads_)[static_cast<Index>(l)];
    layer.mean = std::accumulate(loads.begin(), loads.end(), 0.0) / std::max(plan_.live_gpus(), 1);
    layer.equal.assign(static_cast<Index>(plan_.num_gpus), 0.0);
    if (!plan_.replica_weight.empty()) layer.weighted = layer.equal;
  }
  for (int g = 0; g < plan_.num_gpus; ++g) {
    weigh_gpu(l, g);
    count_copies(l, g);
  }
}

void PlanState::apply(const PlanEdit& edit) {
  apply_edit(plan_, edit);
  if (edit.weighted_before != edit.weighted_after || edit.dead_before != edit.dead_after) {
    followed_.clear();
    rebuild();
    return;
  }
  std::vector<int> experts, slots;
  for (Index i = 0; i < edit.changes.size(); ++i) {
    const auto& c = edit.changes[i];
    auto& hosts = layers_[static_cast<Index>(c.layer)].hosts;
    const auto of = [&](int expert) -> std::vector<int>* {
      return expert >= 0 && expert < plan_.num_experts ? &hosts[static_cast<Index>(expert)]
                                                       : nullptr;
    };
    if (auto* before = of(c.before.expert)) erase_sorted(*before, c.slot);
    if (auto* after = of(c.after.expert)) insert_sorted(*after, c.slot);
    insert_sorted(experts, c.before.expert);
    insert_sorted(experts, c.after.expert);
    insert_sorted(slots, c.slot);
    if (i + 1 < edit.changes.size() && edit.changes[i + 1].layer == c.layer) continue;
    touch(c.layer, experts, slots);
    experts.clear();
    slots.clear();
  }
}

void PlanState::touch(int l, const std::vector<int>& experts, const std::vector<int>& slots) {
  auto& layer = layers_[static_cast<Index>(l)];
  layer.problems_known = layer.shares_known = false;
  layer.best_split.reset();
  if (rule_ == ReplicaRule::SglangStatic) forget_shares();  // draws run through all layers
  if (layer.per_gpu == 0) return;
  std::vector<int> changed, weighed;
  for (const int s : slots) insert_sorted(changed, s / layer.per_gpu);
  weighed = changed;
  std::vector<std::pair<int, std::vector<int>>> moved;
  for (const int e : experts) {
    if (e < 0 || e >= plan_.num_experts) continue;
    const auto& hosts = layer.hosts[static_cast<Index>(e)];
    for (const int s : hosts) insert_sorted(weighed, s / layer.per_gpu);
    if (layer.remote) moved.emplace_back(e, nodes_of_slots(plan_, hosts, layer.per_gpu));
  }
  for (const int g : weighed) weigh_gpu(l, g);
  for (const int g : changed) count_copies(l, g);
  if (layer.remote) layer.remote->update(std::move(moved));
}

/// Sums in the order of gpu_loads(), so that the result is the same to the last bit.
void PlanState::weigh_gpu(int l, int gpu) {
  auto& layer = layers_[static_cast<Index>(l)];
  if (!judged(layer)) return;
  const auto& row = plan_.physical_to_logical[static_cast<Index>(l)];
  const auto& loads = (*loads_)[static_cast<Index>(l)];
  const bool weighted = !layer.weighted.empty();
  double equal = 0, by_weight = 0;
  for (int s = gpu * layer.per_gpu; s < (gpu + 1) * layer.per_gpu; ++s) {
    const int e = row[static_cast<Index>(s)];
    if (e < 0 || e >= plan_.num_experts) continue;
    const double load = loads[static_cast<Index>(e)];
    equal += load * (1.0 / static_cast<int>(layer.hosts[static_cast<Index>(e)].size()));
    if (weighted) by_weight += load * slot_value(plan_, l, s).weight;
  }
  layer.equal[static_cast<Index>(gpu)] = equal;
  if (weighted) layer.weighted[static_cast<Index>(gpu)] = by_weight;
}

void PlanState::count_copies(int l, int gpu) {
  auto& layer = layers_[static_cast<Index>(l)];
  if (reference_ == nullptr) return;
  const auto& before = reference_->physical_to_logical[static_cast<Index>(l)];
  const auto old = held_by(before, gpu, static_cast<int>(before.size()) / plan_.num_gpus);
  const auto now = held_by(plan_.physical_to_logical[static_cast<Index>(l)], gpu, layer.per_gpu);
  int copies = 0;
  for (const int e : now) copies += std::binary_search(old.begin(), old.end(), e) ? 0 : 1;
  int& known = layer.copies_of_gpu[static_cast<Index>(gpu)];
  layer.copies += copies - known;
  known = copies;
}

const std::vector<int>& PlanState::hosts(int layer, int expert) const {
  return at(layer).hosts.at(static_cast<Index>(expert));
}

/// Shares that are neither equal nor the plan's weights.
bool PlanState::rule_has_shares() const {
  return rule_ != ReplicaRule::Weights && !equal_shares_under(rule_);
}

std::optional<double> PlanState::slot_load(int l, int slot) const {
  const auto& layer = at(l);
  if (!judged(layer)) return std::nullopt;
  const auto value = slot_value(plan_, l, slot);
  if (value.expert < 0 || value.expert >= plan_.num_experts) return 0.0;
  const auto e = static_cast<Index>(value.expert);
  double share = 1.0 / static_cast<double>(layer.hosts[e].size());
  if (rule_has_shares()) {
    find_shares(l);
    if (layer.shares.empty()) return std::nullopt;
    share = layer.shares.at(static_cast<Index>(slot));
  } else if (rule_ == ReplicaRule::Weights && !layer.weighted.empty()) {
    share = value.weight;
  }
  return (*loads_)[static_cast<Index>(l)][e] * share;
}

const std::vector<double>& PlanState::gpu_loads(int l) const {
  const auto& layer = at(l);
  if (judged(layer) && rule_has_shares()) {
    find_shares(l);
    return layer.ruled;
  }
  return rule_ == ReplicaRule::Weights && !layer.weighted.empty() ? layer.weighted : layer.equal;
}

void PlanState::find_shares(int l) const {
  if (at(l).shares_known) return;
  if (rule_ == ReplicaRule::SglangStatic)
    find_shares_of_plan();
  else
    find_shares_of_layer(l);
}

/// The same shares as those of the whole plan: these rules decide layer by layer.
void PlanState::find_shares_of_layer(int l) const {
  const auto i = static_cast<Index>(l);
  const bool best = rule_ == ReplicaRule::Best || rule_ == ReplicaRule::SglangLp;
  if (best && !can_split_best(l)) return take_shares(l, {});
  Plan one = plan_;
  one.physical_to_logical = {plan_.physical_to_logical[i]};
  one.replica_weight.clear();
  one.layer_ids.clear();
  RuleLoads loads{{(*loads_)[i]}, {}};
  if (by_source_ != nullptr && rule_facts(rule_).by_source) loads.by_source = {(*by_source_)[i]};
  take_shares(l, slot_shares(one, rule_, loads).front());
}

void PlanState::find_shares_of_plan() const {
  const SlotShares& shares = followed();
  for (int l = 0; l < plan_.layers(); ++l)
    take_shares(l, shares.empty() ? std::vector<double>() : shares[static_cast<Index>(l)]);
}

/// SGLang's static in all layers of the plan as it is; without shares where it cannot be followed.
const SlotShares& PlanState::followed() const {
  const auto& rows = plan_.physical_to_logical;
  const auto known = std::find_if(followed_.begin(), followed_.end(),
                                  [&](const Followed& f) { return f.rows == rows; });
  if (known != followed_.end()) {
    std::rotate(followed_.begin(), known, known + 1);
    return followed_.front().shares;
  }
  if (followed_.size() >= kFollowed) followed_.pop_back();
  Followed& made = *followed_.insert(followed_.begin(), {rows, {}, {}});
  for (int l = 0; l < plan_.layers() && made.problem.empty(); ++l)
    if (at(l).per_gpu == 0 || plan_.layer_id(l) < 0 || plan_.layer_id(l) >= kMaxPlanLayers)
      made.problem = fmt::format("layer {} has errors", plan_.layer_id(l));
  if (!made.problem.empty()) return made.shares;
  try {
    made.shares =
        slot_shares(plan_, rule_, {{}, by_source_ != nullptr ? *by_source_ : SourceLoads()});
  } catch (const Error& error) {
    made.problem = error.what();
  }
  return made.shares;
}

std::string PlanState::rule_problem() const {
  if (rule_ != ReplicaRule::SglangStatic) return {};
  followed();
  return followed_.front().problem;
}

Plan PlanState::ruled_plan() const {
  Plan ruled = plan_;
  if (rule_ == ReplicaRule::Weights) return ruled;
  ruled.replica_weight.clear();
  for (int l = 0; rule_has_shares() && l < plan_.layers(); ++l) {
    find_shares(l);
    if (at(l).shares.empty())
      throw Error("", fmt::format("layer {}", plan_.layer_id(l)),
                  fmt::format("{} cannot be followed", rule_title(rule_)), "Fix the plan first");
    ruled.replica_weight.push_back(at(l).shares);
  }
  return ruled;
}

/// Sums in the order of gpu_loads(), so that the result is the same to the last bit.
void PlanState::take_shares(int l, std::vector<double> shares) const {
  const auto& layer = at(l);
  layer.shares_known = true;
  layer.shares = std::move(shares);
  layer.ruled.clear();
  if (layer.shares.empty() || !judged(layer)) return;
  layer.ruled.assign(static_cast<Index>(plan_.num_gpus), 0.0);
  const auto& row = plan_.physical_to_logical[static_cast<Index>(l)];
  const auto& loads = (*loads_)[static_cast<Index>(l)];
  for (Index s = 0; s < row.size(); ++s)
    if (row[s] >= 0 && row[s] < plan_.num_experts)
      layer.ruled[s / static_cast<Index>(layer.per_gpu)] +=
          loads[static_cast<Index>(row[s])] * layer.shares[s];
}

void PlanState::find_bounds(int l) const {
  const auto& layer = at(l);
  layer.bounds_known = true;
  if (!judged(layer) || !(layer.mean > 0)) return;
  const auto& loads = (*loads_)[static_cast<Index>(l)];
  const int live = plan_.live_gpus(), slots = live * layer.per_gpu;
  if (slots < plan_.num_experts) return;
  const bool sources = by_source_ != nullptr && plan_.dead_gpus.empty();
  // Of sources that are dead no bound is proven.
  layer.bound = by_source_ != nullptr && !sources
                    ? imbalance_bound(loads, slots, live)
                    : rule_bound(loads, slots, live, rule_,
                                 sources ? &(*by_source_)[static_cast<Index>(l)] : nullptr);
  if (plan_.dead_gpus.empty())
    layer.bound_hierarchical = hierarchical_bound(
        loads, layer.per_gpu * plan_.num_gpus, plan_.num_gpus, plan_.num_nodes, plan_.num_groups);
}

LayerFigures PlanState::figures(int l) const {
  const auto& layer = at(l);
  LayerFigures figures;
  if (reference_ != nullptr && layer.per_gpu > 0) figures.copies = layer.copies;
  if (!judged(layer)) return figures;
  if (!(layer.mean > 0)) {
    figures.no_load = true;
    figures.equal = figures.bound = figures.under_rule = 1.0;
    if (!layer.weighted.empty()) figures.weighted = 1.0;
    return figures;
  }
  const auto imbalance = [&](const std::vector<double>& loads) {
    return *std::max_element(loads.begin(), loads.end()) / layer.mean;
  };
  figures.equal = imbalance(layer.equal);
  if (!layer.weighted.empty()) figures.weighted = imbalance(layer.weighted);
  if (const auto& ruled = gpu_loads(l); !ruled.empty()) figures.under_rule = imbalance(ruled);
  if (!layer.bounds_known) find_bounds(l);
  figures.bound = layer.bound;
  figures.bound_hierarchical = layer.bound_hierarchical;
  return figures;
}

/// Every expert with load has a slot, and slots hold experts that there are.
bool PlanState::can_split_best(int l) const {
  const auto& loads = (*loads_)[static_cast<Index>(l)];
  const auto& row = plan_.physical_to_logical[static_cast<Index>(l)];
  for (Index e = 0; e < loads.size(); ++e)
    if (loads[e] > 0 && at(l).hosts[e].empty()) return false;
  return std::none_of(row.begin(), row.end(),
                      [&](int e) { return e < kNoExpert || e >= plan_.num_experts; });
}

std::optional<double> PlanState::best_split(int l) const {
  const auto& layer = at(l);
  if (!judged(layer)) return std::nullopt;
  if (!(layer.mean > 0)) return 1.0;
  if (!can_split_best(l)) return std::nullopt;
  if (!layer.best_split)
    layer.best_split = moescope::best_split(plan_.physical_to_logical[static_cast<Index>(l)],
                                            (*loads_)[static_cast<Index>(l)], layer.per_gpu)
                           .max_load /
                       layer.mean;
  return layer.best_split;
}

std::optional<double> PlanState::remote_nodes(int l) const {
  const auto& layer = at(l);
  if (routes_ == nullptr || plan_.num_nodes < 2 || layer.per_gpu == 0) return std::nullopt;
  if (!layer.remote) {
    NodesOfExperts nodes_of;
    for (const auto& slots : layer.hosts)
      nodes_of.push_back(nodes_of_slots(plan_, slots, layer.per_gpu));
    layer.remote.emplace(*routes_, l, plan_.num_nodes, std::move(nodes_of), kCountedTokens);
  }
  return layer.remote->per_token();
}

const std::vector<PlanProblem>& PlanState::problems(int l) const {
  const auto& layer = at(l);
  if (!layer.problems_known) {
    layer.problems = validate_layer(plan_, l, expected_);
    layer.problems_known = true;
  }
  return layer.problems;
}

std::vector<PlanProblem> PlanState::problems() const {
  auto all = shape_problems_;
  for (int l = 0; l < plan_.layers(); ++l) {
    const auto& more = problems(l);
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

std::int64_t PlanState::copies() const {
  std::int64_t sum = 0;
  for (const auto& layer : layers_) sum += layer.copies;
  return sum;
}

}  // namespace moescope
