// Loads of recordings: windows, units, plans, and the notes when something is missing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/loads/load_set.h"
#include "core/loads/open/sniff.h"
#include "core/trace/file/moetrace_writer.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// Writes a recording of a prefill unit (ranks 0, 1) and a decode unit (ranks 2, 3) with layers 3
/// and 4, four experts and two slots per rank.
class RecordingLoads : public testing::Test {
 protected:
  void SetUp() override {
    writer = std::make_unique<MoetraceWriter>(path);
    for (int rank = 0; rank < 4; ++rank) {
      Process process;
      process.label = "rank " + std::to_string(rank);
      process.name = rank < 2 ? "moescope-node prefill unit" : "moescope-node decode unit";
      process.rank = rank;
      writer->add_process(process);
    }
  }
  void add(TimeNs begin, TimeNs end, int layer, std::vector<std::uint32_t> experts,
           std::map<int, std::vector<std::uint32_t>> slots) {
    if (!experts.empty())
      writer->add_loads({begin, end, layer, "logical", std::nullopt, std::move(experts)});
    for (auto& [rank, counts] : slots)
      writer->add_loads({begin, end, layer, "physical", rank, std::move(counts)});
  }
  void addPlan(const std::string& name, const std::string& rows, TimeNs time = 0) {
    writer->add_plan({time, name,
                      R"({"schema":1,"num_gpus":2,"num_nodes":2,"num_groups":2,"layer_ids":[3,4],)"
                      R"("num_experts":4,"physical_to_logical_map":)" +
                          rows + "}"});
  }
  void addPrefill() {
    add(0, 100, 3, {1, 2, 3, 4}, {{0, {1, 2}}, {1, {3, 4}}});
    add(0, 100, 4, {5, 5, 5, 5}, {{0, {5, 5}}, {1, {5, 5}}});
    add(100, 200, 3, {2, 0, 0, 0}, {{0, {2, 0}}, {1, {0, 0}}});
    add(100, 200, 4, {0, 0, 0, 1}, {{0, {0, 0}}, {1, {0, 1}}});
  }
  std::vector<LoadSet> read() {
    Progress progress;
    writer->finish(progress);
    return read_load_sets(path, progress);
  }

  test::TempFolder folder;
  std::filesystem::path path = folder / "a.moetrace";
  std::unique_ptr<MoetraceWriter> writer;
};

TEST_F(RecordingLoads, WindowsHaveTimesLayersAndGpuCounts) {
  addPrefill();
  const auto sets = read();
  ASSERT_THAT(sets, SizeIs(1));
  const LoadSet& loads = sets[0];
  EXPECT_EQ(loads.unit, "prefill");
  EXPECT_THAT(loads.windows, ElementsAre(LayerLoads{{1, 2, 3, 4}, {5, 5, 5, 5}},
                                         LayerLoads{{2, 0, 0, 0}, {0, 0, 0, 1}}));
  EXPECT_THAT(loads.times, ElementsAre(WindowTime{0, 100}, WindowTime{100, 200}));
  EXPECT_THAT(loads.layer_ids, ElementsAre(3, 4));
  EXPECT_EQ(loads.num_gpus, 2);
  EXPECT_THAT(loads.measured,
              ElementsAre(LayerLoads{{3, 7}, {10, 10}}, LayerLoads{{2, 0}, {0, 1}}));
  EXPECT_THAT(loads.notes, IsEmpty());
}

TEST_F(RecordingLoads, LostTimesAreReported) {
  addPrefill();
  writer->add_loss({LossKind::DroppedLoads, {}, {}, {1'000'000'000, 2'000'000'000}, 7, "too slow"});
  writer->add_loss({LossKind::DroppedSpans, ProcessId{0}, {}, {0, 5}, 1, "a ring was full"});
  const auto sets = read();
  ASSERT_THAT(sets, SizeIs(1));
  ASSERT_THAT(sets[0].notes, SizeIs(1)) << "lost spans say nothing of loads";
  EXPECT_THAT(sets[0].notes[0], HasSubstr("7 rows of loads were dropped at times between 1.000 and "
                                          "2.000 s"));
  EXPECT_THAT(sets[0].notes[0], HasSubstr("too slow"));
}

TEST_F(RecordingLoads, UnitsAreApartAndReadLoadsSaysWhichItTook) {
  addPrefill();
  add(0, 100, 3, {9, 0, 0, 0}, {{2, {9, 0}}, {3, {0, 0}}});
  add(0, 100, 4, {0, 9, 0, 0}, {{2, {0, 9}}, {3, {0, 0}}});
  const auto sets = read();
  ASSERT_THAT(sets, SizeIs(2));
  EXPECT_EQ(sets[0].unit, "prefill");
  EXPECT_EQ(sets[1].unit, "decode");
  EXPECT_THAT(sets[1].windows, ElementsAre(LayerLoads{{9, 0, 0, 0}, {0, 9, 0, 0}}));
  Progress progress;
  const auto first = read_loads(path, progress);
  EXPECT_EQ(first.windows.size(), 2U);
  EXPECT_THAT(first.notes, Contains(HasSubstr("these are of the prefill unit")));
}

TEST_F(RecordingLoads, ThePlanGivesMapNodesAndGroups) {
  addPrefill();
  addPlan("start", "[[0,1,2,3],[3,2,1,0]]");
  const auto loads = read()[0];
  ASSERT_TRUE(loads.running_map);
  EXPECT_THAT((*loads.running_map)[1], ElementsAre(3, 2, 1, 0));
  EXPECT_EQ(loads.num_nodes, 2);
  EXPECT_EQ(loads.num_groups, 2);
}

TEST_F(RecordingLoads, APlanOfTheUnitGoesBeforeACommonOneAndChangesAreReported) {
  addPrefill();
  addPlan("prefill start", "[[0,1,2,3],[0,1,2,3]]");
  addPlan("decode start", "[[3,2,1,0],[3,2,1,0]]", 10);
  addPlan("prefill epoch 1", "[[1,0,2,3],[0,1,2,3]]", 20);
  const auto loads = read()[0];
  EXPECT_THAT((*loads.running_map)[0], ElementsAre(1, 0, 2, 3));
  EXPECT_THAT(loads.notes, Contains(HasSubstr("the plan changed once")));
}

TEST_F(RecordingLoads, PlansThatDoNotFitAreNotUsed) {
  addPrefill();
  addPlan("start", "[[0,1,2,3]]");
  addPlan("broken", "[[0,1,2,9],[0,1,2,3]]");
  const auto loads = read()[0];
  EXPECT_FALSE(loads.running_map);
}

TEST_F(RecordingLoads, SlotsAloneAreFoldedByThePlan) {
  add(0, 100, 3, {}, {{0, {1, 2}}, {1, {3, 4}}});
  add(0, 100, 4, {}, {{0, {1, 2}}, {1, {3, 4}}});
  addPlan("start", "[[0,1,2,3],[3,2,1,0]]");
  EXPECT_THAT(read()[0].windows, ElementsAre(LayerLoads{{1, 2, 3, 4}, {4, 3, 2, 1}}));
}

TEST_F(RecordingLoads, SlotsWithoutAPlanAreAnError) {
  add(0, 100, 3, {}, {{0, {1, 2}}, {1, {3, 4}}});
  EXPECT_THROW(read(), Error);
}

TEST_F(RecordingLoads, AWindowThatWasCutOffIsLeftOut) {
  addPrefill();
  add(200, 300, 3, {1, 1, 1, 1}, {{0, {1, 1}}, {1, {1, 1}}});
  const auto loads = read()[0];
  EXPECT_EQ(loads.windows.size(), 2U);
  EXPECT_THAT(loads.notes, Contains(HasSubstr("1 of 3 windows lack some layers")));
}

TEST_F(RecordingLoads, EmptyWindowsTakeTheirTimesAlong) {
  add(0, 100, 3, {0, 0, 0, 0}, {{0, {0, 0}}, {1, {0, 0}}});
  add(0, 100, 4, {0, 0, 0, 0}, {{0, {0, 0}}, {1, {0, 0}}});
  add(100, 200, 3, {1, 0, 0, 0}, {{0, {1, 0}}, {1, {0, 0}}});
  add(100, 200, 4, {0, 0, 0, 1}, {{0, {0, 0}}, {1, {0, 1}}});
  const auto loads = read()[0];
  EXPECT_THAT(loads.times, ElementsAre(WindowTime{100, 200}));
  EXPECT_THAT(loads.measured, SizeIs(1));
}

TEST_F(RecordingLoads, ARecordingWithoutLoadsIsAnError) {
  EXPECT_THROW(read(), Error);
  EXPECT_FALSE(has_recorded_loads(path));
  EXPECT_EQ(sniff_load_input(path), LoadInput::Recording);
}

}  // namespace
}  // namespace moescope
