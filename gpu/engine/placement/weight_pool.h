// Expert weights of one rank, in places of equal size that any expert of any layer may take. A plan
// change fills spare places; places in use are never overwritten. A place holds its expert in
// memory of its own, or refers to the copy that all ranks of a process share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gpu/model/weights.h"

namespace moescope::runtime {

/// 128-bit checksum that detects damaged weights (not a protection against malice).
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

  int places() const { return static_cast<int>(where_.size()); }
  std::size_t place_bytes() const { return place_floats_ * sizeof(float); }
  std::size_t offset(int place) const { return static_cast<std::size_t>(place) * place_bytes(); }
  std::span<std::byte> memory() { return std::as_writable_bytes(data_); }
  /// The place's own memory, to be filled; from now on the place holds what is there.
  std::span<std::byte> bytes(int place);
  /// Copies an expert into the place's own memory.
  void put(int place, const Mlp& mlp);
  /// The place holds an expert that all ranks of this process share and nobody changes; its own
  /// memory is given back. `mlp` outlives the pool.
  void share(int place, const Mlp& mlp);
  bool shared(int place) const { return where_[static_cast<std::size_t>(place)] != own(place); }
  /// What a place holds.
  std::span<const std::byte> content(int place, std::size_t bytes) const;
  /// The expert of `width` in a place.
  MlpView view(int place, int width) const;

 private:
  const float* own(int place) const {
    return data_.data() + static_cast<std::size_t>(place) * place_floats_;
  }

  int hidden_;
  std::size_t place_floats_;
  std::span<float> data_;
  std::vector<const float*> where_;  ///< by place: its own memory, or an expert that is shared
};

}  // namespace moescope::runtime
