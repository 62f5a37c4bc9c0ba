// What SGLang's recorder can write beside the plain case: wrapped buffers, several dumps, draft
// models, restarts, other element types; and the torch archives that are no dumps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/loads/engine_figures.h"
#include "core/loads/load_set.h"
#include "core/loads/read/row_order.h"
#include "core/loads/read/torch_plan.h"
#include "tests/support/engine_dumps.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace test;

class SglangDumps : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& bytes) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    write_bytes(folder_ / name, bytes);
    return folder_ / name;
  }
  LoadSet read(const std::filesystem::path& path, const LoadReading& reading = {}) {
    return read_loads(path, progress_, reading);
  }
  std::string error(const std::filesystem::path& path) {
    try {
      read(path);
      return "";
    } catch (const Error& e) {
      return e.what();
    }
  }
  TempFolder folder_;
  Progress progress_;
};

std::string time_name(const std::string& time, int rank) {
  return "d/expert_distribution_recorder_" + time + "_" + std::to_string(rank) + ".pt";
}

// ---- order of rows

TEST(RowOrder, ABufferThatIsNotFullIsInOrderBehindItsUnusedRows) {
  EXPECT_THAT(order_of_rows({true, true, true, false, false}, false).rows,
              ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(order_of_rows({false, false, true, true, false}, false).rows,
              ElementsAre(2, 3, 4, 0, 1));
  EXPECT_THAT(order_of_rows({false, false, true, true}, false).note, IsEmpty());
  const auto wrapped = order_of_rows({true, false, false, true, true}, false);
  EXPECT_THAT(wrapped.rows, ElementsAre(3, 4, 0, 1, 2));
  EXPECT_TRUE(wrapped.known);
  EXPECT_THAT(wrapped.note, HasSubstr("rows from 3 on come before rows 0..0"));
}

TEST(RowOrder, CannotBeKnownOfFullBuffersAndOfSeveralGaps) {
  EXPECT_FALSE(order_of_rows({true, true, true}, false).known);
  EXPECT_FALSE(order_of_rows({true, false, true, false, true, false}, false).known);
  EXPECT_TRUE(order_of_rows({true}, false).known);
  EXPECT_TRUE(order_of_rows({false, true}, false).known);
  EXPECT_TRUE(order_of_rows({false, false}, false).known);
}

TEST_F(SglangDumps, TheUserCanSayThatAFullBufferIsInOrder) {
  const auto file = write("a.pt", stat_file({2, 1, 2}, {1, 2, 3, 4}));
  EXPECT_FALSE(read(file).ordered_in_time);
  LoadReading reading;
  reading.in_order = true;
  EXPECT_TRUE(read(file, reading).ordered_in_time);
}

// ---- several dumps, restarts

TEST_F(SglangDumps, DumpsOfOneServerFollowOneAnotherEachWithItsPlacement) {
  // The later file name comes first in the alphabet of ranks: times decide.
  write(time_name("1000.5", 1), per_pass_file(1, {0, 1}, {{1, 1, {1, 0}}}));
  write(time_name("1000.6", 0), per_pass_file(1, {0, 1}, {{1, 0, {5, 7}}}));
  write(time_name("999.5", 0), per_pass_file(1, {1, 0}, {{0, 0, {3, 4}}}));
  write(time_name("999.4", 1), per_pass_file(1, {1, 0}, {{0, 1, {0, 0}}}));
  const auto loads = read(folder_ / "d");
  EXPECT_THAT(loads.windows, ElementsAre(LayerLoads{{4, 3}}, LayerLoads{{6, 7}}));
  EXPECT_THAT(loads.running_map.value(), ElementsAre(ElementsAre(0, 1)));
  EXPECT_THAT(loads.notes, Contains(HasSubstr("2 dumps of one server")));
  EXPECT_EQ(loads.num_gpus, 2);
  EXPECT_THAT(loads.measured, ElementsAre(LayerLoads{{3, 4}}, LayerLoads{{6, 7}}));
}

TEST_F(SglangDumps, ARestartedServerIsRefusedNotSummed) {
  for (int rank = 0; rank < 2; ++rank) {
    write(time_name("100." + std::to_string(rank), rank),
          per_pass_file(1, {0, 1}, {{0, rank, {1, 2}}, {1, rank, {1, 2}}}));
    write(time_name("900." + std::to_string(rank), rank),
          per_pass_file(1, {0, 1}, {{1, rank, {3, 4}}}));
  }
  const auto text = error(folder_ / "d");
  EXPECT_THAT(text, HasSubstr("pass 1"));
  EXPECT_THAT(text, HasSubstr("in two recordings"));
  EXPECT_THAT(text, HasSubstr("separate folder"));
}

TEST_F(SglangDumps, FilesOfAnotherPlacementOrOtherPassesAreNotMixedIn) {
  write(time_name("100.0", 0), per_pass_file(1, {0, 1}, {{0, 0, {1, 2}}}));
  write(time_name("100.1", 1), per_pass_file(1, {1, 0}, {{0, 1, {1, 2}}}));
  EXPECT_THAT(error(folder_ / "d"), HasSubstr("last_physical_to_logical_map"));
  // The file of rank 1 is of a later dump, whose rank 0 is missing.
  write(time_name("100.1", 1), per_pass_file(1, {0, 1}, {{9, 1, {1, 2}}}));
  EXPECT_THAT(error(folder_ / "d"), HasSubstr("other ranks"));
  write(time_name("100.1", 1), per_pass_file(2, {0, 1, 0, 1}, {{0, 1, {1, 2, 3, 4}}}));
  EXPECT_THAT(error(folder_ / "d"), HasSubstr("2 layers of 2 slots"));
}

TEST_F(SglangDumps, PassesThatSomeRanksLackAreReported) {
  write(time_name("100.0", 0), per_pass_file(1, {0, 1}, {{0, 0, {1, 2}}, {1, 0, {1, 2}}}));
  write(time_name("100.1", 1), per_pass_file(1, {0, 1}, {{1, 1, {1, 2}}}));
  EXPECT_THAT(read(folder_ / "d").notes, Contains(HasSubstr("1 of 2 passes lack")));
}

TEST_F(SglangDumps, PassesOfADraftModelAreZeroAndShareTheNumbers) {
  const auto file =
      write("a.pt",
            per_pass_file(
                1, {0, 1},
                {{1, 0, {0, 0}}, {1, 0, {3, 4}}, {2, 0, {5, 6}}, {2, 0, {0, 0}}, {3, 0, {0, 0}}}));
  EXPECT_THAT(read(file).windows, ElementsAre(LayerLoads{{3, 4}}, LayerLoads{{5, 6}}));
  EXPECT_THAT(error(write("b.pt", per_pass_file(1, {0, 1}, {{1, 0, {1, 2}}, {1, 0, {3, 4}}}))),
              HasSubstr("stands twice"));
  // Two micro-batches of one pass.
  EXPECT_THAT(
      read(write("c.pt",
                 per_pass_file(1, {0, 1}, {{1, 0, {1, 2}, "child_a"}, {1, 0, {3, 4}, "child_b"}})))
          .windows,
      ElementsAre(LayerLoads{{4, 6}}));
}

TEST_F(SglangDumps, EmptySlotsCountNothing) {
  const auto file = write("a.pt", per_pass_file(1, {0, 1, -1}, {{0, 0, {1, 2, 0}}}));
  EXPECT_THAT(read(file).windows, ElementsAre(LayerLoads{{1, 2}}));
  EXPECT_NE(error(write("b.pt", per_pass_file(1, {0, 1, -1}, {{0, 0, {1, 2, 3}}}))), "");
  EXPECT_NE(error(write("c.pt", per_pass_file(1, {0, 1, -2}, {{0, 0, {1, 2, 0}}}))), "");
}

TEST_F(SglangDumps, RecordsWithoutARankTakeItFromTheName) {
  const auto record = [](int count) {
    return torch_archive(
        pickled(p_dict(
            {{"records", p_list({p_dict({{"forward_pass_id", p_int(4)},
                                         {"global_physical_count", p_tensor("1", {1, 2})}})})},
             {"last_physical_to_logical_map", p_tensor("0", {1, 2})}})),
        {int32_bytes({0, 1}), int32_bytes({count, 1})});
  };
  write("e/x_0.pt", record(5));
  write("e/x_1.pt", record(6));
  const auto loads = read(folder_ / "e");
  EXPECT_THAT(loads.windows, ElementsAre(LayerLoads{{11, 2}}));
  EXPECT_EQ(loads.num_gpus, 2);
}

// ---- SGLang before 0.4.6.post1

TEST_F(SglangDumps, TheOldRecordersListIsRead) {
  const auto loads = read(write("expert_distribution_rank0_timestamp1.csv",
                                "layer_id,expert_id,count\n3,0,5\n3,2,7\n4,1,1\n"));
  EXPECT_EQ(loads.format, "SGLang recorder (CSV)");
  EXPECT_THAT(loads.layer_ids, ElementsAre(3, 4));
  EXPECT_THAT(loads.windows, ElementsAre(LayerLoads{{5, 0, 7}, {0, 1, 0}}));
  for (const char* rows :
       {"", "3,0\n", "3,0,1,2\n", "-1,0,1\n", "5000,0,1\n", "1.5,0,1\n", "3,0,-4\n", "3,99999,1\n"})
    EXPECT_NE(error(write("b.csv", std::string("layer_id,expert_id,count\n") + rows)), "") << rows;
}

// ---- tensors

TEST_F(SglangDumps, TensorsOfAllElementTypesAreRead) {
  const auto bare = [&](const std::string& type, const std::string& bytes) {
    return read(write("t.pt", torch_archive(pickled(p_tensor("0", {1, 2}, type)), {bytes})))
        .windows[0][0];
  };
  EXPECT_THAT(bare("HalfStorage", little(0x3c00, 2) + little(0x6400, 2)), ElementsAre(1, 1024));
  EXPECT_THAT(bare("HalfStorage", little(0x0001, 2) + little(0x0000, 2)),
              ElementsAre(std::ldexp(1, -24), 0));
  EXPECT_THAT(bare("BFloat16Storage", little(0x3f80, 2) + little(0x4380, 2)), ElementsAre(1, 256));
  EXPECT_THAT(bare("LongStorage", little(7, 8) + little(9, 8)), ElementsAre(7, 9));
  EXPECT_THAT(bare("FloatStorage", little(0x40a00000, 4) + little(0, 4)), ElementsAre(5, 0));
  EXPECT_THAT(error(write("i.pt", torch_archive(pickled(p_tensor("0", {1, 2}, "HalfStorage")),
                                                {little(0x7c00, 2) + little(0, 2)}))),
              HasSubstr("inf"));
}

TEST_F(SglangDumps, TypedTensorsOfNewTorchAreRead) {
  const std::string tensor = "ctorch._utils\n_rebuild_tensor_v3\n((" + p_text("storage") +
                             "ctorch.storage\nUntypedStorage\n" + p_text("0") + p_text("cpu") +
                             p_int(8) + "tQK" + std::string(1, '\0') + p_tuple({1, 4}) +
                             p_tuple({4, 1}) +
                             "\x89"
                             "ccollections\nOrderedDict\n)Rctorch\nuint16\ntR";
  const auto bytes = little(1, 2) + little(60000, 2) + little(1, 2) + little(2, 2);
  EXPECT_THAT(read(write("a.pt", torch_archive(pickled(tensor), {bytes}))).windows,
              ElementsAre(LayerLoads{{1, 60000, 1, 2}}));
}

TEST_F(SglangDumps, ManyTensorsOfOneLargeStorageDoNotReadItForever) {
  // Each record is a view at the end of a storage of 1 MiB.
  std::vector<std::string> records;
  for (int i = 0; i < 4000; ++i)
    records.push_back(
        p_dict({{"forward_pass_id", p_int(i)},
                {"global_physical_count", "ctorch._utils\n_rebuild_tensor_v2\n((" +
                                              p_text("storage") + "ctorch\nIntStorage\n" +
                                              p_text("1") + p_text("cpu") + p_int(262144) + "tQ" +
                                              p_int(262142) + p_tuple({1, 2}) + p_tuple({2, 1}) +
                                              "\x89"
                                              "ccollections\nOrderedDict\n)RtR"}}));
  const auto file =
      torch_archive(pickled(p_dict({{"records", p_list(records)},
                                    {"last_physical_to_logical_map", p_tensor("0", {1, 2})}})),
                    {int32_bytes({0, 1}), std::string(1 << 20, '\1')});
  EXPECT_THAT(error(write("a.pt", file)), HasSubstr("more tensors than a load dump has"));
}

// ---- placements

TEST_F(SglangDumps, APlanOfSglangIsTheMapInItsFile) {
  const auto file = write(
      "plan.pt",
      torch_archive(
          pickled(p_dict({{"physical_to_logical_map", p_tensor("0", {2, 3}, "LongStorage")}})),
          {int64_bytes({0, 1, 0, 1, 0, 1})}));
  const auto plan = read_torch_plan(file, progress_);
  EXPECT_THAT(plan.map, ElementsAre(ElementsAre(0, 1, 0), ElementsAre(1, 0, 1)));
  EXPECT_FALSE(plan.gpus);
  EXPECT_THAT(error(file), HasSubstr("as a plan"));
}

TEST_F(SglangDumps, TheLastMapOfADumpIsAPlan) {
  write(time_name("100.0", 0), per_pass_file(1, {0, 1, 0, 1}, {{0, 0, {1, 2, 3, 4}}}));
  write(time_name("100.1", 1), per_pass_file(1, {0, 1, 0, 1}, {{0, 1, {1, 2, 3, 4}}}));
  const auto plan = read_torch_plan(folder_ / "d", progress_);
  EXPECT_THAT(plan.map, ElementsAre(ElementsAre(0, 1, 0, 1)));
  EXPECT_EQ(plan.gpus, 2);
  EXPECT_THAT(plan.notes, Contains(HasSubstr("last placement")));
  const auto alone = read_torch_plan(folder_ / time_name("100.1", 1), progress_);
  EXPECT_EQ(alone.map, plan.map);
  EXPECT_FALSE(alone.gpus);  // a file does not say how many there are
  write(time_name("100.1", 1), per_pass_file(1, {0, 1, 1, 1}, {{0, 1, {1, 2, 3, 4}}}));
  EXPECT_THROW(read_torch_plan(folder_ / "d", progress_), Error);
  EXPECT_THROW(read_torch_plan(write("s.pt", stat_file({1, 1, 2}, {1, 2})), progress_), Error);
  EXPECT_THROW(read_torch_plan(folder_ / "none.pt", progress_), Error);
}

TEST(LoadsOfPlan, APlanOfAllLayersOfTheModelHasNoLoadInDenseOnes) {
  LoadSet loads;
  loads.experts = 2;
  loads.layer_ids = {1, 3};
  loads.windows = {{{3, 1}, {2, 2}}, {{1, 3}, {5, 6}}};
  loads.measured = {{{4}, {4}}, {{4}, {11}}};
  Plan plan;
  plan.num_experts = 2;
  plan.physical_to_logical.assign(4, {0, 1});
  EXPECT_EQ(loads_of_plan(loads, plan, 0, 2), (LayerLoads{{0, 0}, {4, 4}, {0, 0}, {7, 8}}));
  const auto all = layers_of_plan(loads, plan);
  EXPECT_EQ(all.windows[1], (LayerLoads{{0, 0}, {1, 3}, {0, 0}, {5, 6}}));
  EXPECT_EQ(all.measured[1], (LayerLoads{{0}, {4}, {0}, {11}}));
  plan.layer_ids = {0, 1, 2, 3};  // it says so, and layer 0 has no loads
  EXPECT_THROW(loads_of_plan(loads, plan, 0, 2), Error);
  plan.layer_ids = {3};
  plan.physical_to_logical.resize(1);
  EXPECT_EQ(loads_of_plan(loads, plan, 0, 1), (LayerLoads{{2, 2}}));
}

// ---- figures

TEST(EngineFigures, AreMeansOfRatiosAndDenseLayersCountOneForSglang) {
  LoadSet loads;
  loads.experts = 2;
  loads.windows = {{{3, 1}, {2, 2}}, {{1, 3}, {0, 0}}};
  loads.num_gpus = 2;
  loads.dropped_layers = 2;
  const auto figures = engine_figures(loads, 0, 2, {});
  ASSERT_TRUE(figures);
  EXPECT_FALSE(figures->measured);
  // (2/3 + 1 + 1 + 1) / 4 in both windows: a layer without tokens is balanced.
  EXPECT_NEAR(figures->sglang_balancedness, (2.0 / 3 + 3) / 4, 1e-5);
  EXPECT_NEAR(figures->vllm_balancedness, (4.0 / 5 + 2.0 / 3) / 2, 1e-12);
  EXPECT_THAT(figures->trtllm_imbalance_ratio, ElementsAre(0.5, 0));
  EXPECT_DOUBLE_EQ(figures->trtllm_average, 0.25);
  EXPECT_FALSE(engine_figures(loads, 0, 2, 3));
  loads.num_gpus.reset();
  EXPECT_FALSE(engine_figures(loads, 0, 2, {}));
}

TEST(SumWindows, ButThoseThatTheyAreComparedWith) {
  LoadSet loads;
  loads.experts = 1;
  for (const double v : {1, 2, 4, 8}) loads.windows.push_back({{v}});
  EXPECT_EQ(sum_windows_but(loads, 0, 4, 0, 2), (LayerLoads{{12}}));
  EXPECT_EQ(sum_windows_but(loads, 0, 4, 1, 3), (LayerLoads{{9}}));
  EXPECT_EQ(sum_windows_but(loads, 0, 4, 3, 4), (LayerLoads{{7}}));
  EXPECT_EQ(sum_windows_but(loads, 2, 4, 0, 2), (LayerLoads{{12}}));  // nothing in common
  EXPECT_EQ(sum_windows_but(loads, 1, 3, 0, 4), (LayerLoads{{6}}));   // nothing would be left
}

}  // namespace
}  // namespace moescope
