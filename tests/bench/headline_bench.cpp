// Measures opening a trace until the figures of the headline are there. Prints Markdown.
//
// usage: moescope-headline-bench FILE [REPEATS]
#include <fmt/format.h>

#include <cstdlib>
#include <exception>

#include "core/analysis/headline/headline.h"
#include "core/analysis/results.h"
#include "core/analysis/steps/steps.h"
#include "core/import/open.h"
#include "tests/bench/cost.h"
#include "tests/bench/load_average.h"

namespace moescope {
namespace {

void run(const std::string& file, int repeats) {
  std::vector<bench::Cost> open, analysis, answer, all;
  TracePtr trace;
  for (int i = 0; i < repeats; ++i) {
    AnalysisPtr found;
    Headline headline;
    open.push_back(bench::cost_of([&] { trace = open_trace({file}, {}, no_progress()); }));
    analysis.push_back(
        bench::cost_of([&] { found = analyze_document(*trace, RuleSet::built_in()); }));
    answer.push_back(bench::cost_of([&] {
      find_steps(*trace, found->activity, found->scopes);
      headline = headline_of(*trace, *found->classes,
                             {found->activity, found->overlap, found->scopes, found->sm});
    }));
    all.push_back({open[i].wall + analysis[i].wall + answer[i].wall,
                   open[i].processor + analysis[i].processor + answer[i].processor});
  }
  fmt::print("{}: {} spans, load average {}\n\n", file, trace->span_count(), bench::load_average());
  fmt::print("| what, best of {} | processor s | on the clock, s |\n|---|---|---|\n", repeats);
  for (const auto& [what, costs] :
       {std::pair{"opening", &open}, std::pair{"classes, overlap, scopes, SMs", &analysis},
        std::pair{"steps and headline", &answer}, std::pair{"all of it", &all}}) {
    const bench::Cost best = bench::best_of(*costs);
    fmt::print("| {} | {:.3f} | {:.3f} |\n", what, best.processor, best.wall);
  }
}

}  // namespace
}  // namespace moescope

int main(int argc, char** argv) try {
  if (argc < 2) {
    fmt::print(stderr, "usage: moescope-headline-bench FILE [REPEATS]\n");
    return 2;
  }
  moescope::run(argv[1], argc > 2 ? std::max(std::atoi(argv[2]), 1) : 5);
} catch (const std::exception& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 1;
}
