// SM allocation inferred from grid sizes; its assumptions are SmAllocation::caveats.
#include <re2/re2.h>

#include <algorithm>

#include "core/analysis/gpu_work.h"
#include "core/analysis/sm_methods.h"

namespace moescope {
namespace {

// sm_90 limits, used where the trace does not name them; see docs of the CUDA occupancy
// calculation.
constexpr int kWarp = 32;
constexpr int kDefaultThreads = 2048;
constexpr int kDefaultBlocks = 32;
constexpr int kDefaultRegisters = 65536;
constexpr std::int64_t kDefaultSharedMemory = 233472;
constexpr std::int64_t kSystemSharedMemory = 1024;  ///< kept back per block
constexpr std::int64_t kSharedMemoryStep = 128;
constexpr std::int64_t kRegisterStep = 256;  ///< allotted per warp

std::int64_t round_up(std::int64_t value, std::int64_t step) {
  return (value + step - 1) / step * step;
}

/// What one block takes of an SM.
struct BlockCost {
  std::int64_t threads, registers, shared_memory;
};

BlockCost cost_of(const LaunchConfig& launch) {
  const auto warps = round_up(static_cast<std::int64_t>(launch.threads()), kWarp) / kWarp;
  const auto per_warp = round_up(std::int64_t{launch.registers_per_thread} * kWarp, kRegisterStep);
  return {warps * kWarp, per_warp * warps,
          round_up(launch.shared_memory, kSharedMemoryStep) + kSystemSharedMemory};
}

struct SmLimits {
  std::int64_t threads, blocks, registers, shared_memory;
};

SmLimits limits_of(const Device& d) {
  return {d.max_threads_per_sm ? d.max_threads_per_sm : kDefaultThreads,
          d.max_blocks_per_sm ? d.max_blocks_per_sm : kDefaultBlocks,
          d.registers_per_sm ? d.registers_per_sm : kDefaultRegisters,
          d.shared_memory_per_sm ? d.shared_memory_per_sm : kDefaultSharedMemory};
}

/// One block of each fits one SM together.
bool can_share(const LaunchConfig& a, const LaunchConfig& b, const SmLimits& sm) {
  const BlockCost x = cost_of(a), y = cost_of(b);
  return x.threads + y.threads <= sm.threads && x.registers + y.registers <= sm.registers &&
         x.shared_memory + y.shared_memory <= sm.shared_memory;
}

constexpr std::size_t kEdgesBetweenChecks = 4096;

struct RunningKernel {
  TimeRange span;
  std::size_t order = 0;  ///< position in order of start
  SpanClass span_class = SpanClass::OtherCompute;
  LaunchId launch = 0;
  int demand = 0;  ///< min(SMs, blocks)
  bool narrow = false;
};

struct Edge {
  TimeNs time;
  std::uint32_t kernel;
  bool opens;
};

/// Sweep over the starts and ends of one device's kernels.
class Sweep {
 public:
  Sweep(const Trace& trace, const Device& device, const Progress& progress, SmAllocation& result)
      : trace_(trace), limits_(limits_of(device)), progress_(progress), result_(result) {}

  void run(std::vector<RunningKernel> kernels) {
    kernels_ = std::move(kernels);
    std::stable_sort(
        kernels_.begin(), kernels_.end(),
        [](const RunningKernel& a, const RunningKernel& b) { return a.span.begin < b.span.begin; });
    std::vector<Edge> edges;
    edges.reserve(kernels_.size() * 2);
    for (std::uint32_t i = 0; i < kernels_.size(); ++i) {
      kernels_[i].order = i;
      edges.push_back({kernels_[i].span.begin, i, true});
      edges.push_back({kernels_[i].span.end, i, false});
    }
    std::sort(edges.begin(), edges.end(),
              [](const Edge& a, const Edge& b) { return a.time < b.time; });
    TimeNs at = result_.range.begin;
    for (std::size_t i = 0; i < edges.size();) {
      if (i % kEdgesBetweenChecks == 0) progress_.check();
      account(at, edges[i].time);
      at = edges[i].time;
      for (; i < edges.size() && edges[i].time == at; ++i) apply(edges[i]);
    }
    account(at, result_.range.end);
  }

 private:
  void apply(const Edge& edge) {
    if (edge.opens) {
      running_.insert(std::lower_bound(running_.begin(), running_.end(), edge.kernel), edge.kernel);
    } else {
      std::erase(running_, edge.kernel);
    }
  }

  /// Shares the SMs out among what runs in [from, to): narrow kernels first, then wide ones.
  void account(TimeNs from, TimeNs to) {
    if (to <= from) return;
    SmStep step{from, 0, 0, {}};
    int left = result_.sm_count, demand = 0;
    for (const bool narrow : {true, false}) {
      for (const auto index : running_) {
        const auto& kernel = kernels_[index];
        if (kernel.narrow != narrow) continue;
        const int held = std::min(left, kernel.demand);
        left -= held;
        demand += kernel.demand;
        step.by_class[static_cast<std::size_t>(kernel.span_class)] +=
            static_cast<std::uint16_t>(held);
        (role_of(kernel.span_class) == Role::Communication ? step.comm : step.compute) +=
            static_cast<std::uint16_t>(held);
      }
    }
    add(step, demand, left, to - from);
  }

  void add(const SmStep& step, int demand, int left, TimeNs length) {
    result_.comm_sm_ns += step.comm * length;
    result_.compute_sm_ns += step.compute * length;
    result_.free_sm_ns += left * length;
    if (demand > result_.sm_count) result_.oversubscribed += length;
    if (exclusive()) result_.exact += length;
    result_.time_at[{step.comm, step.compute}] += length;
    auto& steps = result_.steps;
    if (steps.empty() || steps.back().by_class != step.by_class) steps.push_back(step);
  }

  /// Communication and compute run, and no block of one can sit beside a block of the other.
  bool exclusive() const {
    bool both = false;
    for (const auto a : running_) {
      if (role_of(kernels_[a].span_class) != Role::Communication) continue;
      for (const auto b : running_) {
        if (role_of(kernels_[b].span_class) != Role::Compute) continue;
        const auto& launches = trace_.launches();
        if (kernels_[a].launch == 0 || kernels_[b].launch == 0) return false;
        if (can_share(launches.at(kernels_[a].launch), launches.at(kernels_[b].launch), limits_))
          return false;
        both = true;
      }
    }
    return both;
  }

  const Trace& trace_;
  SmLimits limits_;
  const Progress& progress_;
  SmAllocation& result_;
  std::vector<RunningKernel> kernels_;
  std::vector<std::uint32_t> running_;  ///< in order of start
};

bool is_amd(const Device& device) {
  static const RE2 pattern(R"((?i)\b(?:amd|instinct|radeon|mi\d{2,3}[a-z]?|gfx\d+)\b)");
  return RE2::PartialMatch(device.name, pattern);
}

bool knows_limits(const Device& d) {
  return d.max_threads_per_sm > 0 && d.max_blocks_per_sm > 0 && d.registers_per_sm > 0 &&
         d.shared_memory_per_sm > 0;
}

std::vector<std::string> inferred_caveats(const Device& device, std::size_t without_launch) {
  std::vector<std::string> caveats = {
      "Inferred from grid sizes: the trace has no SM ids, so this is an upper bound of what is "
      "held.",
      "SMs may go free before a kernel ends (tail wave), and a kernel may start before its first "
      "block is resident.",
      "Stream priorities, clusters, green contexts, MPS and MIG can change who gets an SM.",
      "Programmatic dependent launch (PDL) lets kernels of one stream overlap: both are counted.",
      "setmaxnreg moves registers inside a running block; the registers at launch are what counts "
      "here.",
      "Copy engines, NVLink and RDMA transfers hold no SM and are not shown.",
  };
  if (is_amd(device))
    caveats.push_back(
        "An AMD device: there is no model of its compute units, grids may be counted in work-items "
        "and registers are not recorded, so these figures are no more than a hint.");
  else if (!knows_limits(device))
    caveats.push_back(
        "The trace does not give all limits of this GPU: where they are missing, those of compute "
        "capability 9.0 are assumed.");
  if (without_launch > 0)
    caveats.push_back(std::to_string(without_launch) +
                      " kernels have no recorded grid and count as filling all SMs.");
  return caveats;
}

}  // namespace

void infer_allocation(const Trace& trace, const Classification& classes, const Device& device,
                      std::optional<TimeRange> window, const Progress& progress,
                      SmAllocation& result) {
  std::vector<RunningKernel> kernels;
  std::size_t without_launch = 0;
  for_each_gpu_span(
      trace, tracks_of(trace, result.key), window, progress,
      [&](const SpanColumns& c, std::size_t row, TimeRange span) {
        if (c.kind[row] != SpanKind::Kernel || span.empty()) return;
        const auto blocks = trace.launches().at(c.launch[row]).blocks();
        if (c.launch[row] == 0) ++without_launch;
        const bool narrow =
            c.launch[row] != 0 && blocks <= static_cast<std::uint64_t>(result.sm_count);
        kernels.push_back({span, 0, classes.of(c.kind[row], c.name[row]).span_class, c.launch[row],
                           narrow ? static_cast<int>(blocks) : result.sm_count, narrow});
      });
  result.method = SmMethod::Inferred;
  result.caveats = inferred_caveats(device, without_launch);
  Sweep(trace, device, progress, result).run(std::move(kernels));
}

int blocks_per_sm(const LaunchConfig& launch, const Device& device) {
  if (launch.threads() == 0) return 0;
  const SmLimits sm = limits_of(device);
  const BlockCost cost = cost_of(launch);
  std::int64_t fit = std::min(sm.blocks, sm.threads / cost.threads);
  if (cost.registers > 0) fit = std::min(fit, sm.registers / cost.registers);
  return static_cast<int>(std::min(fit, sm.shared_memory / cost.shared_memory));
}

}  // namespace moescope
