// Code shared by the CPU and GPUs. Functions on a row take `lanes`: the threads of a warp on a GPU,
// a single lane on the CPU, so that the same code can be tested there.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <limits>

#ifdef __CUDACC__
#define MOESCOPE_SHARED __host__ __device__  ///< plain functions of plain values
#define MOESCOPE_LANES __device__            ///< what takes lanes, or is called from there only
#else
#define MOESCOPE_SHARED
#define MOESCOPE_LANES
#endif

namespace moescope::runtime {

inline constexpr float kLowestScore = -std::numeric_limits<float>::infinity();
inline constexpr std::int32_t kHighestIndex = std::numeric_limits<std::int32_t>::max();

/// An entry of a ranking: the higher score is first, the lower index on a tie.
struct Ranked {
  float score = kLowestScore;
  std::int32_t index = kHighestIndex;
};

MOESCOPE_SHARED inline bool before(const Ranked& a, const Ranked& b) {
  return a.score != b.score ? a.score > b.score : a.index < b.index;
}

/// Where a row of a matrix begins, in elements.
MOESCOPE_SHARED inline std::size_t matrix_row(int row, int columns) {
  return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns);
}

/// The part of the work that one worker does: first, first + step, ...
struct Share {
  int first = 0, step = 1;
};

#ifndef __CUDACC__
/// The lanes of a CPU: one. hw::Warp has the same members.
struct OneLane {
  int lane() const { return 0; }
  int width() const { return 1; }
  void sync() const {}
  float max(float value) const { return value; }
  Ranked first(const Ranked& value) const { return value; }
  /// The sum of the lanes before this one; `total` of all lanes.
  int prefix(int value, int& total) const {
    total = value;
    return 0;
  }
  /// Adds once, whatever the number of lanes.
  template <typename T>
  void add(T* counter, T value) const {
    std::atomic_ref(*counter).fetch_add(value, std::memory_order_relaxed);
  }
  /// The same for each lane that calls it.
  template <typename T>
  void add_each(T* counter, T value) const {
    add(counter, value);
  }
  /// The sum of at(0), ... at(n - 1) in eight interleaved sums, the same for all kinds of lanes.
  template <typename At>
  float interleaved_sum(int n, const At& at) const {
    float s[8] = {};
    for (int i = 0; i < n; ++i) s[i % 8] += at(i);
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
  }
  /// out[r] = the product of x and row_at(r), both of n, likewise.
  template <typename RowAt>
  void project_each(const float* x, int n, int rows, const RowAt& row_at, float* out) const {
    for (int r = 0; r < rows; ++r) {
      const float* w = row_at(r);
      out[r] = interleaved_sum(n, [&](int i) { return x[i] * w[i]; });
    }
  }
  /// The rows of a matrix.
  void project(const float* x, const float* weight, int n, int rows, float* out) const {
    project_each(
        x, n, rows, [&](int r) { return weight + matrix_row(r, n); }, out);
  }
  /// Copies whole words of 4 bytes.
  void copy(void* to, const void* from, std::size_t bytes) const { std::memcpy(to, from, bytes); }
  /// By one lane. Earlier writes are visible to every reader that sees the counter raised: its own,
  /// and those of other lanes that a sync() has ordered before.
  void signal(std::uint64_t* counter) const {
    std::atomic_ref(*counter).fetch_add(1, std::memory_order_release);
  }
  /// Keeps the first fault, {kind, detail}.
  template <typename Fault>
  void fail(Fault* first, const Fault& fault) const {
    if (first->kind == 0) *first = fault;
  }
  /// Whether the counter has reached `value`. Ranks take turns on the CPU, so that there is nothing
  /// to wait for; a GPU waits up to a timeout.
  bool reached(std::uint64_t* counter, std::uint64_t value) const {
    return std::atomic_ref(*counter).load(std::memory_order_acquire) >= value;
  }
};
#endif

}  // namespace moescope::runtime
