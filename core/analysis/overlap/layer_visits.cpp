#include "core/analysis/overlap/layer_visits.h"

#include <algorithm>
#include <map>

namespace moescope {

std::vector<LayerVisit> layer_visits(const std::vector<ScopeOverlap>& scopes) {
  std::map<std::string, std::vector<TimeRange>> of_layer;
  for (const ScopeOverlap& scope : scopes) {
    if (scope.kind != "layer") continue;
    auto& ranges = of_layer[scope.name];
    ranges.insert(ranges.end(), scope.ranges.begin(), scope.ranges.end());
  }
  std::vector<LayerVisit> visits;
  for (auto& [layer, ranges] : of_layer) {
    const IntervalSet merged = IntervalSet::union_of(std::move(ranges));
    for (const TimeRange& range : merged.intervals()) visits.push_back({layer, range});
  }
  std::stable_sort(visits.begin(), visits.end(), [](const LayerVisit& a, const LayerVisit& b) {
    return a.range.begin < b.range.begin;
  });
  return visits;
}

const LayerVisit* visit_after(const std::vector<LayerVisit>& visits, const std::string& layer,
                              TimeNs time) {
  const LayerVisit* first = nullptr;
  for (const LayerVisit& visit : visits) {
    if (visit.layer != layer) continue;
    if (visit.range.begin > time) return &visit;
    if (first == nullptr) first = &visit;
  }
  return first;
}

const LayerVisit* visit_beside(const std::vector<LayerVisit>& visits, TimeNs time, int by) {
  const auto after = std::partition_point(
      visits.begin(), visits.end(), [&](const LayerVisit& v) { return v.range.begin <= time; });
  const auto at = after - visits.begin() - 1 + by;
  return at >= 0 && at < static_cast<std::ptrdiff_t>(visits.size())
             ? &visits[static_cast<std::size_t>(at)]
             : nullptr;
}

}  // namespace moescope
