#include "core/analysis/sm/sm_inferred_sweep.h"

#include <re2/re2.h>

#include <algorithm>
#include <limits>

namespace moescope {
namespace {

/// The moments kept reach over the last thousands of kernels, more than live spans are ever late.
constexpr std::size_t kKernelsBetweenMoments = 128;

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
        "and registers are not recorded, so these figures are only a rough estimate.");
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

/// The accounts of a moment, which go on in time.
class SmInferredSweep::Accounts {
 public:
  Accounts(Moment& moment, SmSteps& steps, const Trace& trace, const Device& device)
      : now_(moment), steps_(steps), trace_(trace), limits_(limits_of(device)) {}

  void start(TimeNs time, const RunningKernel& kernel) {
    go_to(time);
    now_.running.push_back(kernel);
  }
  /// Lets everything before `time` happen.
  void go_to(TimeNs time) {
    end_until(time);
    account(time);
  }
  void finish() {
    end_until(std::numeric_limits<TimeNs>::max());
    account(now_.totals.range.end);
  }

 private:
  /// Lets end what ends up to `time`, in order.
  void end_until(TimeNs time) {
    auto& running = now_.running;
    while (!running.empty()) {
      const TimeNs next = std::min_element(running.begin(), running.end(), [](auto& a, auto& b) {
                            return a.end < b.end;
                          })->end;
      if (next > time) return;
      account(next);
      std::erase_if(running, [&](const RunningKernel& kernel) { return kernel.end <= next; });
    }
  }

  /// Shares the SMs out among what runs until `to`: narrow kernels first, then wide ones.
  void account(TimeNs to) {
    if (to <= now_.at) return;
    SmStep step{now_.at, 0, 0, {}};
    int left = now_.totals.sm_count, demand = 0;
    for (const bool narrow : {true, false}) {
      for (const RunningKernel& kernel : now_.running) {
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
    now_.at = to;
  }

  void add(const SmStep& step, int demand, int left, TimeNs end) {
    const TimeNs length = end - step.begin;
    SmAllocation& totals = now_.totals;
    totals.comm_sm_ns += step.comm * length;
    totals.compute_sm_ns += step.compute * length;
    totals.free_sm_ns += left * length;
    if (demand > totals.sm_count) totals.oversubscribed += length;
    if (exclusive()) totals.exact += length;
    totals.time_at[{step.comm, step.compute}] += length;
    steps_.add(step, end);
  }

  /// Communication and compute run, and no block of one can sit beside a block of the other.
  bool exclusive() const {
    bool both = false;
    for (const auto& a : now_.running) {
      if (role_of(a.span_class) != Role::Communication) continue;
      for (const auto& b : now_.running) {
        if (role_of(b.span_class) != Role::Compute) continue;
        const auto& launches = trace_.launches();
        if (a.launch == 0 || b.launch == 0) return false;
        if (can_share(launches.at(a.launch), launches.at(b.launch), limits_)) return false;
        both = true;
      }
    }
    return both;
  }

  Moment& now_;
  SmSteps& steps_;
  const Trace& trace_;
  SmLimits limits_;
};

SmInferredSweep::Moment SmInferredSweep::first(SmAllocation result) {
  Moment moment;
  moment.at = result.range.begin;
  moment.totals = std::move(result);
  moment.totals.method = SmMethod::Inferred;
  return moment;
}

SmInferredSweep::SmInferredSweep(SmAllocation result, std::size_t max_steps, bool goes_back)
    : at_(first(std::move(result)), max_steps, goes_back) {}

TimeNs SmInferredSweep::rewind(TimeNs time, TimeNs range_end) {
  last_start_ = at_.rewind(time, range_end);
  since_kept_ = 0;
  return last_start_;
}

void SmInferredSweep::add(const Trace& trace, const Device& device, const GpuSpanCursor& work,
                          const Classification& classes) {
  const SpanColumns& c = work.columns();
  const std::size_t row = work.row();
  const TimeRange span = work.span();
  if (c.kind[row] != SpanKind::Kernel || span.empty()) return;
  const LaunchId launch = c.launch[row];
  Accounts accounts(at_.now, at_.steps, trace, device);
  if (++since_kept_ > kKernelsBetweenMoments && span.begin > last_start_) {
    accounts.go_to(span.begin);
    at_.keep(span.begin);
    since_kept_ = 0;
  }
  last_start_ = span.begin;
  if (launch == 0) ++at_.now.without_launch;
  const auto blocks = trace.launches().at(launch).blocks();
  const int sm_count = at_.now.totals.sm_count;
  const bool narrow = launch != 0 && blocks <= static_cast<std::uint64_t>(sm_count);
  accounts.start(span.begin, {span.end, classes.of(c.kind[row], c.name[row]).span_class, launch,
                              narrow ? static_cast<int>(blocks) : sm_count, narrow});
}

SmAllocation SmInferredSweep::finish(Moment end, SmSteps steps, const Trace& trace,
                                     const Device& device) {
  Accounts(end, steps, trace, device).finish();
  end.totals.steps_cell = steps.cell();
  end.totals.steps = steps.take();
  end.totals.caveats = inferred_caveats(device, end.without_launch);
  return std::move(end.totals);
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
