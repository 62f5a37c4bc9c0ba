#include "tests/unit/gpu/reference_model.h"

#include <algorithm>
#include <cmath>
#include <complex>

namespace moescope::runtime::test {
namespace {

using Vector = std::vector<double>;
using Vectors = std::vector<Vector>;

Vector times(const MatrixView& w, const Vector& x) {
  Vector y(static_cast<std::size_t>(w.rows));
  for (int r = 0; r < w.rows; ++r)
    for (int c = 0; c < w.cols; ++c) y[r] += static_cast<double>(w.row(r)[c]) * x[c];
  return y;
}

Vector normed(const Vector& x, const Matrix& weight, double eps) {
  double squares = 0;
  for (const double v : x) squares += v * v;
  Vector y = x;
  for (std::size_t i = 0; i < x.size(); ++i)
    y[i] = x[i] / std::sqrt(squares / static_cast<double>(x.size()) + eps) * weight.data[i];
  return y;
}

Vector mlp(const MlpView& w, const Vector& x) {
  Vector gate = times(w.gate, x);
  const Vector up = times(w.up, x);
  for (std::size_t i = 0; i < gate.size(); ++i) gate[i] *= up[i] / (1 + std::exp(-gate[i]));
  return times(w.down, gate);
}

double frequency(const Rope& rope, int i, int dim) {
  const double f = 1.0 / std::pow(rope.theta, 2.0 * i / dim);
  if (!rope.yarn) return f;
  const auto turns = [&](double beta) {
    return dim * std::log(rope.yarn->original_positions / (beta * 2 * M_PI)) /
           (2 * std::log(rope.theta));
  };
  const double from = std::max(0.0, std::floor(turns(rope.yarn->beta_fast)));
  const double to = std::min(dim - 1.0, std::ceil(turns(rope.yarn->beta_slow)));
  double share = (i - from) / (to == from ? 0.001 : to - from);
  share = std::min(1.0, std::max(0.0, share));
  return f * (1 - share) + f / rope.yarn->factor * share;
}

/// Rotates by multiplying complex numbers.
void rope(const Rope& r, Vector& v, std::size_t first, int dim, int position) {
  for (int i = 0; i < dim / 2; ++i) {
    const std::size_t a = first + (r.interleaved ? 2 * i : i);
    const std::size_t b = first + (r.interleaved ? 2 * i + 1 : i + dim / 2);
    const auto turned = std::complex(v[a], v[b]) * std::polar(r.yarn ? r.yarn->cos_sin_scale : 1.0,
                                                              position * frequency(r, i, dim));
    v[a] = turned.real();
    v[b] = turned.imag();
  }
}

/// Causal attention with explicit queries, keys and values: [position][head] -> vector.
Vector attend(const std::vector<Vectors>& q, const std::vector<Vectors>& k,
              const std::vector<Vectors>& v, std::size_t position, double scale) {
  Vector out;
  for (std::size_t h = 0; h < q[position].size(); ++h) {
    const std::size_t kv = h * k[position].size() / q[position].size();
    Vector p(position + 1);
    double sum = 0;
    for (std::size_t j = 0; j <= position; ++j) {
      double score = 0;
      for (std::size_t d = 0; d < q[position][h].size(); ++d)
        score += q[position][h][d] * k[j][kv][d];
      sum += p[j] = std::exp(score * scale);
    }
    Vector head(v[0][kv].size());
    for (std::size_t j = 0; j <= position; ++j)
      for (std::size_t d = 0; d < head.size(); ++d) head[d] += p[j] / sum * v[j][kv][d];
    out.insert(out.end(), head.begin(), head.end());
  }
  return out;
}

Vector slice(const Vector& v, std::size_t begin, std::size_t count) {
  return {v.begin() + static_cast<std::ptrdiff_t>(begin),
          v.begin() + static_cast<std::ptrdiff_t>(begin + count)};
}

Vectors mla(const ModelConfig& c, const MlaWeights& w, const Vectors& x) {
  const std::size_t nope = c.mla.nope_dim, turn = c.mla.rope_dim, width = c.mla.v_dim;
  std::vector<Vectors> q, k, v;
  for (std::size_t t = 0; t < x.size(); ++t) {
    const Vector query = c.mla.q_rank > 0
                             ? times(w.q_b, normed(times(w.q_a, x[t]), w.q_a_norm, 1e-6))
                             : times(w.q_b, x[t]);
    const Vector down = times(w.kv_a, x[t]);
    Vector shared_key = slice(down, c.mla.kv_rank, turn);
    rope(c.rope, shared_key, 0, c.mla.rope_dim, static_cast<int>(t));
    const Vector up = times(w.kv_b, normed(slice(down, 0, c.mla.kv_rank), w.kv_a_norm, 1e-6));
    q.emplace_back();
    k.emplace_back();
    v.emplace_back();
    for (std::size_t h = 0; h < static_cast<std::size_t>(c.heads); ++h) {
      Vector head = slice(query, h * (nope + turn), nope + turn);
      rope(c.rope, head, nope, c.mla.rope_dim, static_cast<int>(t));
      q.back().push_back(head);
      Vector key = slice(up, h * (nope + width), nope);
      key.insert(key.end(), shared_key.begin(), shared_key.end());
      k.back().push_back(key);
      v.back().push_back(slice(up, h * (nope + width) + nope, width));
    }
  }
  double scale = 1 / std::sqrt(static_cast<double>(nope + turn));
  if (c.rope.yarn) scale *= c.rope.yarn->softmax_scale;
  Vectors out;
  for (std::size_t t = 0; t < x.size(); ++t) out.push_back(times(w.o, attend(q, k, v, t, scale)));
  return out;
}

/// Heads of one projection, normalised, clipped, rotated as asked.
Vectors heads_of(const ModelConfig& c, Vector flat, const Matrix* norm, bool turn, int position) {
  const std::size_t dim = c.gqa.head_dim;
  if (norm != nullptr && c.gqa.qk_norm == QkNorm::FullWidth) flat = normed(flat, *norm, c.norm_eps);
  Vectors heads;
  for (std::size_t h = 0; h < flat.size() / dim; ++h) {
    Vector head = slice(flat, h * dim, dim);
    if (norm != nullptr && c.gqa.qk_norm == QkNorm::PerHead) head = normed(head, *norm, c.norm_eps);
    if (c.gqa.clip > 0)
      for (double& value : head) value = std::min(c.gqa.clip, std::max(-c.gqa.clip, value));
    if (turn) rope(c.rope, head, 0, c.gqa.head_dim, position);
    heads.push_back(head);
  }
  return heads;
}

Vectors gqa(const ModelConfig& c, const GqaWeights& w, const Vectors& x) {
  std::vector<Vectors> q, k, v;
  for (std::size_t t = 0; t < x.size(); ++t) {
    q.push_back(heads_of(c, times(w.q, x[t]), &w.q_norm, true, static_cast<int>(t)));
    k.push_back(heads_of(c, times(w.k, x[t]), &w.k_norm, true, static_cast<int>(t)));
    v.push_back(heads_of(c, times(w.v, x[t]), nullptr, false, static_cast<int>(t)));
  }
  Vectors out;
  for (std::size_t t = 0; t < x.size(); ++t)
    out.push_back(times(w.o, attend(q, k, v, t, 1 / std::sqrt(c.gqa.head_dim))));
  return out;
}

/// Experts and weights: repeatedly takes the best that is left.
std::vector<std::pair<int, double>> route(const ModelConfig& c, const LayerWeights& w,
                                          const Vector& x) {
  Vector score = times(w.router, x);
  double sum = 0;
  for (double& s : score) {
    s = c.gate.scoring == Scoring::Sigmoid ? 1 / (1 + std::exp(-s)) : std::exp(s);
    sum += s;
  }
  if (c.gate.scoring == Scoring::Softmax)
    for (double& s : score) s /= sum;
  const auto biased = [&](int e) { return score[e] + (c.gate.bias ? w.router_bias.data[e] : 0); };
  const int size = c.experts / c.gate.groups;
  std::vector<std::pair<double, int>> groups;
  for (int g = 0; g < c.gate.groups; ++g) {
    Vector in_group;
    for (int e = g * size; e < (g + 1) * size; ++e) in_group.push_back(biased(e));
    std::sort(in_group.rbegin(), in_group.rend());
    groups.emplace_back(
        -(c.gate.group_score == GroupScore::Max ? in_group[0] : in_group[0] + in_group[1]), g);
  }
  std::sort(groups.begin(), groups.end());
  std::vector<std::pair<double, int>> candidates;
  for (int i = 0; i < c.gate.top_groups; ++i)
    for (int e = groups[i].second * size; e < (groups[i].second + 1) * size; ++e)
      candidates.emplace_back(-biased(e), e);
  std::sort(candidates.begin(), candidates.end());
  std::vector<std::pair<int, double>> chosen;
  double total = 0;
  for (int i = 0; i < c.top_k; ++i) {
    chosen.emplace_back(candidates[i].second, score[candidates[i].second]);
    total += chosen.back().second;
  }
  for (auto& [expert, weight] : chosen) weight *= c.gate.scale / (c.gate.normalise ? total : 1);
  return chosen;
}

}  // namespace

ReferenceResult reference_forward(const Model& model, const std::vector<int>& tokens) {
  const ModelConfig& c = model.config;
  ReferenceResult result;
  Vectors x;
  for (const int token : tokens)
    x.emplace_back(model.weights.embedding.row(token),
                   model.weights.embedding.row(token) + c.hidden);
  for (const LayerWeights& w : model.weights.layers) {
    Vectors in;
    for (const Vector& row : x) in.push_back(normed(row, w.attention_norm, c.norm_eps));
    const Vectors attention =
        c.attention == AttentionKind::Mla ? mla(c, w.mla, in) : gqa(c, w.gqa, in);
    if (w.moe) result.chosen.emplace_back();
    for (std::size_t t = 0; t < x.size(); ++t) {
      for (int i = 0; i < c.hidden; ++i) x[t][i] += attention[t][i];
      const Vector h = normed(x[t], w.mlp_norm, c.norm_eps);
      Vector y(h.size());
      const auto add = [&](const Vector& part, double weight) {
        for (std::size_t i = 0; i < y.size(); ++i) y[i] += weight * part[i];
      };
      if (!w.moe) {
        add(mlp(w.dense, h), 1);
      } else {
        result.chosen.back().emplace_back();
        for (const auto& [expert, weight] : route(c, w, h)) {
          add(mlp(w.experts[expert], h), weight);
          result.chosen.back().back().insert(expert);
        }
        if (c.shared_experts > 0) add(mlp(w.shared, h), 1);
      }
      for (int i = 0; i < c.hidden; ++i) x[t][i] += y[i];
    }
  }
  for (const Vector& row : x)
    result.logits.push_back(
        times(model.weights.output_head(), normed(row, model.weights.final_norm, c.norm_eps)));
  return result;
}

}  // namespace moescope::runtime::test
