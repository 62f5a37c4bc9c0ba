// Several load dumps opened at once.
#include "core/loads/open/join_loads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "tests/support/engine_dumps.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using testing::Contains;
using testing::HasSubstr;

LoadSet set_of(const std::string& source, std::vector<double> experts) {
  LoadSet set;
  set.source = source;
  set.format = "test";
  set.experts = static_cast<int>(experts.size());
  set.windows = {{std::move(experts)}};
  return set;
}

TEST(JoinLoads, TheSameKindIsOneSeriesInTheOrderGiven) {
  const auto sets = join_loads({set_of("a", {1, 2}), set_of("b", {3, 4}), set_of("c", {1, 2, 3})});
  ASSERT_EQ(sets.size(), 2U);
  EXPECT_EQ(sets[0].windows, (std::vector<LayerLoads>{{{1, 2}}, {{3, 4}}}));
  EXPECT_THAT(sets[0].notes, Contains(HasSubstr("2 files are one series, in this order: a, b")));
  EXPECT_TRUE(sets[1].notes.empty());
}

TEST(JoinLoads, OtherUnitsLayersAndGpusStayApart) {
  auto unit = set_of("b", {1, 2}), layer = set_of("c", {1, 2}), gpus = set_of("d", {1, 2});
  unit.unit = "decode";
  layer.layer_ids = {7};
  gpus.num_gpus = 2;
  EXPECT_EQ(join_loads({set_of("a", {1, 2}), unit, layer, gpus}).size(), 4U);
}

TEST(JoinLoads, SetsThatOverlapInTimeStayApart) {
  auto a = set_of("a", {1, 2}), b = set_of("b", {1, 2}), c = set_of("c", {1, 2});
  a.times = {{0, 10}};
  b.times = {{5, 15}};
  c.times = {{15, 20}};
  const auto sets = join_loads({a, b, c});
  ASSERT_EQ(sets.size(), 2U);
  EXPECT_EQ(sets[0].times, (std::vector<WindowTime>{{0, 10}, {15, 20}}));
}

TEST(JoinLoads, WhatOnlyOneHasIsLeftOut) {
  auto a = set_of("a", {1, 2}), b = set_of("b", {1, 2});
  a.measured = {{{3}}};
  a.routes = {1, 1, {0, 1}};
  b.ordered_in_time = false;
  b.running_map = {{{1, 0}}};
  const auto set = join_loads({a, b}).at(0);
  EXPECT_TRUE(set.measured.empty());
  EXPECT_EQ(set.routes.tokens(), 0U);
  EXPECT_FALSE(set.ordered_in_time);
  EXPECT_TRUE(set.running_map);
}

class OpenAllLoads : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
  test::TempFolder folder_;
  Progress progress_;
};

TEST_F(OpenAllLoads, NumbersInNamesGiveTheOrder) {
  const auto content =
      open_all_loads({write("w10.csv", "10,1\n"), write("w9.csv", "9,1\n")}, progress_);
  ASSERT_EQ(content.sets.size(), 1U);
  EXPECT_EQ(content.sets[0].windows[0][0][0], 9);
  EXPECT_EQ(content.sets[0].windows[1][0][0], 10);
}

TEST_F(OpenAllLoads, ABrokenFileIsReportedAndAllBrokenIsAnError) {
  const auto good = write("a.csv", "1,2\n"),
             bad = write("b.json", R"({"logical_count":[[1,2],[3]]})");
  const auto content = open_all_loads({bad, good}, progress_);
  EXPECT_EQ(content.sets.size(), 1U);
  EXPECT_THAT(content.notes(), Contains(HasSubstr("b.json was not opened")));
  EXPECT_THROW(open_all_loads({bad, bad}, progress_), Error);
  EXPECT_THROW(open_all_loads({bad}, progress_), Error);
}

TEST_F(OpenAllLoads, LogsAndLoadsOpenBesideEachOtherASecondLogIsReported) {
  const std::string line =
      "[Expert Balancedness] forward_pass_id=1 current_pass_balancedness=0.5\n";
  const auto content = open_all_loads(
      {write("a.log", line), write("b.log", line), write("c.csv", "1,2\n")}, progress_);
  EXPECT_TRUE(content.balance);
  EXPECT_EQ(content.sets.size(), 1U);
  EXPECT_THAT(content.notes(), Contains(HasSubstr("b.log was not opened")));
}

TEST_F(OpenAllLoads, FilesOfRanksAreTheirSumBesideOtherLoads) {
  const auto first = write("x_0.pt", test::per_pass_file(1, {0, 1}, {{7, 0, {1, 2}}}));
  const auto second = write("x_1.pt", test::per_pass_file(1, {0, 1}, {{7, 1, {3, 4}}}));
  const auto content = open_all_loads({first, second, write("c.csv", "1,2\n")}, progress_);
  ASSERT_EQ(content.sets.size(), 2U);
  EXPECT_EQ(content.sets[0].windows, (std::vector<LayerLoads>{{{4, 6}}}));
  EXPECT_EQ(content.sets[0].num_gpus, 2);
  EXPECT_THAT(content.notes(), Contains(HasSubstr("2 files of SGLang's recorder are summed")));
}

TEST_F(OpenAllLoads, RanksOfTwoRecordingsAreNeitherSummedNorASeries) {
  const auto first = write("x_0.pt", test::per_pass_file(1, {0, 1}, {{7, 0, {1, 2}}}));
  const auto again = write("y_0.pt", test::per_pass_file(1, {0, 1}, {{7, 0, {3, 4}}}));
  const auto content = open_all_loads({first, again}, progress_);
  EXPECT_THAT(content.notes(), Contains(HasSubstr("stay separate")));
  ASSERT_EQ(content.sets.size(), 2U);
  EXPECT_EQ(content.sets[0].windows, (std::vector<LayerLoads>{{{1, 2}}}));
  EXPECT_EQ(content.sets[1].windows, (std::vector<LayerLoads>{{{3, 4}}}));
}

}  // namespace
}  // namespace moescope
