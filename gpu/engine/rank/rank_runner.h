// One rank of a unit: its weights, buffers and streams, and how it does each part of a layer.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "gpu/comm/exchange/exchange.h"
#include "gpu/comm/exchange/tensor_exchange.h"
#include "gpu/comm/links/paced_links.h"
#include "gpu/comm/memory/activity.h"
#include "gpu/comm/memory/address_space.h"
#include "gpu/engine/placement/slot_table.h"
#include "gpu/engine/placement/weight_pool.h"
#include "gpu/engine/rank/batch.h"
#include "gpu/engine/rank/count_board.h"
#include "gpu/engine/rank/faults.h"
#include "gpu/engine/rank/moe_driver.h"
#include "gpu/engine/rank/stage_board.h"
#include "gpu/engine/rank/worker_team.h"
#include "gpu/model/weights.h"

namespace moescope::runtime {

/// What all ranks of a unit share.
struct UnitShared {
  std::shared_ptr<const Model> model;
  std::unique_ptr<Operators> operators;
  std::unique_ptr<RopeTable> rope;
  std::vector<SlotTable> tables;  ///< two, by parity of the epoch
  std::uint64_t epoch = 0;        ///< changes between steps only
  AddressSpace* space = nullptr;
  Group group;
  std::vector<std::unique_ptr<Exchange>> exchanges;  ///< one per micro-batch
  std::unique_ptr<Exchange> probe_exchange;          ///< combines in order
  std::vector<std::unique_ptr<CountBoard>> counts;   ///< one per micro-batch; active_slots > 0 only
  bool probing = false;                              ///< the step is a probe
  bool trial = false;                                ///< steps leave no records
  std::array<std::atomic<std::int64_t>, kStreams> computed{};  ///< ns, of all ranks, in trial steps
  std::unique_ptr<PacedLinks> links;  ///< of the unit; nullptr where processes share no memory
  double worker_cores = 0;    ///< share of a core that a worker computes with; 0: what it gets
  bool route_shared = false;  ///< the shared expert is one more expert
  int active_slots = 0;       ///< of a rank in a layer; 0: all
  UnitKind kind = UnitKind::Prefill;
  TensorGroups groups;
  ModelConfig attention;  ///< what one rank of a group computes
  int kv_copies = 1;      ///< ranks of a group that hold the same keys and values
  std::vector<std::vector<LayerWeights>> shards;        ///< [index in a group][layer], when tp > 1
  std::vector<std::unique_ptr<TensorExchange>> tensor;  ///< one per micro-batch, when tp > 1
  Faults faults;

  const SlotTable& table() const { return tables[epoch % 2]; }
  /// An expert of a MoE layer, or the shared one by the number after the last.
  const Mlp& expert(int moe_layer, int number) const {
    const auto layer = static_cast<std::size_t>(moe_layer + model->config.dense_layers);
    const LayerWeights& weights = model->weights.layers[layer];
    return number == model->config.experts ? weights.shared
                                           : weights.experts[static_cast<std::size_t>(number)];
  }
  /// A slot in dispatched rows is rank * stride + local slot, the same under every plan.
  int stride = 1;
};

class RankRunner {
 public:
  /// `log` may be nullptr. Gives `pool` the experts that the table gives this member.
  RankRunner(UnitShared& shared, int member, KvCache& cache, WeightPool& pool, RankLog* log);

  int member() const { return member_; }
  StageBoard& board() { return board_; }
  Activity& activity(StreamId stream) { return activities_[static_cast<std::size_t>(stream)]; }
  WorkerTeam& team(StreamId stream) { return *teams_[static_cast<std::size_t>(stream)]; }
  /// Before the streams run; the input is that of the member's group.
  void begin(const RankInput& input, std::uint32_t step);
  /// Runs `item` on the calling stream, which has waited for it and could begin at `ready`. Calls
  /// board().reached().
  void run(StreamId stream, const Item& item, std::int64_t ready);
  RankOutput take_output();

  const std::vector<std::vector<std::uint32_t>>& logical_loads() const { return logical_; }
  const std::vector<std::vector<std::uint32_t>>& physical_loads() const { return physical_; }

 private:
  /// Buffers of a micro-batch, [row][width].
  struct Buffers {
    std::vector<float> x, norm, attention, combined, shared;
    Routing routing;
    std::vector<int> picks;       ///< experts of every row, the shared one last where it is routed
    std::vector<Choice> choices;  ///< of every row, one a pick
    MoeRows moe;                  ///< these rows on their way through the experts
    std::vector<MlpView> experts;
    std::vector<float> expert_outputs;
    int arrived = 0;  ///< rows of expert_outputs
    std::int64_t layer_begin = 0;
  };
  class Scope;

  /// Runs `action` on the compute stream and records it.
  template <typename Action>
  void in_span(SpanName name, const Item& item, int tokens, const Action& action);
  void fill_pool();
  void enter_layer(const Item& item);
  void attend(const Item& item);
  void attend_with_group(const Item& item);
  void gate(const Item& item, const LayerWeights& layer);
  void route(const Item& item, const LayerWeights& layer);
  void choose_slots(const Item& item);
  void choose_active_slots(const Item& item);
  void dispatch(const Item& item);
  MlpView slot_weights(std::size_t moe, int slot) const;
  void experts(const Item& item);
  void combine(const Item& item);
  void run_stages(const Item& item);
  void head(const Item& item);
  void end_layer(const Item& item);
  void observe(StreamId stream, int worker, std::int64_t begin, std::int64_t end);
  Team& compute() { return team(StreamId::Compute); }
  Exchange& exchange(const Item& item) {
    if (shared_.probing && item.micro_batch == 0) return *shared_.probe_exchange;
    return *shared_.exchanges[static_cast<std::size_t>(item.micro_batch)];
  }
  bool shared_apart() const {
    return shared_.model->config.shared_experts > 0 && !shared_.route_shared;
  }
  /// Experts that a token goes to.
  int picks() const { return shared_.model->config.top_k + (shared_.route_shared ? 1 : 0); }
  /// The choices of a row.
  std::span<Choice> choices(Buffers& buffers, int row) const {
    return std::span(buffers.choices)
        .subspan(static_cast<std::size_t>(row * picks()), static_cast<std::size_t>(picks()));
  }
  int dispatched_slot(int slot) const {
    const int per_rank = shared_.table().placement.slots_per_rank();
    return slot / per_rank * shared_.stride + slot % per_rank;
  }
  void compute_experts(const Item& item, StreamId stream);
  void compute_logits(const Item& item);
  int moe_layer(int layer) const { return layer - shared_.model->config.dense_layers; }
  int rows(const Item& item) const { return batch(item).size(); }
  /// The rows that this rank owns, and those of its whole group.
  const MicroBatch& batch(const Item& item) const {
    return own_[static_cast<std::size_t>(item.micro_batch)];
  }
  const MicroBatch& group_batch(const Item& item) const {
    return input_->micro_batches[item.micro_batch];
  }
  Buffers& buffers(const Item& item) {
    return buffers_[static_cast<std::size_t>(item.micro_batch)];
  }

  UnitShared& shared_;
  int member_;
  RankLog* const own_log_;
  RankLog* log_ = nullptr;  ///< own_log_, or nullptr in trial steps
  KvCache& cache_;
  StageBoard board_;
  std::array<Activity, kStreams> activities_;
  std::array<std::unique_ptr<WorkerTeam>, kStreams> teams_;
  /// When the next span of a stream begins: the part may begin then, or the span before has ended.
  /// Waiting for a core is part of a span; otherwise its length would depend on the scheduler.
  std::array<std::int64_t, kStreams> span_begin_{};
  /// When each worker of a stream worked in the span that the stream is in.
  std::array<std::vector<WorkerRecord>, kStreams> held_;
  WeightPool& pool_;
  std::array<Buffers, kMaxMicroBatches> buffers_;
  const RankInput* input_ = nullptr;
  std::array<MicroBatch, kMaxMicroBatches> own_;
  RankOutput output_;
  std::uint32_t step_ = 0;
  std::vector<std::vector<std::uint32_t>> logical_, physical_;
};

}  // namespace moescope::runtime
