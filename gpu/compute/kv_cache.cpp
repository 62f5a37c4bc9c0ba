#include "gpu/compute/kv_cache.h"

namespace moescope::runtime {

KvCache::KvCache(const ModelConfig& config, int pages, int page_tokens)
    : layers_(config.layers),
      pages_(pages),
      page_tokens_(page_tokens),
      width_(config.kv_width()),
      data_(static_cast<std::size_t>(layers_) * pages * page_tokens * width_) {
  for (int page = pages - 1; page >= 0; --page) free_.push_back(page);
}

bool KvCache::reserve(KvSequence& sequence, int tokens) {
  const int missing = pages_for(tokens) - static_cast<int>(sequence.pages.size());
  if (missing > free_pages()) return false;
  for (int i = 0; i < missing; ++i) {
    sequence.pages.push_back(free_.back());
    free_.pop_back();
  }
  return true;
}

void KvCache::release(KvSequence& sequence) {
  free_.insert(free_.end(), sequence.pages.rbegin(), sequence.pages.rend());
  sequence = {};
}

}  // namespace moescope::runtime
