// Measures the comparison of two traces of 700,000 events each. Prints Markdown.
//
// usage: moescope-compare-bench [EVENTS [REPEATS]]
//
// Eight ranks serve steps of 16 layers; every layer has a dozen kernels on two streams, their
// launches and an annotation. The second trace is the first one with other random durations and a
// combine that takes a fifth longer.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/analysis/compare/compare.h"
#include "core/analysis/compare/row_place.h"
#include "core/analysis/compare/step_pair.h"
#include "core/trace/sink.h"
#include "tests/bench/cost.h"
#include "tests/bench/load_average.h"
#include "tests/bench/random.h"

namespace moescope {
namespace {

constexpr int kRanks = 8, kLayers = 16;

struct Kernel {
  const char* name;
  bool communicates;
  TimeNs duration;
};
constexpr Kernel kKernels[] = {{"flash::flash_attn_fwd_kernel<bf16>", false, 90'000},
                               {"sm90_xmma_gemm_bf16bf16_bf16f32_f32_tn_n", false, 45'000},
                               {"fused_add_rmsnorm", false, 6'000},
                               {"moe_fused_gate_topk", false, 9'000},
                               {"deep_ep::internode::notify_dispatch", true, 25'000},
                               {"deep_ep::internode::dispatch", true, 110'000},
                               {"shared_expert_gemm_bf16", false, 60'000},
                               {"deep_gemm::m_grouped_gemm_fp8_up", false, 120'000},
                               {"silu_and_mul_quant", false, 12'000},
                               {"deep_gemm::m_grouped_gemm_fp8_down", false, 70'000},
                               {"deep_ep::internode::combine", true, 140'000}};

/// One rank: a thread with launches and annotations, a stream of compute and one of communication.
void add_rank(TraceBuilder& builder, int rank, std::size_t events, std::uint64_t seed,
              double combine) {
  const ProcessId process = builder.add_process({.label = "rank", .rank = rank});
  builder.add_device({.process = process, .index = 0, .name = "Generated GPU", .sm_count = 132});
  const TrackId thread = builder.add_track({process, TrackType::Thread, -1, 1, "thread 1"});
  const TrackId streams[] = {
      builder.add_track({process, TrackType::DeviceStream, 0, 7, "stream 7"}),
      builder.add_track({process, TrackType::DeviceStream, 0, 8, "stream 8"})};
  const LaunchId launches[] = {builder.intern_launch({{112, 1, 1}, {384, 1, 1}, {}, 168, 200'000}),
                               builder.intern_launch({{20, 1, 1}, {768, 1, 1}, {}, 64, 0})};
  Random random(seed);
  SpanBatch host, work[2];
  TimeNs now = 0, free[2] = {0, 0};
  std::uint32_t correlation = 0;
  const auto add = [&](SpanBatch& batch, TimeNs start, TimeNs duration, const std::string& name,
                       SpanKind kind, LaunchId launch, std::uint32_t of) {
    batch.columns.push_back({start, duration, builder.strings().intern(name), of, launch, kind});
    --events;
  };
  for (int step = 0; events > 500; ++step) {
    const std::size_t at = host.columns.size();
    const TimeNs began = now;
    add(host, now, 0, fmt::format("ProfilerStep#{}", step), SpanKind::Annotation, 0, 0);
    for (int layer = 0; layer < kLayers; ++layer) {
      const std::size_t mark = host.columns.size();
      const TimeNs layer_began = ++now;
      add(host, now, 0, fmt::format("layer {}", layer), SpanKind::Annotation, 0, 0);
      for (const Kernel& kernel : kKernels) {
        const int stream = kernel.communicates ? 1 : 0;
        add(host, now += 4'000, 3'000, "cudaLaunchKernel", SpanKind::Runtime, 0, ++correlation);
        TimeNs duration = random.vary(kernel.duration, 8);
        if (&kernel == std::end(kKernels) - 1)
          duration = static_cast<TimeNs>(static_cast<double>(duration) * combine);
        const TimeNs start = std::max(free[stream], now + 5'000);
        add(work[stream], start, duration, kernel.name, SpanKind::Kernel, launches[stream],
            correlation);
        free[stream] = start + duration + 500;
      }
      host.columns.duration[mark] = now + 3'500 - layer_began;
    }
    now += 4'000;
    host.columns.duration[at] = now - began;
    now = std::max(now, std::max(free[0], free[1]));
  }
  for (SpanBatch* batch : {&host, &work[0], &work[1]}) batch->columns.depth.clear();
  builder.append(thread, std::move(host));
  for (int i = 0; i < 2; ++i) builder.append(streams[i], std::move(work[i]));
}

TracePtr generate(std::size_t events, std::uint64_t seed, double combine) {
  TraceBuilder builder;
  for (int rank = 0; rank < kRanks; ++rank)
    add_rank(builder, rank, events / kRanks, seed + static_cast<std::uint64_t>(rank), combine);
  return builder.snapshot();
}

using bench::Cost;
using bench::cost_of;

std::string text(const std::vector<Cost>& costs) {
  const Cost best = bench::best_of(costs);
  return fmt::format("{:.3f} | {:.3f}", best.processor, best.wall);
}

void run(std::size_t events, int repeats) {
  const TracePtr a = generate(events, 1, 1), b = generate(events, 100, 1.2);
  const RuleSet& rules = RuleSet::built_in();
  std::vector<Cost> analysis, sides, rows, all, window, step;
  CompareSide one, other;
  Comparison comparison;
  for (int i = 0; i < repeats; ++i) {
    AnalysisPtr of_a, of_b;
    analysis.push_back(cost_of([&] {
      of_a = analyze_document(*a, rules);
      of_b = analyze_document(*b, rules);
    }));
    sides.push_back(cost_of([&] {
      one = compare_side(a, of_a);
      other = compare_side(b, of_b);
    }));
    rows.push_back(cost_of([&] { comparison = compare_traces(one, other); }));
    all.push_back({analysis.back().wall + sides.back().wall + rows.back().wall,
                   analysis.back().processor + sides.back().processor + rows.back().processor});
    window.push_back(
        cost_of([&] { compare_traces(compare_side(a, rules), compare_side(b, of_b)); }));
    step.push_back(cost_of([&] { compare_steps(one, 3, 7); }));
  }
  fmt::print("{} and {} events, {} and {} steps, {} rows, load average {}\n\n", a->span_count(),
             b->span_count(), one.steps.steps.size(), other.steps.steps.size(),
             comparison.differences.size(), bench::load_average());
  for (const std::string& cause : comparison.causes) fmt::print("- {}\n", cause);
  fmt::print("\n| what, best of {} | processor s | on the clock, s |\n|---|---|---|\n", repeats);
  for (const auto& [what, values] :
       {std::pair{"analysis of both", &analysis}, std::pair{"sides of both", &sides},
        std::pair{"rows and causes", &rows}, std::pair{"all of it, both traces in memory", &all},
        std::pair{"the window: one of them is analysed already", &window},
        std::pair{"another alignment, or A and B swapped", &rows},
        std::pair{"two steps of one trace", &step}})
    fmt::print("| {} | {} |\n", what, text(*values));
}

}  // namespace
}  // namespace moescope

int main(int argc, char** argv) {
  const std::size_t events = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 700'000;
  const int repeats = argc > 2 ? std::atoi(argv[2]) : 5;
  moescope::run(events, std::max(repeats, 1));
}
