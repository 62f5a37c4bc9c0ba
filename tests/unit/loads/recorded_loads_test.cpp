// Loads that are looked at while they are recorded: the same as reading the whole recording.
#include "core/loads/read/recorded_loads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/trace/file/moetrace_writer.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int kWindows = 12;

/// A prefill unit (ranks 0, 1) and a decode unit (ranks 2, 3) with layers 3 and 4, four experts and
/// two slots per rank; their windows alternate.
std::vector<LoadRow> recorded_rows() {
  std::vector<LoadRow> rows;
  std::uint32_t count = 1;
  for (int window = 0; window < kWindows; ++window)
    for (int unit = 0; unit < 2; ++unit)
      for (const int layer : {3, 4}) {
        const TimeNs begin = window * 100 + unit * 10, end = begin + 100;
        LoadRow row{begin, end, layer, "logical", std::nullopt, {}};
        for (int expert = 0; expert < 4; ++expert) row.counts.push_back(count++ % 17);
        rows.push_back(row);
        for (int rank = 2 * unit; rank < 2 * unit + 2; ++rank) {
          const auto first = row.counts.begin() + rank % 2 * 2;
          rows.push_back({begin, end, layer, "physical", rank, {first, first + 2}});
        }
      }
  return rows;
}

PlanRow recorded_plan() {
  return {0, "start",
          R"({"schema":1,"num_gpus":2,"num_nodes":2,"num_groups":2,"layer_ids":[3,4],)"
          R"("num_experts":4,"physical_to_logical_map":[[0,1,2,3],[0,1,2,3]]})"};
}

Process rank_of(int rank) {
  Process process;
  process.name = rank < 2 ? "moescope-node prefill unit" : "moescope-node decode unit";
  process.rank = rank;
  return process;
}

std::vector<LoadSet> read_whole() {
  const test::TempFolder folder;
  const auto path = folder / "a.moetrace";
  MoetraceWriter writer(path);
  for (int rank = 0; rank < 4; ++rank) writer.add_process(rank_of(rank));
  writer.add_plan(recorded_plan());
  for (const LoadRow& row : recorded_rows()) writer.add_loads(row);
  Progress progress;
  writer.finish(progress);
  return read_load_sets(path, progress);
}

RecordedLoads growing(LoadLimits limits = {}) {
  RecordedLoads loads("a run", limits);
  for (int rank = 0; rank < 4; ++rank) loads.add_process(rank, rank_of(rank).name);
  loads.add_plan(recorded_plan());
  return loads;
}

std::vector<LoadSet> sets_of(RecordedLoads& loads) {
  Progress progress;
  return loads.sets(true, progress);
}

/// `set` has the windows [first, last) of `whole`.
void expect_part(const LoadSet& set, const LoadSet& whole, std::size_t first, std::size_t last) {
  const auto part = [&](const auto& of) {
    using List = std::decay_t<decltype(of)>;
    return List(of.begin() + static_cast<std::ptrdiff_t>(first),
                of.begin() + static_cast<std::ptrdiff_t>(last));
  };
  EXPECT_EQ(set.windows, part(whole.windows));
  EXPECT_EQ(set.times, part(whole.times));
  EXPECT_EQ(set.measured, part(whole.measured));
  EXPECT_EQ(set.unit, whole.unit);
  EXPECT_EQ(set.experts, whole.experts);
  EXPECT_EQ(set.layer_ids, whole.layer_ids);
  EXPECT_EQ(set.num_gpus, whole.num_gpus);
  EXPECT_EQ(set.num_nodes, whole.num_nodes);
  EXPECT_EQ(set.num_groups, whole.num_groups);
  EXPECT_EQ(set.running_map, whole.running_map);
}

TEST(RecordedLoads, AfterEveryRowTheWholeWindowsSoFarAreThoseOfTheFile) {
  const auto whole = read_whole();
  ASSERT_THAT(whole, SizeIs(2));
  ASSERT_THAT(whole[0].windows, SizeIs(kWindows));
  RecordedLoads loads = growing();
  EXPECT_TRUE(loads.empty());
  constexpr std::size_t kRowsOfAWindow = 6;
  std::size_t rows = 0;
  for (const LoadRow& row : recorded_rows()) {
    loads.add(row);
    ++rows;
    const auto sets = sets_of(loads);
    const std::size_t units = std::min<std::size_t>(2, rows / kRowsOfAWindow);
    ASSERT_THAT(sets, SizeIs(units)) << "after " << rows << " rows";
    for (std::size_t unit = 0; unit < units; ++unit) {
      const std::size_t windows = (rows / kRowsOfAWindow + 1 - unit) / 2;
      SCOPED_TRACE(testing::Message() << "unit " << unit << " after " << rows << " rows");
      expect_part(sets[unit], whole[unit], 0, windows);
      EXPECT_THAT(sets[unit].notes, IsEmpty());
    }
  }
}

TEST(RecordedLoads, TheNewestWindowsAreKeptAndTheRestIsReported) {
  const auto whole = read_whole();
  const std::size_t values_of_a_window = 2 * 4;
  for (const LoadLimits limits :
       {LoadLimits{.windows = 5}, LoadLimits{.values = 5 * values_of_a_window + 1}}) {
    RecordedLoads loads = growing(limits);
    for (const LoadRow& row : recorded_rows()) loads.add(row);
    const auto sets = sets_of(loads);
    ASSERT_THAT(sets, SizeIs(2));
    for (std::size_t unit = 0; unit < 2; ++unit) {
      expect_part(sets[unit], whole[unit], kWindows - 5, kWindows);
      EXPECT_THAT(sets[unit].notes, Contains(HasSubstr("the newest 5 windows are shown")));
      EXPECT_THAT(sets[unit].notes, Contains(HasSubstr("7 older ones")));
    }
  }
}

TEST(RecordedLoads, CountsWithoutRanksNeedNoPartner) {
  RecordedLoads loads("a run");
  loads.add({0, 100, 3, "logical", std::nullopt, {1, 2}});
  auto sets = sets_of(loads);
  ASSERT_THAT(sets, SizeIs(1));
  EXPECT_EQ(sets[0].windows, (std::vector<LayerLoads>{{{1, 2}}}));
  loads.add({100, 200, 3, "logical", std::nullopt, {3, 4}});
  sets = sets_of(loads);
  EXPECT_EQ(sets[0].windows, (std::vector<LayerLoads>{{{1, 2}}, {{3, 4}}}));
}

}  // namespace
}  // namespace moescope
