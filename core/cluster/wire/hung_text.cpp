#include "core/cluster/wire/hung_text.h"

#include <fmt/format.h>

#include <cmath>

namespace moescope {
namespace {

bool together(const NodeHungRank& a, const NodeHungRank& b) {
  return a.process_id == b.process_id && a.host == b.host && a.reason == b.reason &&
         std::floor(a.seconds) == std::floor(b.seconds);
}

}  // namespace

std::vector<std::string> hung_lines(const std::vector<NodeHungRank>& hung) {
  std::vector<std::string> lines;
  std::vector<bool> listed(hung.size());
  for (std::size_t i = 0; i < hung.size(); ++i) {
    if (listed[i]) continue;
    std::string ranks;
    int count = 0;
    for (std::size_t j = i; j < hung.size(); ++j) {
      if (listed[j] || !together(hung[i], hung[j])) continue;
      listed[j] = true;
      ranks += fmt::format("{}{}", ranks.empty() ? "" : ", ", hung[j].rank);
      ++count;
    }
    lines.push_back(fmt::format("{} {}: {}, for {:.0f} s (process {} on {})",
                                count == 1 ? "rank" : "ranks", ranks, to_string(hung[i].reason),
                                std::floor(hung[i].seconds), hung[i].process_id, hung[i].host));
  }
  return lines;
}

}  // namespace moescope
