// Pseudo-random numbers that are the same on every machine.
#pragma once

#include <array>
#include <cstdint>

namespace moescope {

/// Small, fast, the same on every machine (splitmix64, Steele, Lea and Flood 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += kStep);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  /// As `numbers` calls of next().
  void skip(std::uint64_t numbers) { state_ += numbers * kStep; }
  /// Uniform in [0, n).
  int below(int n) {
    return static_cast<int>(((next() >> 32) * static_cast<std::uint64_t>(n)) >> 32);
  }
  /// -log(u) for u uniform in (0, 1), from a table: an annealing step accepts a loss below
  /// temperature * -log(u).
  double exponential() { return exponential(next()); }
  /// The same from the low bits of a number that was drawn.
  static double exponential(std::uint64_t drawn) { return kExponentials[drawn & 1023]; }

 private:
  static constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15ULL;
  static const std::array<double, 1024> kExponentials;
  std::uint64_t state_;
};

}  // namespace moescope
