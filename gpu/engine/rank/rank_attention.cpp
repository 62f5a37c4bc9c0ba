// Attention of a rank: alone, or with the ranks of its tensor-parallel group.
#include <algorithm>
#include <stdexcept>

#include "gpu/engine/rank/rank_scope.h"

namespace moescope::runtime {
namespace {

void add(const std::vector<float>& part, std::vector<float>& x) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] += part[i];
}

/// The group of a rank for operators.
class GroupPeers final : public HeadPeers {
 public:
  GroupPeers(TensorExchange& exchange, const TensorGroups& groups, int kv_copies, int member)
      : exchange_(exchange), groups_(groups), kv_copies_(kv_copies), member_(member) {}
  int ranks() const override { return groups_.tp; }
  int kv_copies() const override { return kv_copies_; }
  bool first_copy() const override { return groups_.index(member_) % kv_copies_ == 0; }
  void sum(std::span<float> values) override { exchange_.sum(member_, values); }

 private:
  TensorExchange& exchange_;
  const TensorGroups& groups_;
  int kv_copies_, member_;
};

}  // namespace

/// Fills x with embeddings before layer 0, else adds what the MoE layer before computed.
void RankRunner::enter_layer(const Item& item) {
  const Model& model = *shared_.model;
  const int hidden = model.config.hidden;
  const MicroBatch& input = batch(item);
  Buffers& b = buffers(item);
  if (item.layer == 0) {
    for (int r = 0; r < input.size(); ++r) {
      const int token = input.tokens[static_cast<std::size_t>(r)];
      if (token < 0 || token >= model.config.vocab)
        throw std::out_of_range("token outside the vocabulary");
      std::copy_n(model.weights.embedding.row(token), hidden, b.x.data() + at(r, hidden));
    }
  } else if (item.layer > model.config.dense_layers) {
    for (std::size_t i = 0; i < b.x.size(); ++i) b.x[i] += b.combined[i] + b.shared[i];
  }
}

void RankRunner::attend(const Item& item) {
  const ModelConfig& config = shared_.model->config;
  const LayerWeights& layer = shared_.model->weights.layers[static_cast<std::size_t>(item.layer)];
  const Operators& operators = *shared_.operators;
  Buffers& b = buffers(item);
  const int n = rows(item);
  if (log_ != nullptr) b.layer_begin = span_begin_[static_cast<std::size_t>(StreamId::Compute)];
  if (shared_.faults.step && item.layer == 0 && item.micro_batch == 0)
    shared_.faults.step(shared_.group.first + member_, step_);
  const auto enter = [&] {
    enter_layer(item);
    operators.rms_norm(b.x.data(), n, layer.attention_norm, config.norm_eps, b.norm.data(),
                       compute());
  };
  const auto leave = [&] {
    add(b.attention, b.x);
    operators.rms_norm(b.x.data(), n, layer.mlp_norm, config.norm_eps, b.norm.data(), compute());
  };
  if (shared_.groups.tp == 1) {
    Scope scope(*this, StreamId::Compute, SpanName::Attention, item, n);
    enter();
    operators.attention(layer, item.layer, b.norm.data(), batch(item).rows, *shared_.rope, cache_,
                        b.attention.data(), nullptr, compute());
    leave();
  } else {
    in_span(SpanName::Attention, item, n, enter);
    attend_with_group(item);
    in_span(SpanName::Attention, item, n, leave);
  }
  if (layer.moe) return gate(item, layer);
  in_span(SpanName::Dense, item, n, [&] {
    operators.swiglu(b.norm.data(), n, layer.dense, b.attention.data(), compute());
    add(b.attention, b.x);
  });
  end_layer(item);
  board_.reached(item);
}

/// Gathers the group's rows, computes this rank's heads of all of them, and keeps the sum over the
/// group's heads of the own rows.
void RankRunner::attend_with_group(const Item& item) {
  TensorExchange& exchange = *shared_.tensor[static_cast<std::size_t>(item.micro_batch)];
  const TensorGroups& groups = shared_.groups;
  const MicroBatch& all = group_batch(item);
  const int own = rows(item), begin = groups.share(all.size(), groups.index(member_)).first;
  Buffers& b = buffers(item);
  in_span(SpanName::AllGather, item, own,
          [&] { exchange.send_rows(member_, b.norm.data(), begin, own); });
  const float* x = nullptr;
  in_span(SpanName::AllGatherWait, item, 0, [&] { x = exchange.await_rows(member_); });
  in_span(SpanName::Attention, item, all.size(), [&] {
    GroupPeers peers(exchange, groups, shared_.kv_copies, member_);
    const auto& shard = shared_.shards[static_cast<std::size_t>(groups.index(member_))]
                                      [static_cast<std::size_t>(item.layer)];
    shared_.operators->attention(shard, item.layer, x, all.rows, *shared_.rope, cache_,
                                 exchange.partial(member_), &peers, compute());
    exchange.offer_partial(member_, all.size());
  });
  in_span(SpanName::ReduceScatterWait, item, 0, [&] { exchange.await_partials(member_); });
  in_span(SpanName::ReduceScatter, item, own,
          [&] { exchange.reduce_rows(member_, begin, own, b.attention.data(), compute()); });
}

}  // namespace moescope::runtime
