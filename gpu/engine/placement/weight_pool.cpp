#include "gpu/engine/placement/weight_pool.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "gpu/comm/memory/pages.h"

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
      place_floats_(3 * static_cast<std::size_t>(hidden) * static_cast<std::size_t>(width)),
      data_(reinterpret_cast<float*>(memory.data()), memory.size() / sizeof(float)) {
  for (int place = 0; place < places; ++place) where_.push_back(own(place));
}

std::span<std::byte> WeightPool::bytes(int place) {
  where_[static_cast<std::size_t>(place)] = own(place);
  return memory().subspan(offset(place), place_bytes());
}

void WeightPool::put(int place, const Mlp& mlp) {
  const auto from = std::as_bytes(std::span(mlp.data));
  std::copy(from.begin(), from.end(), bytes(place).begin());
}

void WeightPool::share(int place, const Mlp& mlp) {
  where_[static_cast<std::size_t>(place)] = mlp.data.data();
  Pages::give_back(memory().subspan(offset(place), place_bytes()));
}

std::span<const std::byte> WeightPool::content(int place, std::size_t bytes) const {
  return {reinterpret_cast<const std::byte*>(where_[static_cast<std::size_t>(place)]), bytes};
}

MlpView WeightPool::view(int place, int width) const {
  return {width, hidden_, where_[static_cast<std::size_t>(place)]};
}

}  // namespace moescope::runtime
