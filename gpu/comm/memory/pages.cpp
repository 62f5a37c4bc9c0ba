#include "gpu/comm/memory/pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace moescope::runtime {

Pages::Pages(std::size_t bytes) {
  if (bytes == 0) return;
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    throw std::runtime_error("no memory for a window of " + std::to_string(bytes) + " bytes");
  // Windows are touched sparsely: large pages would commit unused memory.
  ::madvise(memory, bytes, MADV_NOHUGEPAGE);
  memory_ = {static_cast<std::byte*>(memory), bytes};
}

Pages::~Pages() {
  if (!memory_.empty()) ::munmap(memory_.data(), memory_.size());
}

void Pages::give_back(std::span<std::byte> part) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(part.data());
  const std::uintptr_t first = (begin + page - 1) / page * page;
  const std::uintptr_t last = (begin + part.size()) / page * page;
  if (first < last) ::madvise(part.data() + (first - begin), last - first, MADV_DONTNEED);
}

}  // namespace moescope::runtime
