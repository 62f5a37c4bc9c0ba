#include "gpu/engine/device/device_member.h"

#include <algorithm>

namespace moescope::runtime {
namespace {

/// DeepSeek normalises its latents with this epsilon, whatever rms_norm_eps is.
constexpr double kLatentNormEps = 1e-6;

}  // namespace

std::size_t most_arrivals(const ModelConfig& config, const UnitOptions& options,
                          const Group& group) {
  return flat(group.size * options.max_tokens, config.top_k);
}

DeviceMember::DeviceMember(DeviceShared& shared, int member)
    : shared_(shared),
      rank_(shared.group.first + member),
      batch_(*shared.memory, shared.model->config(), shared.options),
      operators_(shared.launcher, shared.model->config(), *shared.memory,
                 {shared.options.max_tokens,
                  most_arrivals(shared.model->config(), shared.options, shared.group)}),
      pages_(shared.options.kv_pages) {
  allocate();
}

void DeviceMember::allocate() {
  const ModelConfig& c = config();
  Memory& memory = *shared_.memory;
  const int rows = shared_.options.max_tokens;
  const auto floats = [&](int width) { return memory.array<float>(flat(rows, width)); };
  const bool mla = c.attention == AttentionKind::Mla;
  for (float** buffer : {&x_, &norm_, &part_, &sum_, &shared_sum_}) *buffer = floats(c.hidden);
  latent_ = floats(c.mla.q_rank);
  q_ = floats(c.heads * (mla ? c.mla.nope_dim + c.mla.rope_dim : c.gqa.head_dim));
  k_ = floats(mla ? c.kv_width() : c.kv_width() / 2);
  v_ = floats(mla ? 0 : c.kv_width() / 2);
  heads_ = floats(c.heads * (mla ? c.mla.v_dim : c.gqa.head_dim));
  activations_ = floats(std::max(c.dense_layers > 0 ? c.dense_width : 0, c.shared_width()));
  outputs_ = memory.array<float>(most_arrivals(c, shared_.options, shared_.group) *
                                 static_cast<std::size_t>(c.hidden));
  const int worker = 2 * c.kv_width() + shared_.options.max_positions;
  scratch_ =
      memory.array<float>(flat(shared_.device.most_blocks() * shared_.device.warps(), worker));
  cache_ = memory.array<float>(KvCache::bytes(c, shared_.options.kv_pages) / sizeof(float));
  for (float*& logits : logits_) logits = floats(c.vocab);
  const std::size_t picks = flat(rows, c.top_k);
  routing_ = {c.top_k, memory.array<std::int32_t>(picks), memory.array<float>(picks)};
  choices_ = memory.array<Choice>(picks);
  loads_ = memory.array<std::uint32_t>(flat(c.moe_layers(), c.experts));
  offsets_ = memory.array<std::int32_t>(offsets_at(kMaxMicroBatches, 0));
}

std::size_t DeviceMember::offsets_at(int micro_batch, int moe_layer) const {
  return flat(micro_batch * config().moe_layers() + moe_layer, shared_.places + 1);
}

void DeviceMember::set_budget(int workers, int communication) {
  const int computing = streams_of(shared_.options.kind) - 1, rest = workers - communication;
  const int attention = computing == 1 ? rest : (rest + 1) / 2;
  const auto team = [&](StreamId stream, int first, int sms) {
    teams_[static_cast<std::size_t>(stream)] =
        std::make_unique<DeviceTeam>(rank_, stream, first, sms);
  };
  team(StreamId::Communication, 0, communication);
  team(StreamId::Compute, communication, attention);
  if (computing > 1) team(StreamId::Experts, communication + attention, rest - attention);
}

void DeviceMember::begin_step() {
  const std::vector<std::uint32_t> none(flat(config().moe_layers(), config().experts));
  shared_.launcher.queue().upload(loads_, none.data(), none.size() * sizeof(std::uint32_t));
  sampled_ = {};
}

void DeviceMember::begin(const MicroBatch& batch) {
  batch_.set(shared_.launcher.queue(), batch);
}

CacheView DeviceMember::cache_of(int layer) const {
  const int width = config().kv_width(), tokens = PageBook::page_tokens();
  const std::size_t floats = flat(shared_.options.kv_pages * tokens, width);
  return {cache_ + static_cast<std::size_t>(layer) * floats, tokens, width};
}

void DeviceMember::norm(const float* x, int stride, int rows, const MatrixView& weight, double eps,
                        float* y) {
  run(NormRows{x, stride, nullptr, rows, weight.cols, weight.data, eps, y}, SpanName::Attention);
}

void DeviceMember::linear(const float* x, const MatrixView& weight, float* y) {
  run(LinearRows{x, rows(), weight, y}, SpanName::Attention);
}

void DeviceMember::rotate(float* x, int stride, int heads, int head_stride, int first) {
  run(RotateRows{batch_.view(), x, stride, heads, head_stride, first, shared_.rope_half,
                 shared_.cos, shared_.sin, config().rope.interleaved},
      SpanName::Attention);
}

/// Fills x with embeddings before layer 0, else adds what the MoE layer before computed.
void DeviceMember::enter(int layer) {
  const ModelConfig& c = config();
  if (layer == 0)
    run(EmbedRows{batch_.tokens(), shared_.model->embedding, rows(), x_}, SpanName::Attention);
  else if (layer > c.dense_layers)
    run(AddRows{x_, sum_, c.shared_experts > 0 ? shared_sum_ : nullptr, rows(), c.hidden},
        layer < c.layers ? SpanName::Attention : SpanName::Head);
}

void DeviceMember::attend(int layer) {
  const ModelConfig& c = config();
  const DeviceLayer& weights = shared_.model->layer(layer);
  if (rows() == 0) return;
  shared_.launcher.set_tokens(rows());
  enter(layer);
  norm(x_, c.hidden, rows(), weights.attention_norm, c.norm_eps, norm_);
  if (c.attention == AttentionKind::Mla)
    attend_latents(weights, layer);
  else
    attend_heads(weights, layer);
  linear(heads_, weights.o, part_);
  run(AddRows{x_, part_, nullptr, rows(), c.hidden}, SpanName::Attention);
  norm(x_, c.hidden, rows(), weights.mlp_norm, c.norm_eps, norm_);
  if (weights.dense == nullptr) return;
  mlp(weights.dense, c.dense_width, part_, SpanName::Dense);
  run(AddRows{x_, part_, nullptr, rows(), c.hidden}, SpanName::Dense);
}

void DeviceMember::attend_latents(const DeviceLayer& weights, int layer) {
  const ModelConfig& c = config();
  const MlaShape& m = c.mla;
  const int head = m.nope_dim + m.rope_dim;
  const float* query_input = norm_;
  if (m.q_rank > 0) {
    linear(norm_, weights.q_a, latent_);
    norm(latent_, m.q_rank, rows(), weights.q_a_norm, kLatentNormEps, latent_);
    query_input = latent_;
  }
  linear(query_input, weights.q_b, q_);
  linear(norm_, weights.kv_a, k_);
  norm(k_, c.kv_width(), rows(), weights.kv_a_norm, kLatentNormEps, k_);
  rotate(k_, c.kv_width(), 1, 0, m.kv_rank);
  rotate(q_, c.heads * head, c.heads, head, m.nope_dim);
  run(StoreRows{batch_.view(), cache_of(layer), k_, c.kv_width(), 0}, SpanName::Attention);
  run(MlaRows{batch_.view(), cache_of(layer), c.heads, m.kv_rank, m.nope_dim, m.rope_dim, m.v_dim,
              static_cast<float>(c.softmax_scale()), q_, weights.kv_b.data, scratch_,
              shared_.options.max_positions, heads_},
      SpanName::Attention);
}

void DeviceMember::normalise_heads(const DeviceLayer& weights) {
  const ModelConfig& c = config();
  const int dim = c.gqa.head_dim;
  if (c.gqa.qk_norm == QkNorm::PerHead) {
    norm(q_, dim, rows() * c.heads, weights.q_norm, c.norm_eps, q_);
    norm(k_, dim, rows() * c.gqa.kv_heads, weights.k_norm, c.norm_eps, k_);
  } else if (c.gqa.qk_norm == QkNorm::FullWidth) {
    norm(q_, c.heads * dim, rows(), weights.q_norm, c.norm_eps, q_);
    norm(k_, c.gqa.kv_heads * dim, rows(), weights.k_norm, c.norm_eps, k_);
  }
}

void DeviceMember::attend_heads(const DeviceLayer& weights, int layer) {
  const ModelConfig& c = config();
  const int dim = c.gqa.head_dim, keys = c.gqa.kv_heads * dim;
  linear(norm_, weights.q, q_);
  linear(norm_, weights.k, k_);
  linear(norm_, weights.v, v_);
  normalise_heads(weights);
  if (c.gqa.clip > 0) {
    const auto most = static_cast<float>(c.gqa.clip);
    run(ClampRows{q_, rows(), c.heads * dim, most}, SpanName::Attention);
    run(ClampRows{k_, rows(), keys, most}, SpanName::Attention);
    run(ClampRows{v_, rows(), keys, most}, SpanName::Attention);
  }
  rotate(k_, keys, c.gqa.kv_heads, dim, 0);
  rotate(q_, c.heads * dim, c.heads, dim, 0);
  run(StoreRows{batch_.view(), cache_of(layer), k_, keys, 0}, SpanName::Attention);
  run(StoreRows{batch_.view(), cache_of(layer), v_, keys, keys}, SpanName::Attention);
  run(GqaRows{batch_.view(), cache_of(layer), c.heads, c.gqa.kv_heads, dim,
              static_cast<float>(c.softmax_scale()), q_, scratch_, shared_.options.max_positions,
              heads_},
      SpanName::Attention);
}

void DeviceMember::mlp(const MlpView* weights, int width, float* y, SpanName name) {
  const RowGroups all{weights, nullptr, 1, rows()};
  run(MlpUp{all, config().hidden, width, norm_, activations_}, name);
  run(MlpDown{all, config().hidden, width, activations_, y}, name);
}

void DeviceMember::gate(int layer, const LayerPlan& plan) {
  const ModelConfig& c = config();
  const DeviceLayer& weights = shared_.model->layer(layer);
  const int moe = layer - c.dense_layers;
  moe_ = {norm_, {choices_, rows(), c.top_k}, plan.epoch, plan.experts, outputs_, sum_, {}};
  if (rows() == 0) return;
  Team& compute = team(StreamId::Compute);
  shared_.launcher.set_tokens(rows());
  const RouterView router(weights.router, weights.router_bias.data);
  if (const std::int32_t* routes = batch_.routes(moe)) {
    shared_.launcher.queue().copy(routing_.experts, routes,
                                  flat(rows(), c.top_k) * sizeof(std::int32_t));
    operators_.weigh(router, norm_, rows(), routing_, compute);
  } else {
    operators_.gate(router, norm_, rows(), routing_, compute);
  }
  run(ChooseSlots{plan.replicas, routing_, batch_.keys(moe), rows(), choices_,
                  loads_ + flat(moe, c.experts), batch_.replicas()},
      SpanName::Gate);
  if (weights.shared != nullptr)
    mlp(weights.shared, c.shared_width(), shared_sum_, SpanName::SharedExpert);
}

void DeviceMember::keep_offsets(int micro_batch, int layer, int slots) {
  shared_.launcher.queue().copy(offsets_ + offsets_at(micro_batch, layer - config().dense_layers),
                                moe_.arrived.offsets,
                                static_cast<std::size_t>(slots + 1) * sizeof(std::int32_t));
}

void DeviceMember::head(int micro_batch) {
  const ModelConfig& c = config();
  const int sampled = batch_.sampled();
  sampled_[static_cast<std::size_t>(micro_batch)] = sampled;
  if (sampled == 0) return;
  shared_.launcher.set_tokens(sampled);
  if (c.moe_layers() > 0) enter(c.layers);
  run(NormRows{x_, c.hidden, batch_.sampled_index(), sampled, c.hidden,
               shared_.model->final_norm.data, c.norm_eps, norm_},
      SpanName::Head);
  run(LinearRows{norm_, sampled, shared_.model->head,
                 logits_[static_cast<std::size_t>(micro_batch)]},
      SpanName::Head);
}

std::vector<float> DeviceMember::logits(int micro_batch) {
  const auto mb = static_cast<std::size_t>(micro_batch);
  return shared_.memory->values(logits_[mb], flat(sampled_[mb], config().vocab));
}

std::vector<std::uint32_t> DeviceMember::logical_loads(int moe_layer) {
  return shared_.memory->values(loads_ + flat(moe_layer, config().experts),
                                static_cast<std::size_t>(config().experts));
}

std::vector<std::int32_t> DeviceMember::offsets(int micro_batch, int moe_layer, int slots) {
  return shared_.memory->values(offsets_ + offsets_at(micro_batch, moe_layer),
                                static_cast<std::size_t>(slots + 1));
}

}  // namespace moescope::runtime
