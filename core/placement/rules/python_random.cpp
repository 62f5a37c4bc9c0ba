#include "core/placement/rules/python_random.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace moescope {
namespace {

/// init_by_array of the authors' mt19937ar.c for a key of one word, in the shape of a standard seed
/// sequence: the engine takes these words as its state.
struct InitByArray {
  using result_type = std::uint32_t;
  std::uint32_t key;

  template <typename Iterator>
  void generate(Iterator begin, Iterator end) {
    const auto n = static_cast<std::size_t>(end - begin);
    std::vector<std::uint32_t> state(n);
    state[0] = 19650218;
    for (std::size_t i = 1; i < n; ++i)
      state[i] = 1812433253U * mixed(state[i - 1]) + static_cast<std::uint32_t>(i);
    std::size_t i = 1;
    const auto next = [&] {
      if (++i < n) return;
      state[0] = state[n - 1];
      i = 1;
    };
    for (std::size_t k = 0; k < n; ++k, next())
      state[i] = (state[i] ^ mixed(state[i - 1]) * 1664525U) + key;
    for (std::size_t k = 1; k < n; ++k, next())
      state[i] = (state[i] ^ mixed(state[i - 1]) * 1566083941U) - static_cast<std::uint32_t>(i);
    state[0] = 0x80000000U;
    std::copy(state.begin(), state.end(), begin);
  }
  static std::uint32_t mixed(std::uint32_t word) { return word ^ word >> 30; }
};

/// Up to this many values sample() takes from a list, beyond it from a set: each needs other draws.
int list_limit(int k) {
  int limit = 21;
  if (k <= 5) return limit;
  int table = 1;
  while (table < 3 * k) table *= 4;
  return limit + table;
}

}  // namespace

PythonRandom::PythonRandom(std::uint32_t seed) {
  InitByArray sequence{seed};
  engine_.seed(sequence);
}

void PythonRandom::sample(int n, int k, std::size_t& place, std::vector<int>& out) {
  if (n <= list_limit(k)) {
    std::vector<int> pool(static_cast<std::size_t>(n));
    std::iota(pool.begin(), pool.end(), 0);
    for (int i = 0; i < k; ++i) {
      const auto drawn = static_cast<std::size_t>(below(n - i, place));
      out.push_back(pool[drawn]);
      pool[drawn] = pool[static_cast<std::size_t>(n - i - 1)];
    }
    return;
  }
  const auto first = static_cast<std::ptrdiff_t>(out.size());
  for (int i = 0; i < k; ++i) {
    int drawn = below(n, place);
    while (std::find(out.begin() + first, out.end(), drawn) != out.end()) drawn = below(n, place);
    out.push_back(drawn);
  }
}

void PythonRandom::shuffle(std::vector<int>& values, std::size_t& place) {
  for (int i = static_cast<int>(values.size()) - 1; i > 0; --i)
    std::swap(values[static_cast<std::size_t>(i)],
              values[static_cast<std::size_t>(below(i + 1, place))]);
}

}  // namespace moescope
