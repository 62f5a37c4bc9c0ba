#include "gpu/compute/kv_cache.h"

namespace moescope::runtime {

std::size_t KvCache::bytes(const ModelConfig& config, int pages) {
  return static_cast<std::size_t>(config.layers) * static_cast<std::size_t>(pages) * kPageTokens *
         static_cast<std::size_t>(config.kv_width()) * sizeof(float);
}

KvCache::KvCache(const ModelConfig& config, int pages) : KvCache(config, pages, {}) {
  own_.resize(bytes(config, pages) / sizeof(float));
  data_ = own_;
}

KvCache::KvCache(const ModelConfig& config, int pages, std::span<std::byte> memory)
    : PageBook(pages),
      layers_(config.layers),
      pages_(pages),
      width_(config.kv_width()),
      data_(reinterpret_cast<float*>(memory.data()), memory.size() / sizeof(float)) {}

PageBook::PageBook(int pages) {
  for (int page = pages - 1; page >= 0; --page) free_.push_back(page);
}

bool PageBook::reserve(KvSequence& sequence, int tokens) {
  const int missing = pages_for(tokens) - static_cast<int>(sequence.pages.size());
  if (missing > free_pages()) return false;
  for (int i = 0; i < missing; ++i) {
    sequence.pages.push_back(free_.back());
    free_.pop_back();
  }
  return true;
}

void PageBook::release(KvSequence& sequence) {
  free_.insert(free_.end(), sequence.pages.rbegin(), sequence.pages.rend());
  sequence = {};
}

}  // namespace moescope::runtime
