// Keys and values of a unit, in a window of the address space that all processes see.
#include "gpu/engine/cpu/cpu_unit.h"

namespace moescope::runtime {

/// Of the first rank of the group: the others hold the same pages.
PageBook& CpuUnit::pages(int attention_group) {
  return *caches_[static_cast<std::size_t>(first_member(attention_group))];
}

std::size_t CpuUnit::page_bytes() const {
  return caches_.front()->page_floats() * sizeof(float);
}

std::vector<Place> CpuUnit::page_places(int member, const KvSequence& sequence) {
  KvCache& cache = *caches_[static_cast<std::size_t>(member)];
  std::vector<Place> places;
  for (int layer = 0; layer < cache.layers(); ++layer)
    for (const int page : sequence.pages) {
      const auto* bytes = reinterpret_cast<const std::byte*>(cache.page(layer, page));
      places.push_back({shared_.group.first + member, kv_window_,
                        static_cast<std::size_t>(bytes - cache.memory().data())});
    }
  return places;
}

void CpuUnit::fetch_pages(int member, const KvSequence& sequence, std::span<const Place> from) {
  KvCache& cache = *caches_[static_cast<std::size_t>(member)];
  const std::size_t pages = from.size() / static_cast<std::size_t>(cache.layers());
  for (std::size_t i = 0; i < from.size(); ++i) {
    auto* page = reinterpret_cast<std::byte*>(
        cache.page(static_cast<int>(i / pages), sequence.pages[i % pages]));
    shared_.space->read(shared_.group.first + member, from[i], {page, page_bytes()},
                        Purpose::KvCache);
  }
}

}  // namespace moescope::runtime
