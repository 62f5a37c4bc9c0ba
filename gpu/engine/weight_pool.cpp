#include "gpu/engine/weight_pool.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace moescope::runtime {

Digest digest(std::span<const std::byte> bytes) {
  Digest d{0x243F6A8885A308D3U ^ bytes.size(), 0x13198A2E03707344U};
  const auto take = [&](std::uint64_t word) {
    d.a = std::rotl((d.a ^ word) * 0x9E3779B97F4A7C15U, 29);
    d.b = (std::rotl(d.b, 37) + word) * 0xD6E8FEB86659FD93U;
  };
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, 8);
    take(word);
  }
  std::uint64_t rest = 0;
  if (i < bytes.size()) std::memcpy(&rest, bytes.data() + i, bytes.size() - i);
  take(rest);
  return d;
}

std::size_t WeightPool::bytes(int hidden, int width, int places) {
  return 3 * static_cast<std::size_t>(hidden) * static_cast<std::size_t>(width) *
         static_cast<std::size_t>(places) * sizeof(float);
}

WeightPool::WeightPool(int hidden, int width, int places, std::span<std::byte> memory)
    : hidden_(hidden),
      places_(places),
      place_floats_(3 * static_cast<std::size_t>(hidden) * static_cast<std::size_t>(width)),
      data_(reinterpret_cast<float*>(memory.data()), memory.size() / sizeof(float)) {}

void WeightPool::put(int place, const Mlp& mlp) {
  float* to = data_.data() + static_cast<std::size_t>(place) * place_floats_;
  for (const Matrix* matrix : {&mlp.gate, &mlp.up, &mlp.down})
    to = std::copy(matrix->data.begin(), matrix->data.end(), to);
}

MlpView WeightPool::view(int place, int width) const {
  const float* from = data_.data() + static_cast<std::size_t>(place) * place_floats_;
  const auto matrix = static_cast<std::ptrdiff_t>(width) * hidden_;
  return {
      {width, hidden_, from}, {width, hidden_, from + matrix}, {hidden_, width, from + 2 * matrix}};
}

}  // namespace moescope::runtime
