// The recordings of sample-traces/, read as a user would.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/support/run_program.h"

namespace moescope {
namespace {

using nlohmann::json;
using test::run_moescope;
using testing::HasSubstr;
using testing::Not;

std::string sample(const std::string& name) {
  return std::string(MOESCOPE_SOURCE_DIR) + "/sample-traces/" + name + ".moetrace";
}

json answer(const std::vector<std::string>& arguments) {
  const auto result = run_moescope(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return json::parse(result.out, nullptr, false);
}

/// The only figure of a query.
std::int64_t count(const std::string& name, const std::string& query) {
  const auto result = run_moescope({"sql", sample(name), query});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return std::stoll(result.out.substr(result.out.find('\n') + 1));
}

class SampleRecording : public testing::TestWithParam<const char*> {};

TEST_P(SampleRecording, IsSmallAndHasOverlapWorkersAndLoads) {
  const std::string file = sample(GetParam());
  EXPECT_LT(std::filesystem::file_size(file), 2U << 20U);
  const json analysis = answer({"analyze", file, "--json"});
  ASSERT_GE(analysis["devices"].size(), 8U);
  const json& first = analysis["devices"][0];
  EXPECT_EQ(first["sm"]["method"], "recorded");
  EXPECT_GT(first["overlap_ns"], 0);
  EXPECT_GT(first["exposed_comm_ns"], 0);
  const json loads = answer({"loads", file, "--json"});
  ASSERT_FALSE(loads["loads"].empty());
  EXPECT_EQ(loads["loads"][0]["layers"], 8);
  EXPECT_EQ(loads["loads"][0]["experts"], 64);
  for (const char* name : {"attention", "dispatch", "combine"})
    EXPECT_GT(count(GetParam(),
                    "SELECT count(*) FROM spans WHERE name LIKE '%" + std::string(name) + "%'"),
              0)
        << name;
}

INSTANTIATE_TEST_SUITE_P(All, SampleRecording, testing::Values("prefill", "decode", "plan-change"),
                         [](const auto& sample_name) {
                           std::string name = sample_name.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(SampleRecordings, SqlShowsTheLoadsThatTheLoadsCommandSums) {
  const json loads = answer({"loads", sample("prefill"), "--unit", "prefill", "--json"});
  const json& layer = loads["loads"][0]["layers_detail"][0];
  const std::string where = " FROM loads WHERE layer = " + layer["layer_id"].dump();
  EXPECT_EQ(count("prefill", "SELECT sum(tokens)" + where + " AND space = 'logical'"),
            layer["tokens"].get<std::int64_t>());
  EXPECT_EQ(count("prefill", "SELECT count(DISTINCT expert)" + where + " AND space = 'logical'"),
            64);
}

TEST(SampleRecordings, ThePlanChangesWhileRequestsAreServed) {
  const auto notes = [](const char* name) {
    return answer({"loads", sample(name), "--json"})["loads"][0]["notes"].dump();
  };
  EXPECT_THAT(notes("plan-change"), HasSubstr("the plan changed once"));
  EXPECT_THAT(notes("prefill"), Not(HasSubstr("the plan changed")));
  EXPECT_EQ(count("prefill", "SELECT count(*) FROM plans"), 1);
  EXPECT_EQ(count("plan-change", "SELECT count(*) FROM plans WHERE name LIKE 'epoch 1:%'"), 1);
  EXPECT_GT(count("plan-change", "SELECT count(*) FROM spans WHERE name = 'plan copy'"), 0);
  EXPECT_EQ(count("decode", "SELECT count(*) FROM spans WHERE name = 'plan copy'"), 0);
}

}  // namespace
}  // namespace moescope
