// Measures the embedded runtime: communication that stays exposed with two micro-batches overlapped
// and serial, and what recording costs. Prints Markdown.
//
// usage: moescope-runtime-bench [REPEATS] [STEPS]
//
// A measurement is STEPS steps of one unit of eight ranks on two nodes with the same input. Each
// repeat measures the variants in turn, every other one in the opposite order; medians are printed.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "core/analysis/overlap.h"
#include "core/trace/moetrace.h"
#include "core/trace/moetrace_writer.h"
#include "gpu/engine/plan_form.h"
#include "gpu/engine/unit.h"
#include "gpu/engine/worker_team.h"
#include "gpu/record/recorder.h"

namespace moescope::runtime {
namespace {

constexpr int kRanks = 8, kNodes = 2;

struct Variant {
  UnitKind kind = UnitKind::Prefill;
  bool overlap = true, record = true;
  std::string name() const {
    return fmt::format("{}, {}, {}", to_string(kind), overlap ? "overlapped" : "serial",
                       record ? "recorded" : "not recorded");
  }
};

/// Per step: milliseconds, and of a rank on average milliseconds of communication and of the part
/// that no compute hides.
struct Measured {
  double step = 0, communication = 0, exposed = 0;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::string load_average() {
  std::ifstream file("/proc/loadavg");
  std::string one;
  file >> one;
  return one;
}

/// The same rows for every rank and micro-batch: prompts of 16 tokens, or one token of many
/// sequences at position 32.
class Input {
 public:
  Input(Unit& unit, UnitKind kind) {
    const int sequences = kind == UnitKind::Prefill ? 3 : 24;
    const int length = kind == UnitKind::Prefill ? 16 : 1;
    const int first = kind == UnitKind::Prefill ? 0 : 32;
    inputs_.resize(kRanks);
    for (int rank = 0; rank < kRanks; ++rank)
      for (int i = 0; i < 2 * sequences; ++i) {
        sequences_.push_back(std::make_unique<KvSequence>());
        if (!unit.cache(rank).reserve(*sequences_.back(), first + length)) std::abort();
        MicroBatch& batch = inputs_[static_cast<std::size_t>(rank)].micro_batches[i % 2];
        for (int t = 0; t < length; ++t)
          batch.add((rank * 97 + i * 31 + t * 7) % 512, sequences_.back().get(), first + t,
                    static_cast<std::uint64_t>(rank * 100 + i));
        batch.sampled.push_back(batch.size() - 1);
      }
  }
  const std::vector<RankInput>& ranks() const { return inputs_; }

 private:
  std::vector<std::unique_ptr<KvSequence>> sequences_;
  std::vector<RankInput> inputs_;
};

void add_overlap(const std::filesystem::path& file, int steps, Measured& measured) {
  const auto trace = open_moetrace(file);
  const Classification classes(*trace, RuleSet::built_in());
  for (const auto& device : analyze_overlap(*trace, classes)) {
    const double each = 1e6 * steps * kRanks;
    measured.communication += static_cast<double>(device.figures.comm) / each;
    measured.exposed += static_cast<double>(device.figures.exposed) / each;
  }
}

Measured measure(const std::shared_ptr<const Model>& model, const Variant& variant, int steps) {
  const auto file = std::filesystem::temp_directory_path() /
                    fmt::format("moescope-bench-{}.moetrace", ::getpid());
  const Group group{0, kRanks, kNodes};
  AddressSpace space(group.node_table());
  std::unique_ptr<MoetraceWriter> writer;
  std::unique_ptr<Recorder> recorder;
  std::vector<RankLog*> logs;
  if (variant.record) {
    std::vector<RecordedRank> ranks;
    for (int rank = 0; rank < kRanks; ++rank)
      ranks.push_back({rank, group.node_of(rank), variant.kind, 3});
    writer = std::make_unique<MoetraceWriter>(file);
    recorder = std::make_unique<Recorder>(*writer, ranks, std::map<std::string, std::string>{},
                                          steady_now());
    for (std::size_t rank = 0; rank < kRanks; ++rank) logs.push_back(recorder->log(rank));
  }
  UnitOptions options;
  options.kind = variant.kind;
  options.combine = CombineMode::Hierarchical;
  options.overlap = variant.overlap;
  options.max_positions = 64;
  options.kv_pages = 160;
  Measured measured;
  {
    Unit unit(model, space, group, options,
              contiguous_placement(model->config, {kRanks, kNodes, false, 0}), logs);
    const Input input(unit, variant.kind);
    unit.step(input.ranks());  // first touch of memory and threads
    std::vector<double> times;
    for (int step = 0; step < steps; ++step) {
      const std::int64_t begin = steady_now();
      unit.step(input.ranks());
      times.push_back(static_cast<double>(steady_now() - begin) / 1e6);
    }
    measured.step = median(times);
  }
  if (!variant.record) return measured;
  recorder->finish();
  Progress progress;
  writer->finish(progress);
  add_overlap(file, steps + 1, measured);
  std::filesystem::remove(file);
  return measured;
}

void run(int repeats, int steps) {
  Progress progress;
  const auto model = load_model("tiny", 1, progress);
  std::vector<Variant> variants;
  for (const UnitKind kind : {UnitKind::Prefill, UnitKind::Decode})
    for (const bool overlap : {true, false})
      for (const bool record : {true, false}) variants.push_back({kind, overlap, record});
  std::map<std::string, std::vector<Measured>> results;
  const std::string load = load_average();
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (const Variant& variant : variants)
      results[variant.name()].push_back(measure(model, variant, steps));
    std::reverse(variants.begin(), variants.end());
  }
  const auto of = [&](const Variant& variant, double Measured::*figure) {
    std::vector<double> values;
    for (const Measured& one : results[variant.name()]) values.push_back(one.*figure);
    return median(values);
  };
  fmt::print(
      "Model tiny, {} ranks on {} nodes, 3 workers a rank, {} cores, {} repeats of {} steps, load "
      "average {} before and {} after.\n\n",
      kRanks, kNodes, ::sysconf(_SC_NPROCESSORS_ONLN), repeats, steps, load, load_average());
  fmt::print("| unit | micro-batches | step | communication of a rank | exposed |\n");
  fmt::print("|---|---|---|---|---|\n");
  for (const UnitKind kind : {UnitKind::Prefill, UnitKind::Decode})
    for (const bool overlap : {true, false}) {
      const Variant v{kind, overlap, true};
      fmt::print("| {} | {} | {:.2f} ms | {:.2f} ms | {:.2f} ms |\n", to_string(kind),
                 overlap ? "overlapped" : "serial", of(v, &Measured::step),
                 of(v, &Measured::communication), of(v, &Measured::exposed));
    }
  fmt::print(
      "\n| unit | micro-batches | step recorded | not recorded | cost |\n|---|---|---|---|---|\n");
  for (const UnitKind kind : {UnitKind::Prefill, UnitKind::Decode})
    for (const bool overlap : {true, false}) {
      const double on = of({kind, overlap, true}, &Measured::step);
      const double off = of({kind, overlap, false}, &Measured::step);
      fmt::print("| {} | {} | {:.2f} ms | {:.2f} ms | {:+.1f} % |\n", to_string(kind),
                 overlap ? "overlapped" : "serial", on, off, 100 * (on / off - 1));
    }
}

}  // namespace
}  // namespace moescope::runtime

int main(int argc, char** argv) {
  try {
    moescope::runtime::run(argc > 1 ? std::max(std::atoi(argv[1]), 1) : 7,
                           argc > 2 ? std::max(std::atoi(argv[2]), 1) : 40);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "moescope-runtime-bench: {}\n", error.what());
    return 1;
  }
}
