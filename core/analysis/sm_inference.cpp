// SM allocation inferred from grid sizes; its assumptions are SmAllocation::caveats.
#include <re2/re2.h>

#include <algorithm>
#include <limits>

#include "core/analysis/gpu_work.h"
#include "core/analysis/sm_methods.h"
#include "core/analysis/sm_steps.h"

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
  TimeNs end = 0;
  SpanClass span_class = SpanClass::OtherCompute;
  LaunchId launch = 0;
  int demand = 0;  ///< min(SMs, blocks)
  bool narrow = false;
};

/// Sweep over the starts and ends of one device's kernels, which come in order of start.
class Sweep {
 public:
  Sweep(const Trace& trace, const Device& device, std::size_t max_steps, SmAllocation& result)
      : trace_(trace),
        limits_(limits_of(device)),
        result_(result),
        steps_(result.range, max_steps),
        at_(result.range.begin) {}

  void start(TimeNs time, const RunningKernel& kernel) {
    end_until(time);
    account(time);
    running_.push_back(kernel);
  }

  void finish() {
    end_until(std::numeric_limits<TimeNs>::max());
    account(result_.range.end);
    result_.steps_cell = steps_.cell();
    result_.steps = steps_.take();
  }

 private:
  /// Lets end what ends up to `time`, in order.
  void end_until(TimeNs time) {
    while (!running_.empty()) {
      const TimeNs next = std::min_element(running_.begin(), running_.end(), [](auto& a, auto& b) {
                            return a.end < b.end;
                          })->end;
      if (next > time) return;
      account(next);
      std::erase_if(running_, [&](const RunningKernel& kernel) { return kernel.end <= next; });
    }
  }

  /// Shares the SMs out among what runs until `to`: narrow kernels first, then wide ones.
  void account(TimeNs to) {
    if (to <= at_) return;
    SmStep step{at_, 0, 0, {}};
    int left = result_.sm_count, demand = 0;
    for (const bool narrow : {true, false}) {
      for (const RunningKernel& kernel : running_) {
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
    add(step, demand, left, to);
    at_ = to;
  }

  void add(const SmStep& step, int demand, int left, TimeNs end) {
    const TimeNs length = end - step.begin;
    result_.comm_sm_ns += step.comm * length;
    result_.compute_sm_ns += step.compute * length;
    result_.free_sm_ns += left * length;
    if (demand > result_.sm_count) result_.oversubscribed += length;
    if (exclusive()) result_.exact += length;
    result_.time_at[{step.comm, step.compute}] += length;
    steps_.add(step, end);
  }

  /// Communication and compute run, and no block of one can sit beside a block of the other.
  bool exclusive() const {
    bool both = false;
    for (const auto& a : running_) {
      if (role_of(a.span_class) != Role::Communication) continue;
      for (const auto& b : running_) {
        if (role_of(b.span_class) != Role::Compute) continue;
        const auto& launches = trace_.launches();
        if (a.launch == 0 || b.launch == 0) return false;
        if (can_share(launches.at(a.launch), launches.at(b.launch), limits_)) return false;
        both = true;
      }
    }
    return both;
  }

  const Trace& trace_;
  SmLimits limits_;
  SmAllocation& result_;
  SmSteps steps_;
  TimeNs at_;                           ///< everything before is accounted for
  std::vector<RunningKernel> running_;  ///< in order of start
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
                      std::optional<TimeRange> window, std::size_t max_steps,
                      const Progress& progress, SmAllocation& result) {
  std::size_t without_launch = 0;
  Sweep sweep(trace, device, max_steps, result);
  GpuSpanCursor work(trace, tracks_of(trace, result.key), window, progress);
  while (work.next()) {
    const SpanColumns& c = work.columns();
    const std::size_t row = work.row();
    if (c.kind[row] != SpanKind::Kernel || work.span().empty()) continue;
    const auto blocks = trace.launches().at(c.launch[row]).blocks();
    if (c.launch[row] == 0) ++without_launch;
    const bool narrow = c.launch[row] != 0 && blocks <= static_cast<std::uint64_t>(result.sm_count);
    sweep.start(work.span().begin,
                {work.span().end, classes.of(c.kind[row], c.name[row]).span_class, c.launch[row],
                 narrow ? static_cast<int>(blocks) : result.sm_count, narrow});
  }
  sweep.finish();
  result.method = SmMethod::Inferred;
  result.caveats = inferred_caveats(device, without_launch);
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
