#include "core/analysis/overlap/rank_order.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace moescope {
namespace {

int number_of(const RankFigures& ranks) {
  return ranks.rank.value_or(std::numeric_limits<int>::max());
}

void add_device(RankFigures& rank, const DeviceKey& key, const OverlapFigures& figures,
                TimeNs& most) {
  if (figures.exposed > most) {
    most = figures.exposed;
    rank.most_exposed = key;
  }
  rank.span = std::max(rank.span, figures.span);
  rank.compute += figures.compute;
  rank.exposed += figures.exposed;
}

}  // namespace

std::vector<RankFigures> rank_figures(const Trace& trace,
                                      const std::vector<DeviceActivity>& activity,
                                      const std::vector<DeviceOverlap>& overlap,
                                      std::optional<TimeRange> window) {
  struct Sum {
    RankFigures figures;
    TimeNs most = -1;
  };
  std::map<ProcessId, Sum> sums;
  for (const auto& device : overlap) {
    Sum& sum = sums[device.key.process];
    const auto* parts = window ? find_activity(activity, device.key) : nullptr;
    add_device(sum.figures, device.key, parts ? lengths_in(*parts, *window) : device.figures,
               sum.most);
  }
  std::vector<RankFigures> ranks;
  for (auto& [process, sum] : sums) {
    sum.figures.process = process;
    if (process < trace.processes().size()) sum.figures.rank = trace.processes()[process].rank;
    ranks.push_back(sum.figures);
  }
  sort_ranks(ranks, RankOrder::Number);
  return ranks;
}

void sort_ranks(std::vector<RankFigures>& ranks, RankOrder order) {
  std::stable_sort(ranks.begin(), ranks.end(), [&](const RankFigures& a, const RankFigures& b) {
    switch (order) {
      case RankOrder::Number:
        break;
      case RankOrder::Exposed:
        return a.exposed > b.exposed;
      case RankOrder::Compute:
        return a.compute > b.compute;
    }
    return number_of(a) < number_of(b);
  });
}

std::vector<std::vector<std::size_t>> alike_ranks(const std::vector<RankFigures>& ranks,
                                                  double percent) {
  TimeNs span = 0;
  for (const auto& rank : ranks) span = std::max(span, rank.span);
  const double limit = static_cast<double>(span) * percent / 100;
  const auto near = [limit](TimeNs a, TimeNs b) {
    return std::abs(static_cast<double>(a) - static_cast<double>(b)) <= limit;
  };
  std::vector<std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& members) {
      const RankFigures& first = ranks[members.front()];
      return near(first.compute, ranks[i].compute) && near(first.exposed, ranks[i].exposed);
    });
    if (group != groups.end())
      group->push_back(i);
    else
      groups.push_back({i});
  }
  return groups;
}

}  // namespace moescope
