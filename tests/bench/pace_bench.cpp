// Measures what micro-batches, plans, nodes and worker budgets do over paced links. Prints
// Markdown.
//
// usage: moescope-pace-bench [PAIRS]
//
// Units of eight ranks on two nodes; each rank has the share of the cores that it has beside a
// second unit, as in the live run. Links are fitted once a unit and are the same on both sides of
// every comparison. Two sides take turns of kTurn steps with the same input, every other pair in
// the opposite order; the ratio is the median of the pairs' ratios, beside the least and the
// greatest.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <random>

#include "core/analysis/overlap/overlap.h"
#include "core/placement/solve/solve.h"
#include "core/trace/file/moetrace.h"
#include "core/trace/file/moetrace_writer.h"
#include "gpu/base/clock.h"
#include "gpu/engine/cpu/cpu_backend.h"
#include "gpu/engine/pace_fit.h"
#include "gpu/engine/plan/plan_form.h"
#include "gpu/record/recorder.h"
#include "tests/bench/load_average.h"

namespace moescope::runtime {
namespace {

constexpr int kRanks = 8, kTurn = 5;
using ModelPtr = std::shared_ptr<const Model>;

/// Experts of every row of a layer by Zipf's law, other ones in every layer.
class SkewedRoutes {
 public:
  explicit SkewedRoutes(const ModelConfig& config) : config_(config) {
    for (int layer = 0; layer < config.moe_layers(); ++layer) {
      auto& order = orders_.emplace_back(static_cast<std::size_t>(config.experts));
      std::iota(order.begin(), order.end(), std::uint16_t{0});
      std::shuffle(order.begin(), order.end(), random_);
    }
  }
  std::vector<std::uint16_t> row() {
    std::vector<std::uint16_t> route;
    for (const auto& order : orders_) {
      std::vector<std::pair<double, std::uint16_t>> keys;  // weighted choice without replacement
      for (std::size_t i = 0; i < order.size(); ++i)
        keys.emplace_back(std::log(uniform_(random_)) * std::pow(static_cast<double>(i + 1), 0.8),
                          order[i]);
      std::partial_sort(keys.begin(), keys.begin() + config_.top_k, keys.end(), std::greater<>());
      for (int j = 0; j < config_.top_k; ++j)
        route.push_back(keys[static_cast<std::size_t>(j)].second);
    }
    return route;
  }

 private:
  const ModelConfig& config_;
  std::mt19937_64 random_{7};
  std::uniform_real_distribution<double> uniform_{1e-9, 1};
  std::vector<std::vector<std::uint16_t>> orders_;
};

struct Setup {
  UnitKind kind = UnitKind::Prefill;
  bool overlap = true, skewed = false;
  int nodes = 2;
  WorkerBudget budget;
  std::optional<Placement> placement;
};

/// One unit with its own memory and input, recorded.
class Bed {
 public:
  Bed(const ModelPtr& model, const Setup& setup)
      : kind_(setup.kind),
        group_{0, kRanks, setup.nodes},
        space_(group_.node_table()),
        file_(std::filesystem::temp_directory_path() /
              fmt::format("moescope-pace-{}-{}.moetrace", ::getpid(), ++beds)) {
    writer_ = std::make_unique<MoetraceWriter>(file_);
    std::vector<RecordedRank> ranks;
    for (int rank = 0; rank < kRanks; ++rank)
      ranks.push_back({rank, group_.node_of(rank), kind_, setup.budget.workers});
    recorder_ = std::make_unique<Recorder>(*writer_, ranks, std::map<std::string, std::string>{},
                                           steady_now());
    std::vector<RankLog*> logs;
    for (std::size_t rank = 0; rank < kRanks; ++rank) logs.push_back(recorder_->log(rank));
    UnitOptions options;
    options.kind = kind_;
    options.combine = CombineMode::Hierarchical;
    options.overlap = setup.overlap;
    options.max_positions = 64;
    options.kv_pages = 160;
    options.budget = setup.budget;
    const Placement plan =
        setup.placement ? *setup.placement
                        : contiguous_placement(model->config, {kRanks, setup.nodes, false, 0});
    unit_ = cpu_backend().make_unit({model, space_, group_, options, plan, logs});
    unit_->links()->set_rank_cores(fair_cores(2 * kRanks));
    make_input(model->config, setup.skewed);
  }
  ~Bed() {
    unit_.reset();
    recorder_.reset();
    writer_.reset();
    std::filesystem::remove(file_);
  }
  Unit& unit() { return *unit_; }
  /// The mean step of a turn, ms.
  double turn() {
    const std::int64_t begin = steady_now();
    for (int step = 0; step < kTurn; ++step) unit_->step(inputs_);
    return static_cast<double>(steady_now() - begin) / 1e6 / kTurn;
  }
  /// Without records: loads of the last step are those of the input.
  void warm_up() {
    unit_->links()->set_trial(true);
    unit_->step(inputs_);
    unit_->links()->set_trial(false);
  }
  double imbalance() const {
    double sum = 0;
    for (const auto& slots : unit_->loads().physical) {
      std::vector<double> ranks(kRanks);
      for (std::size_t s = 0; s < slots.size(); ++s) ranks[s * kRanks / slots.size()] += slots[s];
      const double mean = std::accumulate(ranks.begin(), ranks.end(), 0.0) / kRanks;
      sum += *std::max_element(ranks.begin(), ranks.end()) / mean;
    }
    return sum / static_cast<double>(unit_->loads().physical.size());
  }
  /// Per cent of communication that compute hides, over all ranks.
  double hidden() {
    unit_.reset();
    recorder_->finish();
    Progress progress;
    writer_->finish(progress);
    const auto trace = open_moetrace(file_);
    const Classification classes(*trace, RuleSet::built_in());
    double comm = 0, overlap = 0;
    const auto devices = analyze_overlap(*trace, classes).overlap;
    for (const auto& device : devices) {
      comm += static_cast<double>(device.figures.comm);
      overlap += static_cast<double>(device.figures.overlap);
    }
    return 100 * overlap / comm;
  }

 private:
  /// Prompts of 16 tokens, or one token of many sequences at position 32.
  void make_input(const ModelConfig& config, bool skewed) {
    const int sequences = kind_ == UnitKind::Prefill ? 1 : 8;
    const int length = kind_ == UnitKind::Prefill ? 16 : 1;
    const int first = kind_ == UnitKind::Prefill ? 0 : 32;
    SkewedRoutes routes(config);
    inputs_.resize(kRanks);
    for (int rank = 0; rank < kRanks; ++rank)
      for (int i = 0; i < 2 * sequences; ++i) {
        sequences_.push_back(std::make_unique<KvSequence>());
        if (!unit_->pages(rank).reserve(*sequences_.back(), first + length)) std::abort();
        MicroBatch& batch = inputs_[static_cast<std::size_t>(rank)].micro_batches[i % 2];
        for (int t = 0; t < length; ++t) {
          batch.add((rank * 97 + i * 31 + t * 7) % config.vocab, sequences_.back().get(), first + t,
                    static_cast<std::uint64_t>(rank * 100 + i));
          if (!skewed) continue;
          routes_.push_back(std::make_unique<std::vector<std::uint16_t>>(routes.row()));
          batch.routes.push_back(routes_.back()->data());
        }
        batch.sampled.push_back(batch.size() - 1);
      }
  }

  inline static int beds = 0;
  UnitKind kind_;
  Group group_;
  AddressSpace space_;
  std::filesystem::path file_;
  std::unique_ptr<MoetraceWriter> writer_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<Unit> unit_;
  std::vector<std::unique_ptr<KvSequence>> sequences_;
  std::vector<std::unique_ptr<std::vector<std::uint16_t>>> routes_;
  std::vector<RankInput> inputs_;
};

struct Compared {
  double base = 0, other = 0;                 ///< ms per step, medians
  double ratio = 0, least = 0, greatest = 0;  ///< other over base
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

Compared compare(Bed& base, Bed& other, int pairs) {
  base.warm_up();
  other.warm_up();
  std::vector<double> a, b, ratios;
  for (int pair = 0; pair < pairs; ++pair) {
    double x = 0, y = 0;
    if (pair % 2 == 0) x = base.turn();
    y = other.turn();
    if (pair % 2 != 0) x = base.turn();
    a.push_back(x);
    b.push_back(y);
    ratios.push_back(y / x);
  }
  const auto [least, greatest] = std::minmax_element(ratios.begin(), ratios.end());
  return {median(a), median(b), median(ratios), *least, *greatest};
}

/// A plan with 16 redundant experts for the loads of the bed's last step.
Placement balanced(Bed& bed, const ModelConfig& config) {
  LayerLoads loads;
  for (const auto& layer : bed.unit().loads().logical)
    loads.push_back(std::vector<double>(layer.begin(), layer.end()));
  SolveOptions options;
  options.gpus = kRanks;
  options.nodes = 2;
  options.slot_count = config.experts + 2 * kRanks;
  Progress progress;
  return placement_of(solve_plan({loads}, options, progress).plan, config, {kRanks, 2, false, 0},
                      "solved");
}

std::string row(UnitKind kind, const char* base, const char* other, const Compared& c,
                const std::string& more) {
  return fmt::format("| {} | {} | {} | {:.1f} ms | {:.1f} ms | {:.2f} | {:.2f} to {:.2f} | {} |\n",
                     to_string(kind), base, other, c.base, c.other, c.ratio, c.least, c.greatest,
                     more);
}

void measure(const ModelPtr& model, UnitKind kind, int pairs, std::string& rows,
             std::string& links) {
  Setup setup;
  setup.kind = kind;
  LinkRates rates;
  DecodeOrder order{};
  {
    Bed bed(model, setup);
    rates = fit_links(bed.unit(), model->config).rates;
    order = bed.unit().options().order;
    links +=
        fmt::format("- {}: {}; {}\n", to_string(kind), rates_text(rates),
                    order == DecodeOrder::PartByPart ? "part by part" : "attention against rest");
  }
  const auto bed = [&](const Setup& s) {
    auto made = std::make_unique<Bed>(model, s);
    made->unit().links()->set_rates(rates);
    made->unit().set_order(order);
    return made;
  };
  {
    Setup serial = setup;
    serial.overlap = false;
    const auto a = bed(serial), b = bed(setup);
    const Compared c = compare(*a, *b, pairs);
    rows += row(kind, "one micro-batch after the other", "two overlapped", c,
                fmt::format("{:.0f} % hidden, {:.0f} % serial", b->hidden(), a->hidden()));
  }
  {
    Setup skewed = setup;
    skewed.skewed = true;
    const auto a = bed(skewed);
    a->warm_up();
    Setup planned = skewed;
    planned.placement = balanced(*a, model->config);
    const auto b = bed(planned);
    const Compared c = compare(*a, *b, pairs);
    rows += row(kind, "contiguous plan", "balanced plan", c,
                fmt::format("imbalance {:.2f} and {:.2f}", a->imbalance(), b->imbalance()));
  }
  {
    Setup one = setup;
    one.nodes = 1;
    const auto a = bed(setup), b = bed(one);
    rows += row(kind, "two nodes", "one node", compare(*a, *b, pairs), "");
  }
  {
    Setup few = setup, many = setup;
    few.budget = {8, 2};
    many.budget = {8, 5};
    const auto a = bed(few), b = bed(many);
    rows += row(kind, "2 of 8 workers communicate", "5 of 8", compare(*a, *b, pairs), "");
  }
}

void run(int pairs) {
  Progress progress;
  const auto model = load_model("tiny", 1, progress);
  const std::string load = bench::load_average();
  std::string rows, links;
  for (const UnitKind kind : {UnitKind::Prefill, UnitKind::Decode})
    measure(model, kind, pairs, rows, links);
  fmt::print(
      "Model tiny, units of {} ranks, {} cores, a rank computes with {:.3g} of them, {} pairs of "
      "turns of {} steps, load average {} before and {} after.\n\n{}\n"
      "| unit | baseline | compared | step | step compared | ratio | least to greatest | |\n"
      "|---|---|---|---|---|---|---|---|\n{}",
      kRanks, ::sysconf(_SC_NPROCESSORS_ONLN), fair_cores(2 * kRanks), pairs, kTurn, load,
      bench::load_average(), links, rows);
}

}  // namespace
}  // namespace moescope::runtime

int main(int argc, char** argv) {
  try {
    moescope::runtime::run(argc > 1 ? std::max(std::atoi(argv[1]), 1) : 9);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "moescope-pace-bench: {}\n", error.what());
    return 1;
  }
}
