// The compatible planner against the reference procedure, slot for slot.
#include "core/placement/eplb/eplb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "tests/support/data.h"

namespace moescope {
namespace {

using nlohmann::json;
using Map = std::vector<std::vector<int>>;
using Loads = std::vector<std::vector<double>>;

json read_json(const std::filesystem::path& path) {
  std::ifstream file(path);
  return json::parse(file);
}

TEST(Eplb, EqualsTheReferenceOnRandomProblems) {
  const auto vectors = read_json(MOESCOPE_SOURCE_DIR "/tests/golden/placement/vectors.json");
  ASSERT_EQ(vectors.size(), 24U);
  for (const auto& v : vectors) {
    const std::string policy = v["policy"];
    const auto plan = eplb_plan(v["logical_count"].get<Loads>(), v["slots"], v["num_groups"],
                                v["num_nodes"], v["num_gpus"],
                                policy == "auto"     ? EplbPolicy::Auto
                                : policy == "global" ? EplbPolicy::Global
                                                     : EplbPolicy::Hierarchical,
                                EplbVariant::Stable);
    EXPECT_EQ(plan.physical_to_logical, v["physical_to_logical_map"].get<Map>())
        << v["experts"] << " experts, policy " << policy;
  }
}

TEST(Eplb, EqualsTheSharedVectors) {
  MOESCOPE_REQUIRE_DATA("placement_vectors.json");
  const auto vectors = read_json(test::shared_data("placement_vectors.json"));
  ASSERT_EQ(vectors.size(), 10U);
  for (const auto& v : vectors) {
    const auto plan =
        eplb_plan(v["logical_count"].get<Loads>(), v["num_slots"], v["num_groups"], v["num_nodes"],
                  v["num_gpus"], EplbPolicy::Auto, EplbVariant::Stable);
    EXPECT_EQ(plan.physical_to_logical, v["baseline_physical_to_logical_map"].get<Map>())
        << v["name"];
  }
}

// Made by the engines' own code: tests/golden/placement/README.md.
TEST(Eplb, EqualsTheEnginesWhereLoadsAreEqual) {
  const auto vectors = read_json(MOESCOPE_SOURCE_DIR "/tests/golden/placement/ties.json");
  ASSERT_EQ(vectors.size(), 13U);
  for (const auto& v : vectors)
    for (const char* name : {"torch", "numpy", "deepseek"}) {
      const auto variant = eplb_variant_from_name(name).value();
      EXPECT_STREQ(to_string(variant), name);
      const auto plan = eplb_plan(v["logical_count"].get<Loads>(), v["num_slots"], v["num_groups"],
                                  v["num_nodes"], v["num_gpus"], EplbPolicy::Auto, variant);
      EXPECT_EQ(plan.physical_to_logical, v[name].get<Map>()) << v["name"] << ", " << name;
    }
  EXPECT_FALSE(eplb_variant_from_name("jax"));
}

TEST(Eplb, NamesWhatDoesNotDivide) {
  const Loads loads(2, std::vector<double>(8, 1.0));
  EXPECT_THROW(eplb_plan(loads, 10, 1, 1, 4), Error);  // slots over GPUs
  EXPECT_THROW(eplb_plan(loads, 12, 1, 3, 4), Error);  // GPUs over nodes
  EXPECT_THROW(eplb_plan(loads, 4, 1, 1, 4), Error);   // fewer slots than experts
  EXPECT_THROW(eplb_plan(loads, 8, 3, 2, 4, EplbPolicy::Hierarchical), Error);
  EXPECT_THROW(eplb_plan({}, 8, 1, 1, 4), Error);
}

TEST(Eplb, RefusesLoadsThatAreNoNumbers) {
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), -1.0}) {
    Loads loads(1, std::vector<double>(8, 1.0));
    loads[0][3] = bad;
    EXPECT_THROW(eplb_plan(loads, 8, 1, 1, 4), Error);
  }
  EXPECT_THROW(eplb_plan({{1, 2, 3, 4}, {1, 2}}, 4, 1, 1, 4), Error);
}

}  // namespace
}  // namespace moescope
