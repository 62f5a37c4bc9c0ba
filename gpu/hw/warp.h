// The lanes of a warp. OneLane in gpu/base/device_code.h has the same members and says what they
// mean.
#pragma once

#include "gpu/hw/operations.h"

namespace moescope::runtime::hw {

struct Warp {
  static constexpr int kLanes = 32;

  MOESCOPE_LANES int lane() const { return thread() % kLanes; }
  MOESCOPE_LANES int width() const { return kLanes; }
  MOESCOPE_LANES void sync(Site site = MOESCOPE_HERE) const { sync_warp(site); }
  MOESCOPE_LANES float max(float value) const {
    for (int step = kLanes / 2; step > 0; step /= 2) {
      const float other = shuffle_xor(value, step);
      if (value < other) value = other;
    }
    return value;
  }
  MOESCOPE_LANES Ranked first(Ranked value) const {
    for (int step = kLanes / 2; step > 0; step /= 2) {
      const Ranked other{shuffle_xor(value.score, step), shuffle_xor(value.index, step)};
      if (before(other, value)) value = other;
    }
    return value;
  }
  MOESCOPE_LANES int prefix(int value, int& total) const {
    int sum = value;
    for (int step = 1; step < kLanes; step *= 2) {
      const int other = shuffle_up(sum, step);
      if (lane() >= step) sum += other;
    }
    total = shuffle(sum, kLanes - 1);
    return sum - value;
  }
  template <typename T>
  MOESCOPE_LANES void add(T* counter, T value) const {
    if (lane() == 0) atomic_add(counter, value);
  }
  template <typename T>
  MOESCOPE_LANES void add_each(T* counter, T value) const {
    atomic_add(counter, value);
  }
  /// Eight lanes share the sum of `n` values from `at(i)`.
  template <typename At>
  MOESCOPE_LANES float interleaved_sum(int n, const At& at) const {
    float sum = 0;
    for (int i = lane() % 8; i < n; i += 8) sum += at(i);
    for (int step = 4; step > 0; step /= 2) sum += shuffle_xor(sum, step);
    return sum;
  }
  /// Four rows at once.
  template <typename RowAt>
  MOESCOPE_LANES void project_each(const float* x, int n, int rows, const RowAt& row_at,
                                   float* out) const {
    for (int first = 0; first < rows; first += 4) {
      const int row = first + lane() / 8;
      const float* w = row < rows ? row_at(row) : nullptr;
      const float sum = interleaved_sum(row < rows ? n : 0, [&](int i) { return x[i] * w[i]; });
      if (row < rows && lane() % 8 == 0) out[row] = sum;
    }
  }
  MOESCOPE_LANES void project(const float* x, const float* weight, int n, int rows,
                              float* out) const {
    project_each(
        x, n, rows, [&](int r) { return weight + matrix_row(r, n); }, out);
  }
  MOESCOPE_LANES void copy(void* to, const void* from, std::size_t bytes) const {
    const auto* source = static_cast<const std::uint32_t*>(from);
    auto* target = static_cast<std::uint32_t*>(to);
    for (std::size_t i = static_cast<std::size_t>(lane()); i < bytes / 4; i += kLanes)
      target[i] = source[i];
  }
  MOESCOPE_LANES void signal(std::uint64_t* counter, Site site = MOESCOPE_HERE) const {
    if (lane() == 0) hw::signal(counter, site);
  }
  MOESCOPE_LANES bool reached(std::uint64_t* counter, std::uint64_t value,
                              Site site = MOESCOPE_HERE) const {
    int found = 0;
    if (lane() == 0) found = await(counter, value, site) ? 1 : 0;
    return shuffle(found, 0) != 0;
  }
  template <typename Fault>
  MOESCOPE_LANES void fail(Fault* first, const Fault& fault) const {
    if (lane() == 0 && compare_and_swap(&first->kind, 0, fault.kind)) first->detail = fault.detail;
  }
};

}  // namespace moescope::runtime::hw
