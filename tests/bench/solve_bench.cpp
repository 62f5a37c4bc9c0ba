// What the placement solver reaches and how long it takes: the table of docs/results/placement.md.
//
// Loads are those of the generator in tests/support (r1, 58 layers x 256 experts). Every solve runs
// twice: on one thread for its CPU time, which other work on the machine changes little, and on two
// for the time on the clock. The plan does not depend on the threads.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string_view>

#include "core/placement/eplb/eplb.h"
#include "core/placement/rules/slot_shares.h"
#include "core/placement/solve/solve.h"
#include "tests/support/gate_routes.h"
#include "tests/support/load_generator.h"
#include "tests/support/solve_machine.h"

namespace moescope {
namespace {

double cpu_ms() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

SolveOptions machine(int gpus, int slots, std::uint64_t seed) {
  auto options = test::machine(gpus, slots);
  options.threads = 1;
  options.seed = seed;
  return options;
}

SolveOptions on_nodes(SolveOptions o, Hierarchy hierarchy) {
  o.nodes = 4;
  o.groups = 8;
  o.hierarchy = hierarchy;
  return o;
}

template <typename Figure>
Summary over_layers(const std::vector<LayerEvaluation>& layers, Figure figure) {
  std::vector<double> values;
  for (const auto& l : layers) values.push_back(figure(l));
  return summarize(std::move(values));
}

std::vector<LayerEvaluation> judge(const Plan& plan, const LayerLoads& loads,
                                   const EvaluateOptions& options = {}) {
  return evaluate_plan(plan, loads, options, no_progress());
}

std::string three(const Summary& s) {
  return fmt::format("{:.4f} / {:.4f} / {:.4f}", s.mean, s.p95, s.max);
}

double equal(const LayerEvaluation& l) {
  return l.equal;
}
double best(const LayerEvaluation& l) {
  return l.best_split;
}

double clock_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

/// CPU time on one thread, time on the clock with two where that was measured.
struct Cost {
  double cpu = 0;
  std::optional<double> clock;
};

struct Solved {
  Plan plan;
  Cost cost;
};

Solved solve(const LayerLoads& loads, SolveOptions options) {
  const double start = cpu_ms();
  auto plan = solve_plan({loads}, options, no_progress()).plan;
  const double cpu = cpu_ms() - start, begin = clock_ms();
  options.threads = 2;
  solve_plan({loads}, options, no_progress());
  return {std::move(plan), {cpu, clock_ms() - begin}};
}

void row(std::string_view name, std::string_view baseline, std::string_view reached,
         std::string_view bound, const Cost& cost) {
  fmt::print("| {} | {} | {} | {} | {:.0f} ms | {} |\n", name, baseline, reached, bound, cost.cpu,
             cost.clock ? fmt::format("{:.0f} ms", *cost.clock) : "");
  std::fflush(stdout);
}

void balance(const LayerLoads& loads, int gpus, int slots, std::uint64_t seed) {
  const auto theirs = over_layers(judge(eplb_plan(loads, slots, 1, 1, gpus), loads), equal);
  const auto ours = solve(loads, machine(gpus, slots, seed));
  const auto layers = judge(ours.plan, loads);
  row(fmt::format("{} / {}", gpus, slots), three(theirs), three(over_layers(layers, equal)),
      three(over_layers(layers, [](const auto& l) { return l.bound; })), ours.cost);
}

/// A plan for SGLang's rules, under each of them and with equal shares, beside the plan for equal
/// shares and EPLB's.
void ruled(const LayerLoads& loads, int gpus, int nodes, int slots, std::uint64_t seed) {
  auto options = machine(gpus, slots, seed);
  options.nodes = nodes;
  auto theirs = eplb_plan(loads, slots, 1, 1, gpus);
  theirs.num_nodes = nodes;
  const auto equal_shares = solve(loads, options);
  options.rules = {ReplicaRule::SglangStatic, ReplicaRule::SglangDynamic};
  const auto ours = solve(loads, options);
  const auto under = [&](const Plan& plan, ReplicaRule rule) {
    return three(summarize(imbalances_under(plan, rule, {loads, {}})));
  };
  for (const auto rule : {ReplicaRule::SglangStatic, ReplicaRule::SglangDynamic, ReplicaRule::Even})
    row(fmt::format("{} / {} on {} nodes, {}", gpus, slots, nodes, rule_name(rule)),
        under(theirs, rule),
        fmt::format("{} (plan for equal shares {})", under(ours.plan, rule),
                    under(equal_shares.plan, rule)),
        "", ours.cost);
}

void hierarchical(const LayerLoads& loads, std::uint64_t seed) {
  const auto theirs = over_layers(judge(eplb_plan(loads, 288, 8, 4, 32), loads), equal);
  const auto ours = solve(loads, on_nodes(machine(32, 288, seed), Hierarchy::Hard));
  const auto layers = judge(ours.plan, loads);
  const auto bound =
      over_layers(layers, [](const auto& l) { return l.bound_hierarchical.value_or(1); });
  const auto reached = over_layers(layers, equal);
  row(fmt::format("32 / 288, groups on 4 nodes (gap {:.2f} %)",
                  (reached.mean / bound.mean - 1) * 100),
      three(theirs), three(reached), three(bound), ours.cost);
}

/// Remote nodes per token with a simulated gate, nearest replica first.
void soft(const LayerLoads& loads, std::uint64_t seed) {
  const auto routes = test::gate_routes(loads, 2000, 8, 4, 8, 7);
  const auto routed = test::loads_of_routes(routes, 256);
  EvaluateOptions with_routes;
  with_routes.routes = &routes;
  const auto remote = [](const LayerEvaluation& l) { return l.remote_nodes_per_token.value_or(0); };
  const auto hard = solve(routed, on_nodes(machine(32, 288, seed), Hierarchy::Hard));
  const auto loose = solve(routed, on_nodes(machine(32, 288, seed), Hierarchy::Soft));
  auto off = eplb_plan(routed, 288, 1, 1, 32);
  off.num_nodes = 4;
  off.num_groups = 8;
  const double base = over_layers(judge(hard.plan, routed, with_routes), remote).mean;
  const double global = over_layers(judge(off, routed, with_routes), remote).mean;
  const auto layers = judge(loose.plan, routed, with_routes);
  const double ours = over_layers(layers, remote).mean;
  row(fmt::format("32 / 288, soft: remote nodes per token {:.3f}, {:+.1f} % of {:.3f}", ours,
                  (ours / base - 1) * 100, base),
      fmt::format("global {:+.1f} %", (global / base - 1) * 100), three(over_layers(layers, equal)),
      fmt::format(
          "{:.1f} replicas per layer off their node",
          over_layers(layers, [](const auto& l) { return double(l.off_node_copies); }).mean),
      loose.cost);
}

void migration(const LayerLoads& before, const LayerLoads& after, std::optional<int> most,
               std::uint64_t seed) {
  const auto running = eplb_plan(before, 288, 1, 1, 32);
  auto options = machine(32, 288, seed);
  options.from = &running;
  options.max_copies = most;
  const auto ours = solve(after, options);
  EvaluateOptions with_previous;
  with_previous.previous = &running;
  const auto layers = judge(ours.plan, after, with_previous);
  const auto copies = [](const LayerEvaluation& l) { return 1.0 * l.copies.value_or(0); };
  const auto kept = over_layers(judge(running, after), equal);
  row(fmt::format("32 / 288, 30 % drift, {:.1f} copies per layer{}",
                  over_layers(layers, copies).mean,
                  most ? fmt::format(" (at most {})", *most) : ""),
      "kept: " + three(kept), three(over_layers(layers, equal)), "", ours.cost);
}

/// A full plan in spite of the running one, as solved and with its GPUs and slots renamed.
void rebuild(const LayerLoads& before, const LayerLoads& after, int gpus, int slots,
             std::string_view drift, std::uint64_t seed) {
  const auto running = eplb_plan(before, slots, 1, 1, gpus);
  auto options = machine(gpus, slots, seed);
  EvaluateOptions with_previous;
  with_previous.previous = &running;
  const auto copies = [&](const Plan& plan) {
    return over_layers(judge(plan, after, with_previous),
                       [](const LayerEvaluation& l) { return 1.0 * l.copies.value_or(0); })
        .mean;
  };
  const auto fresh = solve(after, options);
  options.from = &running;
  options.rebuild = true;
  const auto ours = solve(after, options);
  row(fmt::format("{} / {}, {} drift, full plan: {:.1f} copies per layer, renamed {:.1f}", gpus,
                  slots, drift, copies(fresh.plan), copies(ours.plan)),
      fmt::format("fresh EPLB: {:.1f} copies", copies(eplb_plan(after, slots, 1, 1, gpus))),
      three(over_layers(judge(ours.plan, after), equal)),
      fmt::format("as solved: {}", three(over_layers(judge(fresh.plan, after), equal))), ours.cost);
}

void connected(const LayerLoads& loads, const LayerLoads& later, std::uint64_t seed) {
  auto options = machine(32, 288, seed);
  options.connected = true;
  const auto ours = solve(loads, options);
  auto plan = ours.plan;
  const double start = cpu_ms();
  resplit(plan, later, 1, no_progress());
  const double split = cpu_ms() - start;
  const auto theirs = over_layers(judge(eplb_plan(loads, 288, 1, 1, 32), later), best);
  row(fmt::format("32 / 288 connected, 10 % drift, no copies (split {:.0f} ms)", split),
      three(theirs), three(over_layers(judge(ours.plan, later), best)), "", ours.cost);
}

void compatible(const LayerLoads& loads) {
  const double start = cpu_ms();
  eplb_plan(loads, 288, 1, 1, 32);
  row("32 / 288, EPLB slot for slot", "", "", "", {cpu_ms() - start, std::nullopt});
}

}  // namespace
}  // namespace moescope

int main(int argc, char** argv) {
  using namespace moescope;
  const std::string_view only = argc > 1 ? argv[1] : "";
  const auto seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1ULL;
  const auto loads = test::r1_loads(), drifted = test::r1_loads(1, 0.3),
             later = test::r1_loads(1, 0.1);
  fmt::print(
      "| GPUs / slots | EPLB | reached (mean / p95 / max) | bound | CPU time | two threads |\n"
      "|---|---|---|---|---|---|\n");
  const std::pair<std::string_view, std::function<void()>> parts[] = {
      {"A32", [&] { balance(loads, 32, 288, seed); }},
      {"A64", [&] { balance(loads, 64, 320, seed); }},
      {"B72", [&] { balance(loads, 72, 288, seed); }},
      {"B128", [&] { balance(loads, 128, 384, seed); }},
      {"C144", [&] { balance(loads, 144, 288, seed); }},
      {"C320", [&] { balance(loads, 320, 320, seed); }},
      {"S32", [&] { ruled(loads, 32, 4, 288, seed); }},
      {"S72", [&] { ruled(loads, 72, 9, 288, seed); }},
      {"D", [&] { hierarchical(loads, seed); }},
      {"E", [&] { soft(loads, seed); }},
      {"F", [&] { migration(loads, drifted, std::nullopt, seed); }},
      {"F32", [&] { migration(loads, drifted, 32, seed); }},
      {"R", [&] { rebuild(loads, drifted, 32, 288, "30 %", seed); }},
      {"R", [&] { rebuild(loads, later, 32, 288, "10 %", seed); }},
      {"R", [&] { rebuild(loads, later, 72, 288, "10 %", seed); }},
      {"G", [&] { connected(loads, later, seed); }},
      {"I", [&] { compatible(loads); }}};
  for (const auto& [name, run] : parts)
    if (only.empty() || name.starts_with(only)) run();
  return 0;
}
