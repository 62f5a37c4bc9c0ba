// Measures the embedded runtime: communication that stays exposed with two micro-batches overlapped
// and serial, and what recording costs. Prints Markdown.
//
// usage: moescope-runtime-bench [STEPS]
//
// A measurement is STEPS steps of one unit of eight ranks on two nodes with the same input. A
// recorded and a bare unit take turns, so that what else the machine does meets both. A turn is
// kTurn steps long and followed by a rest: encoding and writing go on in the background, and what
// they take has to fall into the recorded turn. Step times are medians of the turns' means, the
// cost is the median of the pairs' ratios: of wall time, and of the time on the processor of all
// threads.
#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <thread>

#include "core/analysis/overlap/overlap.h"
#include "core/trace/file/moetrace.h"
#include "core/trace/file/moetrace_writer.h"
#include "gpu/base/clock.h"
#include "gpu/engine/cpu/cpu_backend.h"
#include "gpu/engine/plan/plan_form.h"
#include "gpu/record/recorder.h"
#include "tests/bench/load_average.h"

namespace moescope::runtime {
namespace {

using bench::load_average;

constexpr int kRanks = 8, kNodes = 2;
constexpr int kTurn = 40;
constexpr auto kRest = std::chrono::milliseconds(600);  ///< until everything is written

/// What recording costs in per cent, and the interval in which that lies with 95 % probability.
struct Cost {
  double middle = 0, least = 0, most = 0;
};

/// Per step: milliseconds, and of a rank on average milliseconds of communication and of the part
/// that no compute hides.
struct Measured {
  double recorded = 0, bare = 0, communication = 0, exposed = 0;
  Cost wall, processor;
};

/// Milliseconds of a step.
struct Times {
  double wall = 0, processor = 0;
};

double processor_ms() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
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
        if (!unit.pages(rank).reserve(*sequences_.back(), first + length)) std::abort();
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

/// One unit of eight ranks with its own memory, recorded into a file or not.
class Bed {
 public:
  Bed(const std::shared_ptr<const Model>& model, UnitKind kind, bool overlap,
      const std::filesystem::path& file) {
    std::vector<RankLog*> logs;
    if (!file.empty()) {
      std::vector<RecordedRank> ranks;
      for (int rank = 0; rank < kRanks; ++rank)
        ranks.push_back({rank, group_.node_of(rank), kind, 3});
      writer_ = std::make_unique<MoetraceWriter>(file);
      recorder_ = std::make_unique<Recorder>(*writer_, ranks, std::map<std::string, std::string>{},
                                             steady_now());
      for (std::size_t rank = 0; rank < kRanks; ++rank) logs.push_back(recorder_->log(rank));
    }
    UnitOptions options;
    options.kind = kind;
    options.combine = CombineMode::Hierarchical;
    options.overlap = overlap;
    options.max_positions = 64;
    options.kv_pages = 160;
    unit_ = cpu_backend().make_unit(
        {model, space_, group_, options,
         contiguous_placement(model->config, {kRanks, kNodes, false, 0}), logs});
    input_ = std::make_unique<Input>(*unit_, kind);
    unit_->step(input_->ranks());  // first touch of memory and threads
  }
  /// The mean step of a turn.
  Times turn() {
    const std::int64_t begin = steady_now();
    const double processor = processor_ms();
    for (int step = 0; step < kTurn; ++step) unit_->step(input_->ranks());
    const Times times{static_cast<double>(steady_now() - begin) / 1e6 / kTurn,
                      (processor_ms() - processor) / kTurn};
    std::this_thread::sleep_for(kRest);
    return times;
  }
  void finish() {
    unit_.reset();
    recorder_->finish();
    Progress progress;
    writer_->finish(progress);
  }

 private:
  Group group_{0, kRanks, kNodes};
  AddressSpace space_{group_.node_table()};
  std::unique_ptr<MoetraceWriter> writer_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<Unit> unit_;
  std::unique_ptr<Input> input_;
};

void add_overlap(const std::filesystem::path& file, int steps, Measured& measured) {
  const auto trace = open_moetrace(file);
  const Classification classes(*trace, RuleSet::built_in());
  const auto overlap = analyze_overlap(*trace, classes).overlap;
  for (const auto& device : overlap) {
    const double each = 1e6 * steps * kRanks;
    measured.communication += static_cast<double>(device.figures.comm) / each;
    measured.exposed += static_cast<double>(device.figures.exposed) / each;
  }
}

/// The median of the pairs' ratios, and the order statistics between which it lies with 95 %
/// probability whatever their distribution (binomial, normal approximation).
Cost cost_of(std::vector<double> ratios) {
  std::sort(ratios.begin(), ratios.end());
  const auto at = [&](double rank) {
    const double last = static_cast<double>(ratios.size() - 1);
    return 100 * (ratios[static_cast<std::size_t>(std::clamp(rank, 0.0, last))] - 1);
  };
  const double n = static_cast<double>(ratios.size());
  return {100 * (median(ratios) - 1), at(std::floor(n / 2 - 0.98 * std::sqrt(n))),
          at(std::ceil(n / 2 + 0.98 * std::sqrt(n)))};
}

/// A recorded and a bare unit take turns, every other pair in the opposite order.
Measured measure(const std::shared_ptr<const Model>& model, UnitKind kind, bool overlap,
                 int turns) {
  const auto file = std::filesystem::temp_directory_path() /
                    fmt::format("moescope-bench-{}.moetrace", ::getpid());
  Bed recorded(model, kind, overlap, file), bare(model, kind, overlap, {});
  std::vector<double> on, off, wall, processor;
  for (int pair = 0; pair < turns; ++pair) {
    Times with, without;
    if (pair % 2 == 0) with = recorded.turn();
    without = bare.turn();
    if (pair % 2 != 0) with = recorded.turn();
    on.push_back(with.wall);
    off.push_back(without.wall);
    wall.push_back(with.wall / without.wall);
    processor.push_back(with.processor / without.processor);
  }
  Measured measured;
  measured.recorded = median(on);
  measured.bare = median(off);
  measured.wall = cost_of(wall);
  measured.processor = cost_of(processor);
  recorded.finish();
  add_overlap(file, turns * kTurn + 1, measured);
  std::filesystem::remove(file);
  return measured;
}

std::string text(const Cost& cost) {
  return fmt::format("{:+.1f} % | {:+.1f} to {:+.1f} %", cost.middle, cost.least, cost.most);
}

void run(int steps) {
  const int turns = (steps + kTurn - 1) / kTurn;
  Progress progress;
  const auto model = load_model("tiny", 1, progress);
  const std::string load = load_average();
  std::string overlaps, costs;
  for (const UnitKind kind : {UnitKind::Prefill, UnitKind::Decode})
    for (const bool overlap : {true, false}) {
      const Measured m = measure(model, kind, overlap, turns);
      const auto name = fmt::format("{} | {}", to_string(kind), overlap ? "overlapped" : "serial");
      overlaps += fmt::format("| {} | {:.2f} ms | {:.2f} ms | {:.2f} ms |\n", name, m.recorded,
                              m.communication, m.exposed);
      costs += fmt::format("| {} | {:.2f} ms | {:.2f} ms | {} | {} |\n", name, m.recorded, m.bare,
                           text(m.wall), text(m.processor));
    }
  fmt::print(
      "Model tiny, {} ranks on {} nodes, 3 workers per rank, {} cores, {} steps each, load average "
      "{} before and {} after.\n\n"
      "| unit | micro-batches | step | communication of a rank | exposed |\n"
      "|---|---|---|---|---|\n{}\n"
      "| unit | micro-batches | step recorded | not recorded | cost | 95 % interval | cost on the "
      "processor | 95 % interval |\n"
      "|---|---|---|---|---|---|---|---|\n{}",
      kRanks, kNodes, ::sysconf(_SC_NPROCESSORS_ONLN), turns * kTurn, load, load_average(),
      overlaps, costs);
}

}  // namespace
}  // namespace moescope::runtime

int main(int argc, char** argv) {
  try {
    moescope::runtime::run(argc > 1 ? std::max(std::atoi(argv[1]), 1) : 400);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "moescope-runtime-bench: {}\n", error.what());
    return 1;
  }
}
