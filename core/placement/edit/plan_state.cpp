#include "core/placement/edit/plan_state.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/placement/bounds.h"
#include "core/placement/split.h"

namespace moescope {
namespace {

using Index = std::size_t;

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
  layer.problems_known = false;
  layer.best_split.reset();
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

std::optional<double> PlanState::slot_load(int l, int slot) const {
  const auto& layer = at(l);
  if (!judged(layer)) return std::nullopt;
  const auto value = slot_value(plan_, l, slot);
  if (value.expert < 0 || value.expert >= plan_.num_experts) return 0.0;
  const auto e = static_cast<Index>(value.expert);
  const double share =
      layer.weighted.empty() ? 1.0 / static_cast<double>(layer.hosts[e].size()) : value.weight;
  return (*loads_)[static_cast<Index>(l)][e] * share;
}

const std::vector<double>& PlanState::gpu_loads(int layer) const {
  const auto& l = at(layer);
  return l.weighted.empty() ? l.equal : l.weighted;
}

void PlanState::find_bounds(int l) const {
  const auto& layer = at(l);
  layer.bounds_known = true;
  if (!judged(layer) || !(layer.mean > 0)) return;
  const auto& loads = (*loads_)[static_cast<Index>(l)];
  const int live = plan_.live_gpus(), slots = live * layer.per_gpu;
  if (slots < plan_.num_experts) return;
  layer.bound = imbalance_bound(loads, slots, live);
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
    figures.equal = figures.bound = 1.0;
    if (!layer.weighted.empty()) figures.weighted = 1.0;
    return figures;
  }
  const auto imbalance = [&](const std::vector<double>& loads) {
    return *std::max_element(loads.begin(), loads.end()) / layer.mean;
  };
  figures.equal = imbalance(layer.equal);
  if (!layer.weighted.empty()) figures.weighted = imbalance(layer.weighted);
  if (!layer.bounds_known) find_bounds(l);
  figures.bound = layer.bound;
  figures.bound_hierarchical = layer.bound_hierarchical;
  return figures;
}

std::optional<double> PlanState::best_split(int l) const {
  const auto& layer = at(l);
  if (!judged(layer)) return std::nullopt;
  if (!(layer.mean > 0)) return 1.0;
  const auto& loads = (*loads_)[static_cast<Index>(l)];
  const auto& row = plan_.physical_to_logical[static_cast<Index>(l)];
  for (Index e = 0; e < loads.size(); ++e)
    if (loads[e] > 0 && layer.hosts[e].empty()) return std::nullopt;
  if (std::any_of(row.begin(), row.end(), [&](int e) { return e < -1 || e >= plan_.num_experts; }))
    return std::nullopt;
  if (!layer.best_split)
    layer.best_split = moescope::best_split(row, loads, layer.per_gpu).max_load / layer.mean;
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
