// Expert weights of one rank, in places of equal size that any expert of any layer may take. A plan
// change fills spare places; nothing that is in use is ever overwritten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gpu/model/weights.h"

namespace moescope::runtime {

/// 128 bits that tell damaged weights from sound ones (not a protection against malice).
struct Digest {
  std::uint64_t a = 0, b = 0;
  friend bool operator==(const Digest&, const Digest&) = default;
};
Digest digest(std::span<const std::byte> bytes);

class WeightPool {
 public:
  /// `hidden` and the widest expert decide the size of a place.
  /// In zeroed memory of bytes().
  WeightPool(int hidden, int width, int places, std::span<std::byte> memory);
  static std::size_t bytes(int hidden, int width, int places);

  int places() const { return places_; }
  std::size_t place_bytes() const { return place_floats_ * sizeof(float); }
  std::size_t offset(int place) const { return static_cast<std::size_t>(place) * place_bytes(); }
  std::span<std::byte> memory() { return std::as_writable_bytes(data_); }
  std::span<std::byte> bytes(int place) { return memory().subspan(offset(place), place_bytes()); }
  void put(int place, const Mlp& mlp);
  /// The expert of `width` in a place.
  MlpView view(int place, int width) const;

 private:
  int hidden_, places_;
  std::size_t place_floats_;
  std::span<float> data_;
};

}  // namespace moescope::runtime
