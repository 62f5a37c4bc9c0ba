#include "core/analysis/sm_allocation.h"

#include <algorithm>

#include "core/analysis/gpu_work.h"
#include "core/parallel.h"

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
  Sweep(const Trace& trace, const Device& device, SmAllocation& result)
      : trace_(trace), limits_(limits_of(device)), result_(result) {}

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
  SmAllocation& result_;
  std::vector<RunningKernel> kernels_;
  std::vector<std::uint32_t> running_;  ///< in order of start
};

std::vector<std::string> inferred_caveats(std::size_t without_launch) {
  std::vector<std::string> caveats = {
      "Inferred from grid sizes: the trace has no SM ids, so this is an upper bound of what is "
      "held.",
      "SMs may go free before a kernel ends (tail wave), and a kernel may start before its first "
      "block is resident.",
      "Stream priorities, clusters, green contexts, MPS and MIG can change who gets an SM.",
      "Copy engines, NVLink and RDMA transfers hold no SM and are not shown.",
  };
  if (without_launch > 0)
    caveats.push_back(std::to_string(without_launch) +
                      " kernels have no recorded grid and count as filling all SMs.");
  return caveats;
}

void infer(const Trace& trace, const Classification& classes, const Device& device,
           std::optional<TimeRange> window, SmAllocation& result) {
  std::vector<RunningKernel> kernels;
  std::size_t without_launch = 0;
  for_each_gpu_span(
      trace, tracks_of(trace, result.key), window,
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
  result.caveats = inferred_caveats(without_launch);
  Sweep(trace, device, result).run(std::move(kernels));
}

/// Class of every kernel of the device by correlation, to give recorded blocks a class.
std::map<std::uint32_t, SpanClass> classes_by_correlation(const Trace& trace,
                                                          const Classification& classes,
                                                          const DeviceKey& key) {
  std::map<std::uint32_t, SpanClass> result;
  for_each_gpu_span(trace, tracks_of(trace, key), std::nullopt,
                    [&](const SpanColumns& c, std::size_t row, TimeRange) {
                      if (c.kind[row] == SpanKind::Kernel && c.correlation[row] != 0)
                        result.emplace(c.correlation[row],
                                       classes.of(c.kind[row], c.name[row]).span_class);
                    });
  return result;
}

/// Recorded blocks: an SM belongs to communication while any communication block is on it, else to
/// compute while any block is.
void from_records(const Trace& trace, const Classification& classes, SmAllocation& result) {
  struct Mark {
    TimeNs time;
    std::uint32_t sm;
    SpanClass span_class;
    int delta;
  };
  const auto by_correlation = classes_by_correlation(trace, classes, result.key);
  std::vector<Mark> marks;
  std::size_t unknown = 0;
  for (const auto& record : trace.sm_records()) {
    if (record.process != result.key.process || record.device != result.key.device) continue;
    const TimeRange span{std::max(record.start, result.range.begin),
                         std::min(record.end, result.range.end)};
    if (span.empty() || record.sm >= static_cast<std::uint32_t>(result.sm_count)) continue;
    const auto it = by_correlation.find(record.correlation);
    if (it == by_correlation.end()) ++unknown;
    const auto c = it == by_correlation.end() ? SpanClass::OtherCompute : it->second;
    marks.push_back({span.begin, record.sm, c, 1});
    marks.push_back({span.end, record.sm, c, -1});
  }
  std::sort(marks.begin(), marks.end(),
            [](const Mark& a, const Mark& b) { return a.time < b.time; });
  std::vector<std::array<int, kSpanClassCount>> open(static_cast<std::size_t>(result.sm_count));
  const auto owner = [](const std::array<int, kSpanClassCount>& classes_open) {
    int best = -1;
    for (int c = 0; c < kSpanClassCount; ++c) {
      if (classes_open[static_cast<std::size_t>(c)] == 0) continue;
      if (best < 0 || role_of(static_cast<SpanClass>(c)) == Role::Communication) best = c;
    }
    return best;
  };
  SmStep step{result.range.begin, 0, 0, {}};
  const auto count = [&](int c, int delta) {
    if (c < 0) return;
    step.by_class[static_cast<std::size_t>(c)] =
        static_cast<std::uint16_t>(step.by_class[static_cast<std::size_t>(c)] + delta);
    auto& side =
        role_of(static_cast<SpanClass>(c)) == Role::Communication ? step.comm : step.compute;
    side = static_cast<std::uint16_t>(side + delta);
  };
  const auto close = [&](TimeNs until) {
    const TimeNs length = until - step.begin;
    if (length <= 0) return;
    result.comm_sm_ns += step.comm * length;
    result.compute_sm_ns += step.compute * length;
    result.free_sm_ns += (result.sm_count - step.comm - step.compute) * length;
    result.time_at[{step.comm, step.compute}] += length;
    if (step.comm > 0 && step.compute > 0) result.exact += length;
    result.steps.push_back(step);
    step.begin = until;
  };
  for (const auto& mark : marks) {
    close(mark.time);
    auto& classes_open = open[mark.sm];
    count(owner(classes_open), -1);
    classes_open[static_cast<std::size_t>(mark.span_class)] += mark.delta;
    count(owner(classes_open), 1);
  }
  close(result.range.end);
  result.method = SmMethod::BlockTrace;
  result.caveats = {
      "Recorded per block: an SM counts as communication while any communication block is on it."};
  if (unknown > 0)
    result.caveats.push_back(std::to_string(unknown) +
                             " blocks belong to no known kernel and count as other compute.");
}

}  // namespace

const char* to_string(SmMethod method) {
  switch (method) {
    case SmMethod::Recorded:
      return "recorded";
    case SmMethod::BlockTrace:
      return "block_trace";
    case SmMethod::Inferred:
      return "inferred";
  }
  return "inferred";
}

int blocks_per_sm(const LaunchConfig& launch, const Device& device) {
  if (launch.threads() == 0) return 0;
  const SmLimits sm = limits_of(device);
  const BlockCost cost = cost_of(launch);
  std::int64_t fit = std::min(sm.blocks, sm.threads / cost.threads);
  if (cost.registers > 0) fit = std::min(fit, sm.registers / cost.registers);
  return static_cast<int>(std::min(fit, sm.shared_memory / cost.shared_memory));
}

std::vector<SmAllocation> analyze_sm_allocation(const Trace& trace, const Classification& classes,
                                                std::optional<TimeRange> window) {
  std::vector<SmAllocation> results;
  for (const auto& key : devices_with_work(trace)) {
    const Device* device = find_device(trace, key);
    if (device == nullptr || device->sm_count <= 0) continue;
    SmAllocation result;
    result.key = key;
    result.sm_count = device->sm_count;
    results.push_back(std::move(result));
  }
  parallel_for(results.size(), [&](std::size_t i) {
    auto& result = results[i];
    bool first = true;
    for_each_gpu_span(trace, tracks_of(trace, result.key), window,
                      [&](const SpanColumns&, std::size_t, TimeRange span) {
                        result.range.begin =
                            first ? span.begin : std::min(result.range.begin, span.begin);
                        result.range.end = first ? span.end : std::max(result.range.end, span.end);
                        first = false;
                      });
    const auto& records = trace.sm_records();
    const bool recorded = std::any_of(records.begin(), records.end(), [&](const SmRecord& r) {
      return r.process == result.key.process && r.device == result.key.device;
    });
    if (recorded)
      from_records(trace, classes, result);
    else
      infer(trace, classes, *find_device(trace, result.key), window, result);
  });
  return results;
}

}  // namespace moescope
