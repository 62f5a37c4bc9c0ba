// Overlap, order and workers of a unit, between steps.
#include <algorithm>

#include "gpu/engine/cpu/cpu_unit.h"

namespace moescope::runtime {

void CpuUnit::set_overlap(bool overlap) {
  send_value(UnitCommand::Overlap, overlap);
  apply_overlap(overlap);
}

void CpuUnit::apply_overlap(bool overlap) {
  const ModelConfig& config = shared_.model->config;
  options_.overlap = overlap;
  schedule_ = make_schedule(options_.kind, overlap, options_.micro_batches, config.layers,
                            config.dense_layers, options_.order);
}

void CpuUnit::set_order(DecodeOrder order) {
  send_value(UnitCommand::Order, order);
  apply_order(order);
}

void CpuUnit::apply_order(DecodeOrder order) {
  options_.order = order;
  apply_overlap(options_.overlap);
}

WorkerBudget CpuUnit::set_budget(WorkerBudget requested) {
  send_value(UnitCommand::Budget, requested);
  apply_budget(requested);
  return granted_;
}

void CpuUnit::apply_budget(WorkerBudget requested) {
  const int computing = streams_of(options_.kind) - 1;
  options_.budget = requested;
  granted_.workers = std::clamp(requested.workers, computing + 1, 256);
  granted_.communication = std::clamp(requested.communication, 1, granted_.workers - computing);
  const int rest = granted_.workers - granted_.communication;
  const int attention = computing == 1 ? rest : (rest + 1) / 2;
  for (const auto& rank : ranks_) {
    rank->team(StreamId::Communication).resize(0, granted_.communication);
    rank->team(StreamId::Compute).resize(granted_.communication, attention);
    if (computing > 1)
      rank->team(StreamId::Experts).resize(granted_.communication + attention, rest - attention);
  }
  apply_rank_cores(rank_cores_);
}

WorkerBudget CpuUnit::take_observed_budget() {
  WorkerBudget seen{0, 0};
  for (const auto& rank : ranks_) {
    // The thread of a stream works also where nothing is split.
    int all = 0;
    for (int i = 0; i < streams_of(options_.kind); ++i) {
      const auto stream = static_cast<StreamId>(i);
      const int widest = std::max(rank->team(stream).take_widest(), 1);
      if (stream == StreamId::Communication)
        seen.communication = std::max(seen.communication, widest);
      all += widest;
    }
    seen.workers = std::max(seen.workers, all);
  }
  return seen;
}

}  // namespace moescope::runtime
