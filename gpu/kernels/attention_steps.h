// Attention over a paged cache, as kernels; a worker has a query head of a row. See
// transformer_steps.h.
#pragma once

#include "gpu/kernels/transformer_steps.h"

namespace moescope::runtime {

/// Rows of a batch: where they are in their sequences and which pages these have.
struct BatchView {
  int rows = 0;
  const std::int32_t* positions = nullptr;
  const std::int32_t* pages = nullptr;       ///< of all sequences
  const std::int32_t* first_page = nullptr;  ///< of every row, in `pages`
};

/// One layer of a rank's cache: [page][token][width].
struct CacheView {
  float* data = nullptr;
  int page_tokens = 0, width = 0;

  MOESCOPE_LANES float* token(const BatchView& batch, int row, int position) const {
    const int page = batch.pages[batch.first_page[row] + position / page_tokens];
    return data + flat(page * page_tokens + position % page_tokens, width);
  }
};

/// Rotates parts of `heads` heads of every row by the row's position (rope).
struct RotateRows {
  BatchView batch;
  float* x = nullptr;
  int stride = 0;                             ///< from row to row
  int heads = 1, head_stride = 0, first = 0;  ///< the part of a head begins at `first`
  int half = 0;
  const float *cos = nullptr, *sin = nullptr;  ///< [position][half]
  bool interleaved = false;

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    for (int job = share.first; job < batch.rows * heads; job += share.step) {
      const int row = job / heads;
      float* v = x + flat(row, stride) + flat(job % heads, head_stride) + first;
      const float* c = cos + flat(batch.positions[row], half);
      const float* s = sin + flat(batch.positions[row], half);
      for (int i = lanes.lane(); i < half; i += lanes.width()) {
        float& a = interleaved ? v[2 * i] : v[i];
        float& b = interleaved ? v[2 * i + 1] : v[i + half];
        const float turned = a * c[i] - b * s[i];
        b = b * c[i] + a * s[i];
        a = turned;
      }
    }
  }
};

/// x = clamp(x, -most, most).
struct ClampRows {
  float* x = nullptr;
  int rows = 0, width = 0;
  float most = 0;

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    for_outputs(lanes, share, rows, width, [&](int row, int i) {
      float& value = x[flat(row, width) + static_cast<std::size_t>(i)];
      value = value < -most ? -most : value > most ? most : value;
    });
  }
};

/// Writes rows into the cache, from number `first` of a token on.
struct StoreRows {
  BatchView batch;
  CacheView cache;
  const float* x = nullptr;  ///< [row][width]
  int width = 0, first = 0;

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    for_outputs(lanes, share, batch.rows, width, [&](int row, int i) {
      cache.token(batch, row, batch.positions[row])[first + i] =
          x[flat(row, width) + static_cast<std::size_t>(i)];
    });
  }
};

/// scores = softmax(scale * query . keys), over all positions up to the row's.
template <typename Lanes>
MOESCOPE_LANES void score_positions(const Lanes& lanes, const BatchView& batch,
                                    const CacheView& cache, int row, int first, int width,
                                    float scale, const float* query, float* scores) {
  const int count = batch.positions[row] + 1;
  lanes.project_each(
      query, width, count, [&](int j) { return cache.token(batch, row, j) + first; }, scores);
  lanes.sync();
  for (int j = lanes.lane(); j < count; j += lanes.width()) scores[j] *= scale;
  softmax_row(lanes, scores, count);
}

/// out = the sum of what the cache holds from `first` on, weighted by `scores`, by position.
template <typename Lanes>
MOESCOPE_LANES void sum_positions(const Lanes& lanes, const BatchView& batch,
                                  const CacheView& cache, int row, int first, int width,
                                  const float* scores, float* out) {
  for (int i = lanes.lane(); i < width; i += lanes.width()) {
    float sum = 0;
    for (int j = 0; j <= batch.positions[row]; ++j)
      sum += scores[j] * cache.token(batch, row, j)[first + i];
    out[i] = sum;
  }
}

/// MLA in the space of the cached latents: the key projection is absorbed into the query and the
/// value projection into the output (DeepSeek-V2, section 2.1.2).
struct MlaRows {
  BatchView batch;
  CacheView cache;
  int heads = 0, kv_rank = 0, nope = 0, rope = 0, value = 0;
  float scale = 1;
  const float* q = nullptr;     ///< [row][head][nope + rope], rotated
  const float* kv_b = nullptr;  ///< [head][nope + value][kv_rank]
  float* scratch = nullptr;     ///< scratch_floats() for each worker
  int most_positions = 0;
  float* out = nullptr;  ///< [row][head][value]

  MOESCOPE_SHARED int scratch_floats() const { return 2 * kv_rank + rope + most_positions; }

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    float* query = scratch + flat(share.first, scratch_floats());
    float* latent = query + kv_rank + rope;
    float* scores = latent + kv_rank;
    for (int job = share.first; job < batch.rows * heads; job += share.step) {
      const int row = job / heads, head = job % heads;
      const float* weights = kv_b + flat(head * (nope + value), kv_rank);
      absorb(lanes, q + flat(job, nope + rope), weights, query);
      lanes.sync();
      score_positions(lanes, batch, cache, row, 0, kv_rank + rope, scale, query, scores);
      sum_positions(lanes, batch, cache, row, 0, kv_rank, scores, latent);
      lanes.sync();
      lanes.project(latent, weights + flat(nope, kv_rank), kv_rank, value, out + flat(job, value));
    }
  }

 private:
  template <typename Lanes>
  MOESCOPE_LANES void absorb(const Lanes& lanes, const float* head, const float* weights,
                             float* query) const {
    for (int i = lanes.lane(); i < kv_rank; i += lanes.width()) {
      float sum = 0;
      for (int d = 0; d < nope; ++d)
        sum += head[d] * weights[flat(d, kv_rank) + static_cast<std::size_t>(i)];
      query[i] = sum;
    }
    for (int i = lanes.lane(); i < rope; i += lanes.width()) query[kv_rank + i] = head[nope + i];
  }
};

/// Attention whose query heads share heads of keys and values (GQA); a token of the cache has the
/// keys of all heads, then the values.
struct GqaRows {
  BatchView batch;
  CacheView cache;
  int heads = 0, kv_heads = 0, dim = 0;
  float scale = 1;
  const float* q = nullptr;  ///< [row][head][dim], rotated
  float* scratch = nullptr;  ///< most_positions for each worker
  int most_positions = 0;
  float* out = nullptr;  ///< as q

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    float* scores = scratch + flat(share.first, most_positions);
    for (int job = share.first; job < batch.rows * heads; job += share.step) {
      const int row = job / heads, key = job % heads / (heads / kv_heads) * dim;
      score_positions(lanes, batch, cache, row, key, dim, scale, q + flat(job, dim), scores);
      sum_positions(lanes, batch, cache, row, kv_heads * dim + key, dim, scores,
                    out + flat(job, dim));
      lanes.sync();  // all have read the scores
    }
  }
};

}  // namespace moescope::runtime
