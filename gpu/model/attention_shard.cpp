#include "gpu/model/attention_shard.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace moescope::runtime {
namespace {

Matrix rows(const Matrix& m, int begin, int count) {
  return {count, m.cols, {m.row(begin), m.row(begin + count)}};
}

Matrix columns(const Matrix& m, int begin, int count) {
  Matrix part{m.rows, count, {}};
  part.data.reserve(static_cast<std::size_t>(m.rows) * static_cast<std::size_t>(count));
  for (int r = 0; r < m.rows; ++r)
    part.data.insert(part.data.end(), m.row(r) + begin, m.row(r) + begin + count);
  return part;
}

MlaWeights mla_shard(const ModelConfig& c, const MlaWeights& w, int heads, int first) {
  const int query = c.mla.nope_dim + c.mla.rope_dim, key_value = c.mla.nope_dim + c.mla.v_dim;
  MlaWeights part;
  part.q_a = w.q_a;
  part.q_a_norm = w.q_a_norm;
  part.q_b = rows(w.q_b, first * query, heads * query);
  part.kv_a = w.kv_a;
  part.kv_a_norm = w.kv_a_norm;
  part.kv_b = rows(w.kv_b, first * key_value, heads * key_value);
  part.o = columns(w.o, first * c.mla.v_dim, heads * c.mla.v_dim);
  return part;
}

GqaWeights gqa_shard(const ModelConfig& c, const GqaWeights& w, int heads, int first, int kv_heads,
                     int first_kv) {
  const int dim = c.gqa.head_dim;
  GqaWeights part;
  part.q = rows(w.q, first * dim, heads * dim);
  part.k = rows(w.k, first_kv * dim, kv_heads * dim);
  part.v = rows(w.v, first_kv * dim, kv_heads * dim);
  part.o = columns(w.o, first * dim, heads * dim);
  part.q_norm = w.q_norm;
  part.k_norm = w.k_norm;
  if (c.gqa.qk_norm == QkNorm::FullWidth) {
    part.q_norm = columns(w.q_norm, first * dim, heads * dim);
    part.k_norm = columns(w.k_norm, first_kv * dim, kv_heads * dim);
  }
  return part;
}

}  // namespace

ModelConfig attention_shard(const ModelConfig& config, int tp) {
  if (tp < 1 || config.heads % tp != 0)
    throw Error("layout", "--tp",
                fmt::format("{} attention heads cannot be split over {} ranks", config.heads, tp),
                "choose a number of ranks that divides the heads");
  ModelConfig part = config;
  part.heads = config.heads / tp;
  if (config.attention == AttentionKind::Mla) return part;
  const int kv_heads = config.gqa.kv_heads;
  if (kv_heads % tp != 0 && tp % kv_heads != 0)
    throw Error("layout", "--tp",
                fmt::format("{} heads of keys and values can neither be split over {} ranks nor "
                            "be copied evenly to them",
                            kv_heads, tp));
  part.gqa.kv_heads = std::max(kv_heads / tp, 1);
  return part;
}

int kv_copies(const ModelConfig& config, int tp) {
  if (config.attention == AttentionKind::Mla) return tp;
  return std::max(tp / config.gqa.kv_heads, 1);
}

LayerWeights attention_shard(const ModelConfig& config, const LayerWeights& layer, int tp,
                             int index) {
  const ModelConfig part = attention_shard(config, tp);
  const int first = index * part.heads;
  LayerWeights shard;
  if (config.attention == AttentionKind::Mla)
    shard.mla = mla_shard(config, layer.mla, part.heads, first);
  else
    shard.gqa = gqa_shard(config, layer.gqa, part.heads, first, part.gqa.kv_heads,
                          index / kv_copies(config, tp) * part.gqa.kv_heads);
  return shard;
}

}  // namespace moescope::runtime
