// Paged cache of what attention keeps of earlier tokens, and the book of its pages.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "gpu/model/config.h"

namespace moescope::runtime {

/// The pages that hold one sequence, in order; the same pages in every layer.
struct KvSequence {
  std::vector<int> pages;
  int length = 0;  ///< tokens that are written
};

/// Which pages are taken, independent of their content.
class PageBook {
 public:
  explicit PageBook(int pages);

  /// Takes pages until `sequence` can hold `tokens`; false (and nothing taken) when too few are
  /// free.
  bool reserve(KvSequence& sequence, int tokens);
  void release(KvSequence& sequence);
  int free_pages() const { return static_cast<int>(free_.size()); }
  static int page_tokens() { return kPageTokens; }
  static int pages_for(int tokens) { return (tokens + kPageTokens - 1) / kPageTokens; }

 protected:
  static constexpr int kPageTokens = 16;

 private:
  std::vector<int> free_;
};

/// Memory of one rank: [layer][page][token][kv_width] floats. For MLA a token holds the normalised
/// latent and the rotated key; for GQA the keys of all heads, then the values.
class KvCache : public PageBook {
 public:
  KvCache(const ModelConfig& config, int pages);
  /// In memory of bytes(), zeroed.
  KvCache(const ModelConfig& config, int pages, std::span<std::byte> memory);
  static std::size_t bytes(const ModelConfig& config, int pages);

  int width() const { return width_; }
  float* token(int layer, const KvSequence& sequence, int position) {
    return page(layer, sequence.pages[static_cast<std::size_t>(position / kPageTokens)]) +
           static_cast<std::size_t>(position % kPageTokens) * width_;
  }
  /// A whole page: page_tokens * width floats.
  float* page(int layer, int page) {
    return data_.data() + (static_cast<std::size_t>(layer) * pages_ + page) * kPageTokens * width_;
  }
  std::span<std::byte> memory() { return std::as_writable_bytes(data_); }
  std::size_t page_floats() const { return static_cast<std::size_t>(kPageTokens) * width_; }
  int layers() const { return layers_; }

 private:
  int layers_, pages_, width_;
  std::vector<float> own_;
  std::span<float> data_;
};

}  // namespace moescope::runtime
