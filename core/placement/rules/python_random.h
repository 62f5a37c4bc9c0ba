// The numbers of Python's random.Random: SGLang draws replicas with it.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace moescope {

/// random.Random(seed) for a small seed, as a stream of words in which readers keep their own
/// places: readers with the same seed that skip draws read the same stream from different places.
/// The words are those of MT19937, seeded by init_by_array (Matsumoto and Nishimura), as CPython
/// does since 2.1. Not for several threads at once.
class PythonRandom {
 public:
  explicit PythonRandom(std::uint32_t seed);

  /// _randbelow(n): uniform in [0, n), from the word at `place` on. @pre n > 0
  int below(int n, std::size_t& place) {
    int bits = 0;
    while (n >> bits != 0) ++bits;
    for (;;) {
      const auto drawn = static_cast<int>(word(place++) >> (32 - bits));
      if (drawn < n) return drawn;
    }
  }
  /// sample(range(n), k), appended to `out`. @pre 0 <= k <= n
  void sample(int n, int k, std::size_t& place, std::vector<int>& out);
  /// shuffle(values)
  void shuffle(std::vector<int>& values, std::size_t& place);

 private:
  std::uint32_t word(std::size_t i) {
    while (i >= words_.size()) words_.push_back(static_cast<std::uint32_t>(engine_()));
    return words_[i];
  }

  std::mt19937 engine_;
  std::vector<std::uint32_t> words_;
};

}  // namespace moescope
