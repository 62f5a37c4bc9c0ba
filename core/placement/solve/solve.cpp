#include "core/placement/solve/solve.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <numeric>
#include <thread>

#include "core/error.h"
#include "core/parallel.h"
#include "core/placement/bounds.h"
#include "core/placement/rules/rule_bound.h"
#include "core/placement/rules/slot_shares.h"
#include "core/placement/solve/eplb_candidate.h"
#include "core/placement/solve/layer_solver.h"
#include "core/placement/solve/relabel.h"
#include "core/placement/solve/ruled_plan.h"
#include "core/placement/split.h"

namespace moescope {
namespace {

/// Pairs of expert and GPU; the solver keeps a few bytes for each.
constexpr std::int64_t kMaxPairs = 1 << 26;

void require(bool condition, const char* place, const std::string& problem, const char* remedy,
             const char* options = "") {
  if (!condition) throw Error("", place, problem, remedy, options);
}

void check_loads(const std::vector<LayerLoads>& windows) {
  require(!windows.empty() && !windows[0].empty() && !windows[0][0].empty(), "loads",
          "there are no loads", "");
  const std::size_t layers = windows[0].size(), experts = windows[0][0].size();
  for (const auto& window : windows) {
    require(window.size() == layers, "loads", "the windows have different numbers of layers", "");
    for (std::size_t l = 0; l < layers; ++l) {
      require(window[l].size() == experts, "loads",
              fmt::format("layer {} has {} experts, layer 0 has {}", l, window[l].size(), experts),
              "");
      for (const double v : window[l])
        require(std::isfinite(v) && v >= 0, "loads",
                fmt::format("layer {} holds a load that is negative or not a number", l), "");
    }
  }
}

void check_machine(const SolveOptions& o, int experts) {
  require(o.gpus > 0 && o.gpus <= kMaxPlanGpus && o.nodes > 0 && o.gpus % o.nodes == 0, "GPUs",
          fmt::format("{} GPUs do not divide over {} nodes", o.gpus, o.nodes),
          "Choose a number of GPUs that is a multiple of the nodes", "--gpus, --nodes");
  require(o.slot_count > 0 && o.slot_count <= kMaxPlanSlots && o.slot_count % o.gpus == 0, "slots",
          fmt::format("{} slots do not divide over {} GPUs", o.slot_count, o.gpus),
          "Choose a number of slots that is a multiple of the GPUs", "--slots, --gpus");
  require(o.slot_count / o.gpus < 1 << 16, "slots", "a GPU has more than 65535 slots", "");
  require(static_cast<std::int64_t>(experts) * o.gpus <= kMaxPairs, "size",
          fmt::format("{} experts on {} GPUs are more than this solver takes", experts, o.gpus),
          "");
  require(o.slot_count >= experts, "slots",
          fmt::format("{} slots cannot hold {} experts", o.slot_count, experts),
          "Give at least as many slots as experts");
  require(o.groups > 0 && experts % o.groups == 0, "groups",
          fmt::format("{} experts do not divide into {} groups", experts, o.groups),
          "Give the number of groups that the model has", "--groups");
  if (o.hierarchy != Hierarchy::Off)
    require(o.groups % o.nodes == 0, "hierarchy",
            fmt::format("{} groups do not divide over {} nodes", o.groups, o.nodes),
            "Turn the hierarchy off", "--hierarchy off");
}

void check_constraints(const SolveOptions& o, int layers, int experts) {
  for (const int g : o.dead_gpus)
    require(g >= 0 && g < o.gpus, "dead GPUs", fmt::format("there is no GPU {}", g), "");
  const auto live = o.gpus - static_cast<int>(o.dead_gpus.size());
  require(live > 0 && live * (o.slot_count / o.gpus) >= experts, "dead GPUs",
          fmt::format("{} slots on live GPUs cannot hold {} experts",
                      live * (o.slot_count / o.gpus), experts),
          "Give more slots");
  for (const auto& p : o.pinned)
    require(
        p.layer >= -1 && p.layer < layers && p.slot >= 0 && p.slot < o.slot_count &&
            p.expert >= 0 && p.expert < experts,
        "pinned",
        fmt::format("layer {}, slot {}, expert {} is not in the plan", p.layer, p.slot, p.expert),
        "");
  for (const auto& f : o.forbidden)
    require(f.layer >= -1 && f.layer < layers && f.gpu >= 0 && f.gpu < o.gpus && f.expert >= 0 &&
                f.expert < experts,
            "forbidden",
            fmt::format("layer {}, GPU {}, expert {} is not in the plan", f.layer, f.gpu, f.expert),
            "");
  if (o.max_copies)
    require(o.from != nullptr && *o.max_copies >= 0, "copies",
            "a copy budget needs a plan to start from", "Give the plan that runs now", "--from");
  if (o.rebuild)
    require(o.from != nullptr && !o.max_copies, "rebuild",
            "needs a plan that runs, and its copies cannot be limited",
            "Give the plan that runs now and no limit of copies", "--from, --max-copies");
  if (o.from != nullptr)
    require(o.from->num_gpus == o.gpus && o.from->layers() == layers &&
                o.from->num_experts == experts && o.from->slot_count() == o.slot_count,
            "previous plan",
            fmt::format("it has {} GPUs, {} layers, {} experts, {} slots; "
                        "asked for {}, {}, {}, {}",
                        o.from->num_gpus, o.from->layers(), o.from->num_experts,
                        o.from->slot_count(), o.gpus, layers, experts, o.slot_count),
            "Start from a plan of the same shape");
}

/// A layer from nothing, as LayerSolver leaves it or, where that is better, as EPLB makes it.
std::vector<int> solve_fresh(const std::vector<LayerLoads>& windows, const SolveOptions& options,
                             int layer, SolvedLayer& solved, Progress& progress) {
  LayerSolver solver(windows, options, layer);
  solved = solver.solve(progress);
  auto row = solver.row();
  // Joined GPUs are worth some balance, and groups that may leave their node are better placed.
  if (options.connected || options.hierarchy == Hierarchy::Soft) return row;
  const auto l = static_cast<std::size_t>(layer);
  std::vector<double> loads(windows[0][l].size(), 0.0);
  for (const auto& window : windows)
    for (std::size_t e = 0; e < loads.size(); ++e) loads[e] += window[l][e];
  if (!take_better_eplb(row, loads, options)) return row;
  const auto per_gpu = gpu_loads(row, loads, options.gpus);
  solved.imbalance = *std::max_element(per_gpu.begin(), per_gpu.end()) * options.gpus /
                     std::accumulate(loads.begin(), loads.end(), 0.0);
  solved.reached = solved.imbalance <= solved.target + 1e-7;
  return row;
}

/// One layer, solved from the running plan, or from nothing and renamed after it.
std::vector<int> solve_layer(const std::vector<LayerLoads>& windows, const SolveOptions& options,
                             int layer, SolvedLayer& solved, Progress& progress) {
  if (options.from == nullptr) return solve_fresh(windows, options, layer, solved, progress);
  if (!options.rebuild) {
    LayerSolver solver(windows, options, layer);
    solved = solver.solve(progress);
    return solver.row();
  }
  auto fresh = options;
  fresh.from = nullptr;
  const auto& running = options.from->physical_to_logical[static_cast<std::size_t>(layer)];
  auto row = relabel_row(solve_fresh(windows, fresh, layer, solved, progress), running,
                         options.from->num_experts, options, layer);
  solved.copies = copies_needed(row, running, options.gpus);
  return row;
}

/// Reports layers as they are done, from any thread.
class LayerListener {
 public:
  LayerListener(const SolveOptions& options, int layers, Progress& progress)
      : options_(options), layers_(layers), progress_(progress) {}
  void done(int layer, const std::vector<int>& row) {
    const int n = ++done_;
    if (options_.on_layer) {
      const std::lock_guard lock(listener_);
      options_.on_layer(layer, row);
    }
    if (std::this_thread::get_id() == caller_ && !progress_.cancelled())
      progress_.report(static_cast<double>(n) / layers_, "solving layers");
  }

 private:
  const SolveOptions& options_;
  const int layers_;
  Progress& progress_;
  std::atomic<int> done_{0};
  std::mutex listener_;
  const std::thread::id caller_ = std::this_thread::get_id();
};

/// Every layer for equal shares, in parallel.
void solve_layers(const std::vector<LayerLoads>& windows, const SolveOptions& options,
                  SolveResult& result, LayerListener& listener, Progress& progress) {
  parallel_for(
      result.layers.size(),
      [&](std::size_t l) {
        auto& row = result.plan.physical_to_logical[l];
        row = solve_layer(windows, options, static_cast<int>(l), result.layers[l], progress);
        listener.done(static_cast<int>(l), row);
      },
      options.threads);
}

/// Sets the figures of all layers to those under the worst of the rules.
void judge_layers(const LayerLoads& loads, const SolveOptions& o, SolveResult& result) {
  for (SolvedLayer& layer : result.layers) layer.imbalance = 1;
  for (const ReplicaRule rule : o.rules) {
    const auto imbalances = imbalances_under(result.plan, rule, {loads, o.by_source});
    for (std::size_t l = 0; l < loads.size(); ++l)
      result.layers[l].imbalance = std::max(result.layers[l].imbalance, imbalances[l]);
  }
  for (SolvedLayer& layer : result.layers) layer.reached = layer.imbalance <= layer.target + 1e-7;
}

/// What a plan for the rules should reach in every layer.
void set_targets(const LayerLoads& loads, const SolveOptions& o, SolveResult& result) {
  constexpr double kNotFelt = 0.003;  // excess over the bound that nobody will feel
  for (std::size_t l = 0; l < loads.size(); ++l) {
    double bound = 1;
    for (const ReplicaRule rule : o.rules)
      bound = std::max(bound, rule_bound(loads[l], o.slot_count, o.gpus, rule,
                                         o.by_source.empty() ? nullptr : &o.by_source[l]));
    result.layers[l].target = o.target(bound, kNotFelt);
  }
}

/// Mean over the layers of what is missed, relative to the target.
double mean_missed(const SolveResult& result) {
  double sum = 0;
  for (const SolvedLayer& layer : result.layers)
    sum += std::max(0.0, layer.imbalance / layer.target - 1);
  return sum / static_cast<double>(result.layers.size());
}

/// A plan for rules whose shares depend on where replicas are. Where it misses its targets by much
/// a plan for equal shares is tried as well, and the one that is better under the rules is taken.
void solve_ruled(const std::vector<LayerLoads>& windows, const SolveOptions& o, SolveResult& result,
                 LayerListener& listener, Progress& progress) {
  constexpr double kFine = 0.02;
  const LayerLoads loads = sum_of(windows);
  SolveResult equal = result;
  if (auto rows = ruled_rows(windows, o, progress)) {
    result.plan.physical_to_logical = std::move(*rows);
    set_targets(loads, o, result);
    judge_layers(loads, o, result);
    if (progress.cancelled() || mean_missed(result) < kFine) {
      for (std::size_t l = 0; l < result.layers.size(); ++l)
        listener.done(static_cast<int>(l), result.plan.physical_to_logical[l]);
      return;
    }
  }
  solve_layers(windows, o, equal, listener, progress);
  set_targets(loads, o, equal);
  judge_layers(loads, o, equal);
  if (result.plan.physical_to_logical[0].empty() || mean_missed(equal) < mean_missed(result)) {
    result = std::move(equal);
    result.for_equal_shares = true;
  }
}

/// Whether all rules split an expert's tokens equally, or as well as can be, wherever they are.
bool all_even(const std::vector<ReplicaRule>& rules) {
  return std::none_of(rules.begin(), rules.end(),
                      [](ReplicaRule rule) { return rule_facts(rule).by_source; });
}

void check_rules(const SolveOptions& o, const Plan& plan) {
  require(!o.rules.empty(), "rules", "there is no replica rule", "", "--dispatch");
  require_sources_fit(plan, o.by_source);
}

}  // namespace

SolveResult solve_plan(const std::vector<LayerLoads>& windows, const SolveOptions& given,
                       Progress& progress) {
  check_loads(windows);
  auto options = given;
  std::sort(options.dead_gpus.begin(), options.dead_gpus.end());
  options.dead_gpus.erase(std::unique(options.dead_gpus.begin(), options.dead_gpus.end()),
                          options.dead_gpus.end());
  const int layers = static_cast<int>(windows[0].size());
  const int experts = static_cast<int>(windows[0][0].size());
  check_machine(options, experts);
  check_constraints(options, layers, experts);

  SolveResult result;
  result.layers.resize(static_cast<std::size_t>(layers));
  result.plan = {.num_gpus = options.gpus,
                 .num_nodes = options.nodes,
                 .num_groups = options.groups,
                 .num_experts = experts,
                 .physical_to_logical = {},
                 .layer_ids = options.layer_ids,
                 .dead_gpus = options.dead_gpus};
  result.plan.physical_to_logical.resize(static_cast<std::size_t>(layers));
  check_rules(options, result.plan);
  LayerListener listener(options, layers, progress);
  if (can_solve_for_rules(options)) {
    solve_ruled(windows, options, result, listener, progress);
  } else {
    solve_layers(windows, options, result, listener, progress);
    if (!all_even(options.rules)) {
      judge_layers(sum_of(windows), options, result);
      result.for_equal_shares = true;
    }
  }
  if (options.split_best) {
    Progress quiet;  // a cancelled search has a plan all the same
    resplit(result.plan, sum_of(windows), options.threads, quiet);
  }
  result.cancelled = progress.cancelled();
  return result;
}

LayerLoads sum_of(const std::vector<LayerLoads>& windows) {
  LayerLoads sum = windows.at(0);
  for (std::size_t w = 1; w < windows.size(); ++w)
    for (std::size_t l = 0; l < sum.size(); ++l)
      for (std::size_t e = 0; e < sum[l].size(); ++e) sum[l][e] += windows[w][l][e];
  return sum;
}

void resplit(Plan& plan, const LayerLoads& loads, int threads, Progress& progress) {
  plan.replica_weight.resize(plan.physical_to_logical.size());
  parallel_for(
      plan.physical_to_logical.size(),
      [&](std::size_t l) {
        progress.check();
        plan.replica_weight[l] =
            best_split(plan.physical_to_logical[l], loads.at(l), plan.slots_per_gpu()).weight;
      },
      threads);
}

std::vector<SlotBound> bound_curve(const LayerLoads& loads, int gpus, int max_slots,
                                   ReplicaRule rule, const SourceLoads& by_source) {
  std::vector<SlotBound> curve;
  if (loads.empty() || gpus < 1) return curve;
  const int experts = static_cast<int>(loads[0].size());
  for (int slots = (experts + gpus - 1) / gpus * gpus; slots <= max_slots; slots += gpus) {
    std::vector<double> bounds;
    for (std::size_t l = 0; l < loads.size(); ++l)
      bounds.push_back(
          rule_bound(loads[l], slots, gpus, rule, by_source.empty() ? nullptr : &by_source[l]));
    curve.push_back({slots, summarize(bounds)});
  }
  return curve;
}

}  // namespace moescope
