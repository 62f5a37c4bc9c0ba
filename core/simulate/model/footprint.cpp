#include "core/simulate/model/footprint.h"

#include <algorithm>
#include <vector>

namespace moescope {
namespace {

using Index = std::size_t;

/// Bytes in and out of each GPU over each kind of link.
class Links {
 public:
  Links(const Plan& plan, const Hardware& hardware)
      : plan_(plan), hardware_(hardware), flows_(static_cast<Index>(plan.num_gpus)) {}

  void copy(const std::vector<int>& sources, int target, double bytes) {
    const auto cost = [&](int source) {
      const bool near = plan_.node_of_gpu(source) == plan_.node_of_gpu(target);
      const auto& f = flows_[static_cast<Index>(source)];
      return std::pair(near ? 0 : 1, near ? f.nvlink_out : f.ib_out);
    };
    const int source = *std::min_element(sources.begin(), sources.end(),
                                         [&](int a, int b) { return cost(a) < cost(b); });
    auto& in = flows_[static_cast<Index>(target)];
    auto& out = flows_[static_cast<Index>(source)];
    if (plan_.node_of_gpu(source) == plan_.node_of_gpu(target))
      in.nvlink_in += bytes, out.nvlink_out += bytes;
    else
      in.ib_in += bytes, out.ib_out += bytes;
  }
  double seconds() const {
    double most = 0;
    for (const auto& f : flows_)
      most =
          std::max({most, std::max(f.nvlink_in, f.nvlink_out) / (hardware_.nvlink_gb_per_s * 1e9),
                    std::max(f.ib_in, f.ib_out) / (hardware_.ib_gb_per_s * 1e9)});
    return most;
  }
  double most_received() const {
    double most = 0;
    for (const auto& f : flows_) most = std::max(most, f.nvlink_in + f.ib_in);
    return most;
  }

 private:
  struct Flow {
    double nvlink_in = 0, nvlink_out = 0, ib_in = 0, ib_out = 0;
  };
  const Plan& plan_;
  const Hardware& hardware_;
  std::vector<Flow> flows_;
};

/// GPUs that hold each expert: [expert], ascending, without repeats.
std::vector<std::vector<int>> hosts_of(const Plan& plan, Index layer) {
  auto hosts = slots_of_experts(plan.physical_to_logical[layer], plan.num_experts);
  for (auto& slots : hosts) {
    for (auto& s : slots) s = plan.gpu_of(s);
    slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
  }
  return hosts;
}

}  // namespace

MemoryUse memory_use(const Hardware& hardware, const ModelShape& m, const ServingUnit& unit,
                     const Plan& plan) {
  MemoryUse use;
  use.room = hardware.memory_gib * 1073741824.0;
  use.experts = m.expert_bytes() * plan.slots_per_gpu() * m.moe_layers();
  const bool local_shared = m.shared_experts > 0 && plan.num_experts == m.experts;
  use.other = m.layers * m.weight_bytes(m.attention_weights()) / unit.attention_tp +
              m.dense_layers * m.weight_bytes(3.0 * m.hidden * m.dense_width) +
              m.moe_layers() * (2.0 * m.hidden * m.experts +
                                (local_shared ? m.shared_experts * m.expert_bytes() : 0));
  // Prefill keeps the tokens of its micro-batches, decode the context of each token.
  const double cached = unit.tokens_per_gpu * unit.micro_batches * unit.attention_tp *
                        (unit.phase == Phase::Decode ? unit.context : 1);
  const double share =
      m.attention.latent() ? 1 : 1 / std::min<double>(unit.attention_tp, m.attention.kv_heads);
  use.cache = cached * m.layers * m.cache_bytes() * share;
  return use;
}

MoveCost move_cost(const Plan& from, const Plan& to, const Hardware& hardware,
                   const ModelShape& model) {
  MoveCost cost;
  const double bytes = model.expert_bytes();
  Links all(to, hardware);
  for (Index l = 0; l < to.physical_to_logical.size(); ++l) {
    const auto before = hosts_of(from, l), after = hosts_of(to, l);
    Links layer(to, hardware);
    for (Index e = 0; e < after.size() && e < before.size(); ++e)
      for (const int gpu : after[e]) {
        if (before[e].empty() || std::binary_search(before[e].begin(), before[e].end(), gpu))
          continue;
        ++cost.copies;
        all.copy(before[e], gpu, bytes);
        layer.copy(before[e], gpu, bytes);
      }
    cost.layer_seconds = std::max(cost.layer_seconds, layer.seconds());
  }
  cost.bytes = static_cast<double>(cost.copies) * bytes;
  cost.gpu_bytes = all.most_received();
  cost.seconds = all.seconds();
  return cost;
}

}  // namespace moescope
