#include "gpu/compute/cpu/attention.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "gpu/compute/cpu/kernels.h"

namespace moescope::runtime::cpu {
namespace {

/// DeepSeek normalises its latents with this epsilon, whatever rms_norm_eps is.
constexpr double kLatentEps = 1e-6;

std::size_t at(int row, int width) {
  return static_cast<std::size_t>(row) * static_cast<std::size_t>(width);
}

void rotate(float* v, const RopeTable& rope, int position, bool interleaved) {
  const float* cos = rope.cos(position);
  const float* sin = rope.sin(position);
  const int half = rope.half();
  for (int i = 0; i < half; ++i) {
    float& a = interleaved ? v[2 * i] : v[i];
    float& b = interleaved ? v[2 * i + 1] : v[i + half];
    const float x = a * cos[i] - b * sin[i];
    b = b * cos[i] + a * sin[i];
    a = x;
  }
}

void project(const float* x, int rows, const Matrix& w, std::vector<float>& y, Team& team) {
  y.resize(at(rows, w.rows));
  team.split(rows, [&](int begin, int end) { linear(x, begin, end, w, y.data()); });
}

void normalise(std::vector<float>& x, int rows, int stride, int n, const Matrix& w, double eps) {
  std::vector<float> out(static_cast<std::size_t>(n));
  for (int r = 0; r < rows; ++r) {
    rms_norm(x.data() + at(r, stride), n, w.data.data(), eps, out.data());
    std::copy(out.begin(), out.end(), x.begin() + static_cast<std::ptrdiff_t>(at(r, stride)));
  }
}

/// One query head in the space of the cached latents: the key projection is absorbed into the
/// query and the value projection into the output (DeepSeek-V2, section 2.1.2).
class MlaHead {
 public:
  MlaHead(const ModelConfig& config, const MlaWeights& weights)
      : c_(config),
        m_(config.mla),
        w_(weights),
        query_(at(1, config.kv_width())),
        latent_(at(1, config.mla.kv_rank)) {}

  /// `q` is nope then rope (already rotated); writes v_dim numbers.
  void run(int head, const float* q, int layer, const TokenRow& row, KvCache& cache, float* out) {
    const int first = head * (m_.nope_dim + m_.v_dim);
    std::fill(query_.begin(), query_.end(), 0.0F);
    for (int d = 0; d < m_.nope_dim; ++d)
      add_scaled(q[d], w_.kv_b.row(first + d), m_.kv_rank, query_.data());
    std::copy(q + m_.nope_dim, q + m_.nope_dim + m_.rope_dim, query_.data() + m_.kv_rank);
    const int count = row.position + 1;
    scores_.resize(static_cast<std::size_t>(count));
    const auto scale = static_cast<float>(c_.softmax_scale());
    for (int j = 0; j < count; ++j)
      scores_[static_cast<std::size_t>(j)] =
          dot(query_.data(), cache.token(layer, *row.sequence, j), c_.kv_width()) * scale;
    softmax(scores_.data(), count);
    std::fill(latent_.begin(), latent_.end(), 0.0F);
    for (int j = 0; j < count; ++j)
      add_scaled(scores_[static_cast<std::size_t>(j)], cache.token(layer, *row.sequence, j),
                 m_.kv_rank, latent_.data());
    for (int d = 0; d < m_.v_dim; ++d)
      out[d] = dot(w_.kv_b.row(first + m_.nope_dim + d), latent_.data(), m_.kv_rank);
  }

 private:
  const ModelConfig& c_;
  const MlaShape& m_;
  const MlaWeights& w_;
  std::vector<float> query_, latent_, scores_;
};

/// Normalises q and k over the heads of all ranks: x / sqrt(mean of all squares + eps) * weight.
void normalise_over_ranks(const ModelConfig& c, const GqaWeights& w, int rows,
                          std::vector<float>& q, std::vector<float>& k, HeadPeers& peers) {
  const int width[2] = {w.q.rows, w.k.rows};
  std::vector<float> squares(at(rows, 2));
  for (int r = 0; r < rows; ++r) {
    const float* queries = q.data() + at(r, width[0]);
    const float* keys = k.data() + at(r, width[1]);
    squares[at(r, 2)] = dot(queries, queries, width[0]);
    if (peers.first_copy()) squares[at(r, 2) + 1] = dot(keys, keys, width[1]);
  }
  peers.sum(squares);
  const int all[2] = {width[0] * peers.ranks(), width[1] * peers.ranks() / peers.kv_copies()};
  const float* weights[2] = {w.q_norm.data.data(), w.k_norm.data.data()};
  for (int r = 0; r < rows; ++r)
    for (std::size_t part = 0; part < 2; ++part) {
      const double mean = static_cast<double>(squares[at(r, 2) + part]) / all[part];
      const auto factor = static_cast<float>(1.0 / std::sqrt(mean + c.norm_eps));
      float* row = (part == 0 ? q : k).data() + at(r, width[part]);
      for (int i = 0; i < width[part]; ++i) row[i] *= factor * weights[part][i];
    }
}

/// The norms of q and k that the model asks for.
void normalise_heads(const ModelConfig& c, const GqaWeights& w, int rows, std::vector<float>& q,
                     std::vector<float>& k, HeadPeers* peers) {
  const int dim = c.gqa.head_dim, heads = c.heads, kv_heads = c.gqa.kv_heads;
  if (c.gqa.qk_norm == QkNorm::PerHead) {
    normalise(q, rows * heads, dim, dim, w.q_norm, c.norm_eps);
    normalise(k, rows * kv_heads, dim, dim, w.k_norm, c.norm_eps);
  } else if (c.gqa.qk_norm == QkNorm::FullWidth && peers == nullptr) {
    normalise(q, rows, heads * dim, heads * dim, w.q_norm, c.norm_eps);
    normalise(k, rows, kv_heads * dim, kv_heads * dim, w.k_norm, c.norm_eps);
  } else if (c.gqa.qk_norm == QkNorm::FullWidth) {
    normalise_over_ranks(c, w, rows, q, k, *peers);
  }
}

/// Keys and values of GQA rows, rotated and written into the cache.
void store_gqa(const ModelConfig& c, int layer, std::vector<float>& k, std::vector<float>& v,
               std::span<const TokenRow> rows, const RopeTable& rope, KvCache& cache) {
  const int dim = c.gqa.head_dim, width = c.gqa.kv_heads * dim, n = static_cast<int>(rows.size());
  if (c.gqa.clip > 0)
    for (auto* values : {&k, &v})
      for (float& value : *values)
        value = std::clamp(value, -static_cast<float>(c.gqa.clip), static_cast<float>(c.gqa.clip));
  for (int r = 0; r < n; ++r) {
    const TokenRow& row = rows[static_cast<std::size_t>(r)];
    float* key = k.data() + at(r, width);
    for (int h = 0; h < c.gqa.kv_heads; ++h)
      rotate(key + at(h, dim), rope, row.position, c.rope.interleaved);
    float* place = cache.token(layer, *row.sequence, row.position);
    std::copy(key, key + width, place);
    std::copy_n(v.data() + at(r, width), width, place + width);
  }
}

void gqa_head(const ModelConfig& c, int head, const float* q, int layer, const TokenRow& row,
              KvCache& cache, std::vector<float>& scores, float* out) {
  const int dim = c.gqa.head_dim, kv_head = head / (c.heads / c.gqa.kv_heads);
  const std::size_t key = at(kv_head, dim), value = key + at(c.gqa.kv_heads, dim);
  const int count = row.position + 1;
  scores.resize(static_cast<std::size_t>(count));
  const auto scale = static_cast<float>(c.softmax_scale());
  for (int j = 0; j < count; ++j)
    scores[static_cast<std::size_t>(j)] =
        dot(q, cache.token(layer, *row.sequence, j) + key, dim) * scale;
  softmax(scores.data(), count);
  std::fill_n(out, dim, 0.0F);
  for (int j = 0; j < count; ++j)
    add_scaled(scores[static_cast<std::size_t>(j)], cache.token(layer, *row.sequence, j) + value,
               dim, out);
}

}  // namespace

void mla_attention(const ModelConfig& c, const MlaWeights& w, int layer, const float* x,
                   std::span<const TokenRow> rows, const RopeTable& rope, KvCache& cache, float* y,
                   Team& team) {
  const MlaShape& m = c.mla;
  const int n = static_cast<int>(rows.size()), head_width = m.nope_dim + m.rope_dim;
  std::vector<float> compressed, q, kv, heads(at(n, c.heads * m.v_dim));
  if (m.q_rank > 0) {
    project(x, n, w.q_a, compressed, team);
    normalise(compressed, n, m.q_rank, m.q_rank, w.q_a_norm, kLatentEps);
    project(compressed.data(), n, w.q_b, q, team);
  } else {
    project(x, n, w.q_b, q, team);
  }
  project(x, n, w.kv_a, kv, team);
  normalise(kv, n, c.kv_width(), m.kv_rank, w.kv_a_norm, kLatentEps);
  for (int r = 0; r < n; ++r) {
    const TokenRow& row = rows[static_cast<std::size_t>(r)];
    rotate(kv.data() + at(r, c.kv_width()) + m.kv_rank, rope, row.position, c.rope.interleaved);
    std::copy_n(kv.data() + at(r, c.kv_width()), c.kv_width(),
                cache.token(layer, *row.sequence, row.position));
  }
  team.split(n, [&](int begin, int end) {
    MlaHead attention(c, w);
    for (int r = begin; r < end; ++r)
      for (int h = 0; h < c.heads; ++h) {
        const TokenRow& row = rows[static_cast<std::size_t>(r)];
        float* query = q.data() + at(r, c.heads * head_width) + at(h, head_width);
        rotate(query + m.nope_dim, rope, row.position, c.rope.interleaved);
        attention.run(h, query, layer, row, cache,
                      heads.data() + at(r, c.heads * m.v_dim) + at(h, m.v_dim));
      }
    linear(heads.data(), begin, end, w.o, y);
  });
}

void gqa_attention(const ModelConfig& c, const GqaWeights& w, int layer, const float* x,
                   std::span<const TokenRow> rows, const RopeTable& rope, KvCache& cache, float* y,
                   HeadPeers* peers, Team& team) {
  const int n = static_cast<int>(rows.size()), dim = c.gqa.head_dim, width = c.heads * dim;
  std::vector<float> q, k, v, heads(at(n, width));
  project(x, n, w.q, q, team);
  project(x, n, w.k, k, team);
  project(x, n, w.v, v, team);
  normalise_heads(c, w, n, q, k, peers);
  store_gqa(c, layer, k, v, rows, rope, cache);
  if (c.gqa.clip > 0)
    for (float& value : q)
      value = std::clamp(value, -static_cast<float>(c.gqa.clip), static_cast<float>(c.gqa.clip));
  team.split(n, [&](int begin, int end) {
    std::vector<float> scores;
    for (int r = begin; r < end; ++r)
      for (int h = 0; h < c.heads; ++h) {
        const TokenRow& row = rows[static_cast<std::size_t>(r)];
        float* query = q.data() + at(r, width) + at(h, dim);
        rotate(query, rope, row.position, c.rope.interleaved);
        gqa_head(c, h, query, layer, row, cache, scores, heads.data() + at(r, width) + at(h, dim));
      }
    linear(heads.data(), begin, end, w.o, y);
  });
}

}  // namespace moescope::runtime::cpu
