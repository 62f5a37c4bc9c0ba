#include "core/placement/validate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace moescope {
namespace {

using Severity = PlanProblem::Severity;

class Validator {
 public:
  Validator(const Plan& plan, const PlanExpectation& expected) : plan_(plan), expected_(expected) {}

  std::vector<PlanProblem> shape() {
    whole_plan();
    return std::move(problems_);
  }
  std::vector<PlanProblem> layer(int l) {
    row(l);
    return std::move(problems_);
  }

 private:
  void add(Severity severity, const char* kind, int layer, int slot, std::string text) {
    problems_.push_back({severity, kind, layer, slot, std::move(text)});
  }
  void error(const char* kind, int layer, int slot, std::string text) {
    add(Severity::Error, kind, layer, slot, std::move(text));
  }

  void whole_plan() {
    if (plan_.num_gpus < 1 || plan_.num_nodes < 1 || plan_.num_groups < 1)
      error("topology", -1, -1, "num_gpus, num_nodes and num_groups must be at least 1");
    else if (plan_.num_gpus % plan_.num_nodes != 0)
      error("topology", -1, -1,
            fmt::format("{} GPUs do not divide over {} nodes", plan_.num_gpus, plan_.num_nodes));
    layer_count();
    if (!machine_is_sound(plan_) || plan_.layers() == 0) return;
    if (plan_.live_gpus() < 1) error("dead_gpus", -1, -1, "no GPU is alive");
    experts();
    layer_ids();
    if (!plan_.replica_weight.empty() &&
        plan_.replica_weight.size() != plan_.physical_to_logical.size())
      error("replica_weight", -1, -1,
            fmt::format("replica_weight has {} layers, the map {}", plan_.replica_weight.size(),
                        plan_.layers()));
    redundancy();
    memory();
  }
  void layer_count() {
    if (plan_.layers() == 0) return error("layers", -1, -1, "the map has no layer");
    if (!expected_.layers || plan_.layers() == *expected_.layers) return;
    if (expected_.model_layers && plan_.layers() == *expected_.model_layers)
      return error(
          "layer_axis", -1, -1,
          fmt::format("the rows are all {} layers of the model, expected the {} MoE layers "
                      "only (SGLang's axis has the dense layers too)",
                      plan_.layers(), *expected_.layers));
    error("layers", -1, -1,
          fmt::format("the plan has {} layers, expected {} (MoE layers only, not the dense ones)",
                      plan_.layers(), *expected_.layers));
  }
  void experts() {
    if (plan_.num_experts < 1) error("experts", -1, -1, "the plan holds no expert");
    if (expected_.experts && plan_.num_experts != *expected_.experts)
      error("experts", -1, -1,
            fmt::format("the plan is for {} experts, expected {}", plan_.num_experts,
                        *expected_.experts));
    if (plan_.num_experts > 0 && plan_.num_experts % plan_.num_groups != 0)
      error("groups", -1, -1,
            fmt::format("{} experts do not divide into {} groups", plan_.num_experts,
                        plan_.num_groups));
  }
  void layer_ids() {
    const auto& ids = plan_.layer_ids;
    if (ids.empty()) return;
    if (ids.size() != plan_.physical_to_logical.size())
      error("layer_ids", -1, -1,
            fmt::format("layer_ids names {} layers, the map has {}", ids.size(), plan_.layers()));
    auto sorted = ids;
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
      error("layer_ids", -1, -1, "layer_ids names a layer twice");
    if (expected_.layer_ids && *expected_.layer_ids != ids)
      error("layer_ids", -1, -1, "layer_ids are not those of the loads");
  }
  void redundancy() {
    const int redundant = plan_.slot_count() - plan_.num_experts;
    if (expected_.redundant_experts && redundant != *expected_.redundant_experts)
      error("redundancy", -1, -1,
            fmt::format("the plan has {} redundant experts, the launch flag says {}", redundant,
                        *expected_.redundant_experts));
  }
  void memory() {
    if (!expected_.expert_bytes || !expected_.gpu_expert_bytes) return;
    const double need = static_cast<double>(expert_bytes_of_gpu(plan_, *expected_.expert_bytes));
    const auto room = static_cast<double>(*expected_.gpu_expert_bytes);
    if (need > room)
      error("memory", -1, -1,
            fmt::format("the experts of a GPU need {:.1f} GiB, there is room for {:.1f}",
                        need / (1 << 30), room / (1 << 30)));
  }

  void row(int layer) {
    const auto& slots = plan_.physical_to_logical[static_cast<std::size_t>(layer)];
    const int n = static_cast<int>(slots.size());
    if (n != plan_.slot_count())
      error("unequal_slots", layer, -1,
            fmt::format("has {} slots, layer 0 has {}", n, plan_.slot_count()));
    if (n == 0 || n % plan_.num_gpus != 0) {
      error("slots_not_divisible", layer, -1,
            fmt::format("{} slots do not divide over {} GPUs", n, plan_.num_gpus));
      return;
    }
    const int per_gpu = n / plan_.num_gpus;
    const int experts = expected_.experts.value_or(plan_.num_experts);
    ids(layer, slots, per_gpu, experts);
    missing(layer, slots, experts);
    duplicates(layer, slots, per_gpu);
    if (static_cast<std::size_t>(layer) < plan_.replica_weight.size()) weights(layer, slots);
    if (expected_.groups_on_nodes && plan_.num_experts % plan_.num_groups == 0)
      groups(layer, slots, per_gpu);
  }
  void ids(int layer, const std::vector<int>& slots, int per_gpu, int experts) {
    for (int s = 0; s < static_cast<int>(slots.size()); ++s) {
      const int e = slots[static_cast<std::size_t>(s)];
      const bool dead = plan_.dead(s / per_gpu);
      if (dead && e != kNoExpert)
        error("dead_gpu", layer, s, fmt::format("holds expert {} on dead GPU {}", e, s / per_gpu));
      if (!dead && (e < 0 || e >= experts))
        error("expert_id", layer, s,
              fmt::format("holds expert {}, expected 0..{}", e, experts - 1));
    }
  }
  void missing(int layer, const std::vector<int>& slots, int experts) {
    const auto counts = replica_counts(slots, experts);
    std::vector<int> absent;
    for (int e = 0; e < experts; ++e)
      if (counts[static_cast<std::size_t>(e)] == 0) absent.push_back(e);
    if (absent.empty()) return;
    const std::vector<int> first(
        absent.begin(),
        absent.begin() + static_cast<long>(std::min<std::size_t>(8, absent.size())));
    error("missing_expert", layer, -1,
          fmt::format("{} expert{} no replica: {}{}", absent.size(),
                      absent.size() == 1 ? " has" : "s have", fmt::join(first, ", "),
                      absent.size() > 8 ? ", ..." : ""));
  }
  void duplicates(int layer, const std::vector<int>& slots, int per_gpu) {
    std::vector<int> last_gpu(static_cast<std::size_t>(std::max(plan_.num_experts, 0)), -1);
    for (int s = 0; s < static_cast<int>(slots.size()); ++s) {
      const int e = slots[static_cast<std::size_t>(s)], gpu = s / per_gpu;
      if (e < 0 || e >= plan_.num_experts) continue;
      if (last_gpu[static_cast<std::size_t>(e)] == gpu)
        add(Severity::Warning, "duplicate_on_gpu", layer, s,
            fmt::format("holds expert {} a second time on GPU {}: the slot is wasted", e, gpu));
      last_gpu[static_cast<std::size_t>(e)] = gpu;
    }
  }
  void weights(int layer, const std::vector<int>& slots) {
    const auto& weights = plan_.replica_weight[static_cast<std::size_t>(layer)];
    if (weights.size() != slots.size()) {
      error("replica_weight", layer, -1,
            fmt::format("replica_weight has {} slots, the map {}", weights.size(), slots.size()));
      return;
    }
    std::vector<double> total(static_cast<std::size_t>(std::max(plan_.num_experts, 0)), 0.0);
    for (std::size_t s = 0; s < slots.size(); ++s) {
      const int e = slots[s];
      if (!(weights[s] >= 0))
        error("replica_weight", layer, static_cast<int>(s), "replica_weight is negative");
      if (e >= 0 && e < plan_.num_experts) total[static_cast<std::size_t>(e)] += weights[s];
    }
    for (std::size_t e = 0; e < total.size(); ++e)
      if (!(std::abs(total[e] - 1) <= 1e-6))
        error("replica_weight", layer, -1,
              fmt::format("the weights of expert {} sum to {:.6f}, expected 1", e, total[e]));
  }
  /// The home node of a group is the one that holds most of its replicas.
  void groups(int layer, const std::vector<int>& slots, int per_gpu) {
    const int size = plan_.num_experts / plan_.num_groups;
    std::vector<std::vector<int>> tally(
        static_cast<std::size_t>(plan_.num_groups),
        std::vector<int>(static_cast<std::size_t>(plan_.num_nodes)));
    const auto place = [&](int s) {
      return std::pair(static_cast<std::size_t>(slots[static_cast<std::size_t>(s)] / size),
                       static_cast<std::size_t>(plan_.node_of_gpu(s / per_gpu)));
    };
    const auto valid = [&](int s) {
      const int e = slots[static_cast<std::size_t>(s)];
      return e >= 0 && e < plan_.num_experts;
    };
    const int n = static_cast<int>(slots.size());
    for (int s = 0; s < n; ++s)
      if (valid(s)) ++tally[place(s).first][place(s).second];
    for (int s = 0; s < n; ++s) {
      if (!valid(s)) continue;
      const auto [group, node] = place(s);
      const auto home = static_cast<std::size_t>(
          std::max_element(tally[group].begin(), tally[group].end()) - tally[group].begin());
      if (node != home)
        add(Severity::Warning, "group_outside_node", layer, s,
            fmt::format("holds expert {} of group {} on node {}, most of the "
                        "group is on node {}",
                        slots[static_cast<std::size_t>(s)], group, node, home));
    }
  }

  const Plan& plan_;
  const PlanExpectation& expected_;
  std::vector<PlanProblem> problems_;
};

}  // namespace

bool machine_is_sound(const Plan& plan) {
  return plan.num_gpus >= 1 && plan.num_nodes >= 1 && plan.num_groups >= 1 &&
         plan.num_gpus % plan.num_nodes == 0;
}

std::int64_t expert_bytes_of_gpu(const Plan& plan, std::int64_t expert_bytes) {
  std::int64_t slots = 0;
  for (const auto& row : plan.physical_to_logical)
    slots += (static_cast<std::int64_t>(row.size()) + plan.num_gpus - 1) / plan.num_gpus;
  return slots * expert_bytes;
}

std::vector<PlanProblem> validate_shape(const Plan& plan, const PlanExpectation& expected) {
  return Validator(plan, expected).shape();
}

std::vector<PlanProblem> validate_layer(const Plan& plan, int layer,
                                        const PlanExpectation& expected) {
  return Validator(plan, expected).layer(layer);
}

std::vector<PlanProblem> validate_plan(const Plan& plan, const PlanExpectation& expected) {
  auto problems = validate_shape(plan, expected);
  if (!machine_is_sound(plan)) return problems;
  for (int l = 0; l < plan.layers(); ++l) {
    auto more = validate_layer(plan, l, expected);
    problems.insert(problems.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
  }
  return problems;
}

std::string to_string(const PlanProblem& problem) {
  std::string place;
  if (problem.layer >= 0) place = fmt::format("layer {}", problem.layer);
  if (problem.slot >= 0) place += fmt::format(", slot {}", problem.slot);
  return place.empty() ? problem.text : place + ": " + problem.text;
}

bool has_errors(const std::vector<PlanProblem>& problems) {
  return std::any_of(problems.begin(), problems.end(),
                     [](const auto& p) { return p.severity == Severity::Error; });
}

void throw_on_errors(const std::vector<PlanProblem>& problems, const std::string& source) {
  std::string text;
  int errors = 0;
  for (const auto& p : problems)
    if (p.severity == Severity::Error && ++errors <= 5)
      text += (text.empty() ? "" : "; ") + to_string(p);
  if (errors == 0) return;
  if (errors > 5) text += fmt::format("; and {} more", errors - 5);
  throw Error(source, "", "is not a valid plan: " + text,
              "`moescope plan validate` lists every problem");
}

}  // namespace moescope
