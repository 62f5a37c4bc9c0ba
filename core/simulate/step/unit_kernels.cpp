#include "core/simulate/step/unit_kernels.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "core/simulate/cost/all_to_all.h"

namespace moescope {
namespace {

using Index = std::size_t;

constexpr double kSecondsPerUs = 1e-6, kBytesPerGb = 1e9;
/// Kernels were measured alone. In a step norms, quantisation and routing lie between them, and
/// streams that overlap share memory and SMs: fitted to published units (docs/validation.md), which
/// predictions without it exceed by 17 to 43 %.
constexpr double kBetweenKernels = 1.36;
/// What is left of that scatter.
constexpr double kStepScatter = 0.2;
constexpr double kHostFloor = 0.1;  ///< us; a serving engine launches ahead of the GPU

/// Where a kernel has the constant of that name.
Index index_of(const KernelCost& kernel, std::string_view name) {
  const auto& rules = kernel.formula->constants;
  const auto at = std::find_if(rules.begin(), rules.end(),
                               [&](const ConstantRule& rule) { return name == rule.name; });
  return static_cast<Index>(at - rules.begin());
}
double constant(const KernelCost& kernel, std::string_view name) {
  return kernel.constants.at(index_of(kernel, name));
}

/// What it takes without work, s.
double floor_of(const KernelCost& kernel) {
  return constant(kernel, "floor_us") * kSecondsPerUs;
}

/// Eager runs of the collectors were bound by their host; graphs and long batches are not.
void forget_host(KernelCost& kernel) {
  if (const auto at = index_of(kernel, "host_us"); at < kernel.constants.size())
    kernel.constants[at] = kHostFloor;
}

/// The library's name in measured tables for a phase.
std::string measured_library(CommLibrary library, Phase phase) {
  const bool decode = phase == Phase::Decode;
  switch (library) {
    case CommLibrary::DeepepNormal:
      return "deepep_normal";
    case CommLibrary::DeepepLowLatency:
      return "deepep_low_latency";
    case CommLibrary::DeepepV2:
      return decode ? "deepep_v2_generation" : "deepep_v2_context";
    case CommLibrary::Trtllm:
      return decode ? "trtllm_deepep_ll" : "trtllm_deepep_ht";
    case CommLibrary::Nccl:
      return "";
  }
  return "";
}

/// Most that a GPU sends or receives over the mean; 1 when nothing is sent.
double skew_of(const Traffic& t) {
  double most = 0, all = 0;
  for (Index g = 0; g < t.nvlink_in.size(); ++g) {
    const double in = t.nvlink_in[g] + t.ib_in[g], out = t.nvlink_out[g] + t.ib_out[g];
    most = std::max({most, in, out});
    all += in;
  }
  return all > 0 ? most * static_cast<double>(t.nvlink_in.size()) / all : 1;
}

}  // namespace

UnitKernels::UnitKernels(const Hardware& hardware, const ModelShape& model, const ServingUnit& unit)
    : hardware_(hardware), model_(model), unit_(unit), stretch_(kBetweenKernels) {}

std::optional<UnitKernels> UnitKernels::of(const Hardware& hardware, const ModelShape& model,
                                           const ServingUnit& unit, const SmShares& sms) {
  if (hardware.kernels.kernels.empty() || !model.attention.latent() ||
      model.precision == Precision::Fp32)
    return std::nullopt;
  UnitKernels kernels(hardware, model, unit);
  kernels.choose_compute(sms);
  kernels.choose_transfer();
  return kernels;
}

KernelCost UnitKernels::take(const KernelId& id) {
  // Steps take the newest version; that others stand in for a missing one is worth a note.
  if (const auto* own = hardware_.kernels.newest(id.table, id.name)) return *own;
  auto choice = choose_kernel(hardware_, id);
  if (!choice.note.empty()) notes_.push_back(choice.note);
  return std::move(choice.kernel);
}

void UnitKernels::choose_compute(const SmShares& sms) {
  const std::string phase = to_string(unit_.phase);
  const bool hopper = hardware_.kernels.newest("attention", phase + " fa3") != nullptr;
  attention_ = take({"attention", phase + (hopper ? " fa3" : " trtllm_mla"), ""});
  experts_ = take({"experts", "sglang " + phase, ""});
  bf16_product_ = take({"gemm", "bfloat16", ""});
  product_ = model_.precision == Precision::Fp8 ? take({"gemm", "fp8_block", ""}) : bf16_product_;
  forget_host(attention_);
  forget_host(experts_);
  const auto scaled = [&](KernelCost& kernel, double of, double precision) {
    // Fewer SMs compute less, and read as much until each has reached what it can.
    kernel = derived(kernel, {.compute = precision * of / hardware_.sm_count});
    auto& memory = kernel.constants.at(index_of(kernel, "memory_gb_per_s"));
    memory = std::min(memory, of * hardware_.sm_read_gb_per_s);
  };
  const double precision =
      model_.precision == Precision::Fp8 ? 1 : hardware_.bf16_tflops / hardware_.fp8_tflops;
  scaled(attention_, sms.main, 1);
  scaled(experts_, sms.side, precision);
  scaled(product_, sms.main, 1);
  scaled(bf16_product_, sms.main, 1);
  main_ = side_ = hardware_.sheet();
  main_.sms = sms.main;
  side_.sms = sms.side;
}

void UnitKernels::choose_transfer() {
  const bool nodes = unit_.nodes > 1;
  if (unit_.library == CommLibrary::Nccl) {
    dispatch_ = combine_ = take({"collectives", "alltoall", ""});
    if (nodes)
      notes_.emplace_back("NCCL was measured on one node: over several the network limits it");
    return;
  }
  const auto library = measured_library(unit_.library, unit_.phase);
  const bool measured_nodes = library == "deepep_normal" || library == "deepep_low_latency";
  if (nodes && !measured_nodes)
    notes_.push_back(library + " was measured on one node: over several the network limits it");
  dispatch_ = take({"alltoall", all_to_all_kernel(library, nodes && measured_nodes, false), ""});
  combine_ = take({"alltoall", all_to_all_kernel(library, nodes && measured_nodes, true), ""});
}

double UnitKernels::gemm(const KernelCost& kernel, double m, double n, double k,
                         double operand_bytes) const {
  return kernel.microseconds(GemmWork{m, n, k, operand_bytes}, main_) * kSecondsPerUs;
}

/// Gate and up together, then down.
double UnitKernels::mlp(double width) const {
  const double bytes = model_.precision == Precision::Fp8 ? 1 : 2;
  const double tokens = unit_.tokens_per_gpu;
  return gemm(product_, tokens, 2 * width, model_.hidden, bytes) +
         gemm(product_, tokens, model_.hidden, width, bytes);
}

CommonTimes UnitKernels::common() const {
  CommonTimes t;
  const auto& a = model_.attention;
  const double tp = unit_.attention_tp, tokens = unit_.tokens_per_gpu;
  const bool decode = unit_.phase == Phase::Decode;
  AttentionWork work{.decode = decode, .heads = std::max(1.0, a.heads / tp)};
  // Heads are shared out, so each GPU attends for the tokens of its whole group.
  work.batch = decode ? tokens * tp : tokens * tp / unit_.context;
  work.context = unit_.context;
  work.hidden = model_.hidden;
  work.q_rank = a.q_rank > 0 ? a.q_rank : model_.hidden;
  work.kv_rank = a.kv_rank;
  work.rope = a.rope;
  work.nope = a.nope;
  work.value = a.v;
  const double bytes = model_.precision == Precision::Fp8 ? 1 : 2;
  t.attention = attention_.microseconds(work, main_) * kSecondsPerUs +
                gemm(product_, tokens * tp, (a.q_rank > 0 ? a.q_rank : 0) + a.kv_rank + a.rope,
                     model_.hidden, bytes);
  t.attention_bytes = model_.weight_bytes(model_.attention_weights()) / tp +
                      (decode ? work.batch * unit_.context * model_.cache_bytes() : 0);
  t.gate = gemm(bf16_product_, tokens, model_.experts, model_.hidden, 2) +
           hardware_.kernel_overhead_us * kSecondsPerUs;
  if (model_.shared_experts > 0 && !unit_.shared_routed)
    t.shared = mlp(static_cast<double>(model_.shared_experts) * model_.expert_width);
  if (model_.dense_layers > 0) t.dense = mlp(model_.dense_width);
  const double product = floor_of(product_);
  t.attention_floor = floor_of(attention_) + product;
  t.gate_floor = floor_of(bf16_product_) + hardware_.kernel_overhead_us * kSecondsPerUs;
  if (t.shared > 0) t.shared_floor = 2 * product;
  if (t.dense > 0) t.dense_floor = 2 * product;
  for (auto* stage : {&t.attention, &t.gate, &t.shared, &t.dense, &t.attention_floor, &t.gate_floor,
                      &t.shared_floor, &t.dense_floor})
    *stage *= stretch_;
  return t;
}

std::vector<ExpertTime> UnitKernels::experts(const std::vector<double>& tokens,
                                             Index slots_per_gpu) const {
  const double memory = constant(experts_, "memory_gb_per_s") * kBytesPerGb;
  const double compute = constant(experts_, "compute_tflops") * 1e12;
  const double floor = stretch_ * floor_of(experts_);
  const double tile =
      unit_.phase == Phase::Prefill ? hardware_.tile_rows_prefill : hardware_.tile_rows_decode;
  const double most_tokens = unit_.tokens();
  Work any = ExpertWork{};  // one for all GPUs: a step has tens of thousands of them
  auto& work = std::get<ExpertWork>(any);
  work.hidden = model_.hidden;
  work.width = model_.expert_width;
  work.weight_bytes = model_.expert_bytes() / model_.expert_weights();
  work.held = static_cast<double>(slots_per_gpu);
  std::vector<ExpertTime> times(tokens.size() / slots_per_gpu);
  for (Index g = 0; g < times.size(); ++g) {
    work.slots.clear();
    work.rows = work.largest = 0;
    for (Index slot = g * slots_per_gpu; slot < (g + 1) * slots_per_gpu; ++slot) {
      const double n = tokens[slot];
      if (!(n > 0)) continue;
      work.slots.push_back({n, 1});
      work.rows += n;
      work.largest = std::max(work.largest, n);
    }
    if (work.slots.empty()) continue;
    work.buffer_tokens = work.rank_tokens = std::min(work.rows, most_tokens);
    ExpertTime& t = times[g];
    for (const auto& slot : work.slots)
      t.compute += std::ceil(slot.tokens / tile) * tile * model_.expert_flops() / compute;
    t.weights = static_cast<double>(work.slots.size()) * model_.expert_bytes() / memory;
    t.overhead = floor;
    t.total = stretch_ * experts_.microseconds(any, side_) * kSecondsPerUs;
  }
  return times;
}

double UnitKernels::transfer(const Traffic& traffic, bool combine) const {
  if (unit_.gpus == 1) return 0;
  const double skew = skew_of(traffic);
  AllToAllWork w{.combine = combine};
  w.tokens = unit_.tokens_per_gpu * skew;
  w.hidden = model_.hidden;
  w.top_k = model_.top_k;
  w.experts = model_.experts;
  w.gpus = unit_.gpus;
  w.nodes = unit_.nodes;
  w.sms = unit_.comm_sms;
  w.token_bytes = combine ? model_.combine_bytes() : model_.dispatch_bytes();
  w.gpus_visited = traffic.gpus_per_token;
  w.nodes_visited = traffic.nodes_per_token;
  const auto& kernel = combine ? combine_ : dispatch_;
  double us = 0;
  if (unit_.library == CommLibrary::Nccl) {
    const double gpus = std::min<double>(unit_.gpus, unit_.gpus_per_node());
    us = kernel.microseconds(
        CollectiveWork{w.tokens * w.gpus_visited * w.token_bytes, std::max(2.0, gpus)},
        hardware_.sheet());
  } else {
    us = kernel.microseconds(w, hardware_.sheet());
  }
  const double over_network = w.tokens * traffic.remote_nodes_per_token * w.token_bytes /
                              (hardware_.ib_gb_per_s * kBytesPerGb);
  const bool measured_nodes = kernel.id.name.find(" nodes ") != std::string::npos;
  return stretch_ *
         (measured_nodes ? us * kSecondsPerUs : std::max(us * kSecondsPerUs, over_network));
}

UnitKernels::Errors UnitKernels::errors() const {
  const double least = kStepScatter;
  return {std::max(least, attention_.error.p90), std::max(least, experts_.error.p90),
          std::max({least, dispatch_.error.p90, combine_.error.p90})};
}

}  // namespace moescope
