// Load dumps that are JSON documents of their own: snapshots of vLLM, {layer: {expert: tokens}}.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/loads/load_set.h"
#include "core/loads/open/open_loads.h"
#include "core/loads/open/sniff.h"
#include "core/open/file_kind.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_folder.h"
#include "tests/support/torch_writer.h"

namespace moescope {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class JsonDumps : public testing::Test {
 protected:
  LoadSet read(const std::string& text) {
    test::write_bytes(file(), text);
    return read_loads(file(), progress_);
  }
  std::string error(const std::string& text) {
    return test::error_of([&] { read(text); });
  }
  FileKind kind(const std::string& text) {
    test::write_bytes(file(), text);
    return kind_of_file(file());
  }
  std::filesystem::path file() const { return folder_ / "dump.json"; }

 private:
  test::TempFolder folder_;
  Progress progress_;
};

/// Two layers of four slots on two GPUs, three experts; the second snapshot has another placement.
const std::string kFirst =
    R"({"step":3000,"window_expert_load":[[5,1,2,3],[1,1,1,1]],"latest_expert_load":[[1,0,0,0],[0,0,0,1]],)"
    R"("physical_to_logical_map":[[0,1,2,0],[0,1,2,0]]})";
const std::string kSecond =
    R"({"step":6000,"window_expert_load":[[5,1,2,3],[1,1,1,1]],"latest_expert_load":[[1,0,0,0],[0,0,0,1]],)"
    R"("physical_to_logical_map":[[2,1,0,2],[0,1,2,0]]})";
const std::string kFacts =
    R"("model_name":"m","world_size":2,"num_moe_layers":2,"num_physical_experts":4,)"
    R"("num_logical_experts":3,"num_redundant_experts":1,"window_size":1000)";

void expect_both_snapshots(const LoadSet& loads) {
  EXPECT_EQ(loads.format, "vLLM load snapshots");
  EXPECT_EQ(loads.engine, "vllm");
  EXPECT_EQ(loads.experts, 3);
  EXPECT_EQ(loads.num_gpus, 2);
  EXPECT_THAT(loads.windows,
              ElementsAre(LayerLoads{{8, 1, 2}, {2, 1, 1}}, LayerLoads{{2, 1, 8}, {2, 1, 1}}));
  EXPECT_THAT(loads.measured, ElementsAre(LayerLoads{{6, 5}, {2, 2}}, LayerLoads{{6, 5}, {2, 2}}));
  ASSERT_TRUE(loads.running_map);
  EXPECT_THAT(*loads.running_map, ElementsAre(ElementsAre(2, 1, 0, 2), ElementsAre(0, 1, 2, 0)));
  EXPECT_TRUE(loads.ordered_in_time);
  EXPECT_THAT(loads.notes, Contains(HasSubstr("placement changed once")));
  EXPECT_THAT(loads.notes, Contains(HasSubstr("steps from before")));
}

TEST_F(JsonDumps, SnapshotsAreCountedWithTheirOwnPlacement) {
  expect_both_snapshots(read("{" + kFacts + R"(,"snapshots":[)" + kFirst + "," + kSecond + "]}"));
  expect_both_snapshots(read(R"({"snapshots":[)" + kFirst + "," + kSecond + "]," + kFacts + "}"));
}

TEST_F(JsonDumps, SnapshotsMayBeLines) {
  const auto line = [](const std::string& snapshot) {
    return "{" + kFacts + "," + snapshot.substr(1) + "\n";
  };
  expect_both_snapshots(read(line(kFirst) + line(kSecond)));
  const auto cut = read(line(kFirst) + line(kSecond).substr(0, 80));
  EXPECT_EQ(cut.windows.size(), 1U);
  EXPECT_THAT(cut.notes, Contains(HasSubstr("cut off")));
}

TEST_F(JsonDumps, SnapshotsWithoutTheWindowHaveTheLastStep) {
  const auto loads = read(
      R"({"snapshots":[{"step":1,"latest_expert_load":[[4,6]],"physical_to_logical_map":[[1,0]]}]})");
  EXPECT_THAT(loads.windows, ElementsAre(LayerLoads{{6, 4}}));
  EXPECT_THAT(loads.notes, Contains(HasSubstr("last step only")));
}

TEST_F(JsonDumps, SnapshotsThatShareStepsOrGoBackAreNoted) {
  const auto snapshot = [](int step) {
    return R"({"step":)" + std::to_string(step) +
           R"(,"window_expert_load":[[4,6]],"physical_to_logical_map":[[1,0]]})";
  };
  const auto document = [&](int a, int b) {
    return R"({"window_size":100,"snapshots":[)" + snapshot(a) + "," + snapshot(b) + "]}";
  };
  EXPECT_THAT(read(document(100, 150)).notes, Contains(HasSubstr("share steps")));
  EXPECT_THAT(read(document(100, 200)).notes, Not(Contains(HasSubstr("share steps"))));
  EXPECT_FALSE(read(document(200, 100)).ordered_in_time);
}

TEST_F(JsonDumps, BrokenSnapshotsAreErrorsThatNameThePlace) {
  const auto in_list = [](const std::string& snapshot) {
    return R"({"snapshots":[)" + snapshot + "]}";
  };
  EXPECT_THAT(error(in_list(kFirst + R"(,{"step":1,"window_expert_load":[[1]]},7)")),
              HasSubstr("snapshot 2"));
  EXPECT_THAT(error(in_list(kFirst + R"(,{"window_expert_load":[["a"]]})")),
              HasSubstr("window_expert_load holds \"a\""));
  EXPECT_THAT(error(in_list(R"({"window_expert_load":[[1,2]]})")),
              HasSubstr("no physical_to_logical_map"));
  EXPECT_THAT(error(in_list(R"({"window_expert_load":[[1,2]],"physical_to_logical_map":[[0]]})")),
              Not(HasSubstr("no error")));
  EXPECT_THAT(
      error(in_list(R"({"step":"x","window_expert_load":[[1]],"physical_to_logical_map":[[0]]})")),
      HasSubstr("step"));
  EXPECT_THAT(error(R"({"x_expert_load":1,"snapshots":[]})"), HasSubstr("no record of loads"));
  EXPECT_THAT(error(in_list(kFirst).substr(0, 100)), HasSubstr("cut off"));
}

TEST_F(JsonDumps, LayersOfExpertsAreOneWindow) {
  const auto loads = read(R"({"layer_4": {"0": 5, "2": 7}, "layer_3": {"1": 1.5}})");
  EXPECT_THAT(loads.windows, ElementsAre(LayerLoads{{0, 1.5, 0}, {5, 0, 7}}));
  EXPECT_THAT(loads.layer_ids, ElementsAre(3, 4));
  EXPECT_EQ(loads.experts, 3);
}

TEST_F(JsonDumps, LayersOfExpertsMayHaveWindows) {
  const LayerLoads first = {{1, 2}}, second = {{3, 4}};
  const auto list = read(R"([{"0":{"0":1,"1":2}},{"0":{"0":3,"1":4}}])");
  EXPECT_THAT(list.windows, ElementsAre(first, second));
  EXPECT_TRUE(list.ordered_in_time);
  const auto named = read(R"({"iter 100":{"0":{"0":1,"1":2}},"iter 200":{"0":{"0":3,"1":4}}})");
  EXPECT_THAT(named.windows, ElementsAre(first, second));
  EXPECT_TRUE(named.ordered_in_time);
  EXPECT_FALSE(read(R"({"2":{"0":{"0":1,"1":2}},"1":{"0":{"0":3,"1":4}}})").ordered_in_time);
}

TEST_F(JsonDumps, BrokenLayersOfExpertsAreErrors) {
  for (const char* text :
       {R"({"0":{"0":1)", R"({"0":{"0":1,"0":2}})", R"({"0":{"0":1},"0":{"0":1}})",
        R"({"0":{"0":1},"1":2})", R"({"0":{"0":1,"x":2}})", R"({"0":{"0":1},"x":{"0":1}})",
        R"({"0":{"0":1,"1":-2}})", R"({"0":{"0":1,"1":"2"}})", R"({"0":{"0":1,"1":[2]}})",
        R"({"0":{"0":1},"1":{"0":{"0":1}}})", R"({"0":{"0":{"0":1,"1":{"0":1}}}})",
        R"({"0":{"0":1,"999999":1}})", R"([{"0":{"0":1}},[{"0":{"0":1}}]])"})
    EXPECT_THAT(error(text), Not("no error")) << text;
  EXPECT_THAT(error(R"({"0":{"0":1,"1":null}})"), HasSubstr("0, 1"));
}

TEST_F(JsonDumps, AreLoadsForTheWindowAndNotPlans) {
  EXPECT_EQ(kind("{" + kFacts + R"(,"snapshots":[)" + kFirst + "]}"), FileKind::Loads);
  EXPECT_EQ(
      kind(R"({"snapshots":[{"physical_to_logical_map":[[1,0]],"latest_expert_load":[[4,6]]}]})"),
      FileKind::Loads);
  EXPECT_EQ(kind(R"({"layer_4": {"0": 5, "2": 7}})"), FileKind::Loads);
  EXPECT_EQ(kind(R"([{"0": {"0": 5, "2": 7}}])"), FileKind::Loads);
  EXPECT_EQ(kind(R"({"schema":1,"physical_to_logical_map":[[1,0]]})"), FileKind::Plan);
  EXPECT_EQ(kind(R"({"a": {"b": 5}})"), FileKind::Trace);
  EXPECT_EQ(kind(R"({"0": {"0": "text"}})"), FileKind::Trace);
}

}  // namespace
}  // namespace moescope
