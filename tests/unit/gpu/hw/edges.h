// Planted bugs: each synchronising operation of a kernel is left out in turn, and somebody must
// notice.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "core/error.h"
#include "gpu/hw/emulator/emulate.h"
#include "tests/unit/gpu/hw/races.h"

namespace moescope::runtime::test {

/// Schedules; fewer where ThreadSanitizer takes its time and sees a race on any of them.
inline constexpr std::uint64_t kSeeds = kRacesAreSeen ? 4 : 32;

/// True when the kernel gives the right result with this emulation; it may throw Error.
using Works = std::function<bool(const hw::Emulation&)>;

/// What is wrong with one run; empty: nothing.
inline std::string failure(const Works& works, const hw::Emulation& emulation) {
  try {
    return works(emulation) ? "" : "wrong result";
  } catch (const Error& error) {
    return error.what();
  }
}

/// What is wrong, by seed.
inline std::vector<std::string> failures(const Works& works, std::set<hw::Edge>* edges = nullptr) {
  std::vector<std::string> result;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const std::string what = failure(works, {seed, edges, nullptr});
    if (!what.empty()) result.push_back("seed " + std::to_string(seed) + ": " + what);
  }
  return result;
}

inline bool noticed(const Works& works, const hw::Edge& without) {
  const ExpectedRaces races;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed)
    if (!failure(works, {seed, nullptr, &without}).empty() || races.count() > 0) return true;
  return false;
}

/// Operations that the kernel could do without, as far as anybody noticed. What only orders the
/// memory of lanes that go together anyway is seen by ThreadSanitizer alone.
inline std::vector<std::string> unnoticed(const Works& works) {
  std::set<hw::Edge> edges;
  failures(works, &edges);
  std::vector<std::string> result;
  for (const hw::Edge& edge : edges)
    if ((kRacesAreSeen || edge.order != hw::Order::WarpSync) && !noticed(works, edge))
      result.push_back(to_string(edge));
  return result;
}

}  // namespace moescope::runtime::test
