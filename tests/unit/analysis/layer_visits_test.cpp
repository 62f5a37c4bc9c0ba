// Going from layer to layer.
#include "core/analysis/overlap/layer_visits.h"

#include <gmock/gmock.h>

namespace moescope {
namespace {

using testing::ElementsAre;

ScopeOverlap scope(const char* kind, const char* name, int device, std::vector<TimeRange> ranges) {
  ScopeOverlap result;
  result.kind = kind;
  result.name = name;
  result.key = {0, device};
  result.ranges = std::move(ranges);
  return result;
}

/// Layers 0 and 1 in two steps on two devices, the second one late.
std::vector<LayerVisit> two_steps() {
  return layer_visits(
      {scope("layer", "0", 0, {{0, 10}, {100, 110}}), scope("layer", "0", 1, {{5, 15}, {105, 115}}),
       scope("layer", "1", 0, {{12, 20}, {112, 120}}), scope("phase", "decode", 0, {{0, 200}})});
}

TEST(LayerVisits, AreOneOverAllDevicesInOrderOfTime) {
  EXPECT_THAT(two_steps(), ElementsAre(LayerVisit{"0", {0, 15}}, LayerVisit{"1", {12, 20}},
                                       LayerVisit{"0", {100, 115}}, LayerVisit{"1", {112, 120}}));
  EXPECT_TRUE(layer_visits({}).empty());
}

TEST(LayerVisits, TheNextOfALayerAndAroundTheEnd) {
  const auto visits = two_steps();
  EXPECT_EQ(visit_after(visits, "1", 5), &visits[1]);
  EXPECT_EQ(visit_after(visits, "1", 12), &visits[3]) << "the one at hand was seen";
  EXPECT_EQ(visit_after(visits, "1", 500), &visits[1]);
  EXPECT_EQ(visit_after(visits, "7", 0), nullptr);
}

TEST(LayerVisits, TheOneBesideWhereWeAre) {
  const auto visits = two_steps();
  EXPECT_EQ(visit_beside(visits, 12, 1), &visits[2]);
  EXPECT_EQ(visit_beside(visits, 50, -1), &visits[0]);
  EXPECT_EQ(visit_beside(visits, -10, 1), &visits[0]);
  EXPECT_EQ(visit_beside(visits, -10, -1), nullptr);
  EXPECT_EQ(visit_beside(visits, 112, 1), nullptr);
}

}  // namespace
}  // namespace moescope
