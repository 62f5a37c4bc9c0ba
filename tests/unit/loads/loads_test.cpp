// Every load format: what is read, which pitfalls are noted, and that broken input is an error.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/loads/load_set.h"
#include "core/loads/metrics.h"
#include "tests/support/data.h"
#include "tests/support/moetrace_samples.h"
#include "tests/support/torch_writer.h"

namespace moescope {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace test;

class Loads : public testing::Test {
 protected:
  LoadSet read(const std::string& bytes, const std::string& name = "loads") {
    write_bytes(folder_ / name, bytes);
    return read_loads(folder_ / name, progress_);
  }
  /// The message of the error that reading gives; empty when it gives none.
  std::string error(const std::string& bytes, const std::string& name = "loads") {
    try {
      read(bytes, name);
      return "";
    } catch (const Error& e) {
      return e.what();
    }
  }
  TempFolder folder_;
  Progress progress_;
};

// ---- JSON

TEST_F(Loads, JsonOfTwoLevelsIsOneWindow) {
  const auto loads =
      read(R"({"model":"m","logical_count":[[1,2],[3,4]],"layer_ids":[3,4],"top_k":6})");
  EXPECT_THAT(loads.windows, ElementsAre(LayerLoads{{1, 2}, {3, 4}}));
  EXPECT_THAT(loads.layer_ids, ElementsAre(3, 4));
  EXPECT_EQ(loads.top_k, 6);
}

TEST_F(Loads, JsonOfThreeLevelsHasWindows) {
  const auto loads = read(R"({"logical_count":[[[1,2],[3,4]],[[0,0],[0,0]],[[5,6],[7,8]]]})");
  ASSERT_EQ(loads.windows.size(), 2U);  // the zero one is an unused buffer row
  EXPECT_THAT(loads.notes, Contains(HasSubstr("1 of 3 windows are all zero")));
  EXPECT_THAT(sum_windows(loads, 0, 2),
              ElementsAre(std::vector<double>{6, 8}, std::vector<double>{10, 12}));
}

TEST_F(Loads, DenseLayersAreLeftOutAndTheOthersKeepTheirNumbers) {
  const auto loads = read(R"({"logical_count":[[0,0],[3,4],[5,6]]})");
  EXPECT_EQ(loads.layers(), 2);
  EXPECT_THAT(loads.layer_ids, ElementsAre(1, 2));
}

TEST_F(Loads, BrokenJsonIsAnError) {
  for (const char* text :
       {"{", R"({"logical_count":})", R"({"logical_count":[[1,NaN]]})", R"({"logical_count":[]})",
        R"({"logical_count":[[1,2],[3]]})", R"({"logical_count":[[1,-2]]})",
        R"({"logical_count":[[1,"x"]]})", R"({"logical_count":[1,2]})", R"({"logical_count":7})",
        R"({"logical_count":[[[[1]]]]})", R"({"logical_count":[[1,2],[[3]]]})",
        R"({"logical_count":[[]]})", R"({"logical_count":[[1,null]]})",
        R"({"logical_count":[[1,1e400]]})", R"({"logical_count":[[1,2]],"layer_ids":[1,2,3]})",
        R"({"other":[[1,2]]})", "[[1,2]]", R"({"logical_count":[[1,2],{"a":3}]})"})
    EXPECT_NE(error(text), "") << text;
}

TEST_F(Loads, ErrorsNameThePlace) {
  EXPECT_THAT(error(R"({"logical_count":[[1,2],[3]]})"), HasSubstr("layer 1"));
  EXPECT_THAT(error(R"({"logical_count":[[1,-2]]})"), HasSubstr("expert 1"));
  // Their sum would be no number.
  EXPECT_THAT(error(R"({"logical_count":[[1,2,1e308]]})"), HasSubstr("expert 2"));
}

TEST_F(Loads, ADumpOfLocalExpertsOnlyIsReported) {
  EXPECT_THAT(read(R"({"logical_count":[[0,0,3,4,0,0,0,0],[0,0,5,1,0,0,0,0]]})").notes,
              Contains(HasSubstr("only experts 2..3 of 8")));
  EXPECT_THAT(read(R"({"logical_count":[[0,0,3,4,0,0,0,2]]})").notes, IsEmpty());
}

TEST_F(Loads, RealEsftCounts) {
  MOESCOPE_REQUIRE_DATA("esft_intent_logical_count.json");
  const auto loads = read_loads(shared_data("esft_intent_logical_count.json"), progress_);
  EXPECT_EQ(loads.layers(), 26);
  EXPECT_EQ(loads.experts, 64);
  EXPECT_EQ(loads.layer_ids.front(), 1);
  // Identity placement on 8 ranks: 1.44 on average.
  const auto sum = sum_windows(loads, 0, static_cast<int>(loads.windows.size()));
  std::vector<int> row(64);
  for (int e = 0; e < 64; ++e) row[static_cast<std::size_t>(e)] = e;
  double mean = 0;
  for (const auto& layer : sum) mean += unevenness(gpu_loads(row, layer, 8)).max_over_mean / 26;
  EXPECT_NEAR(mean, 1.44, 0.005);
}

TEST_F(Loads, RealRoutesCountLikeTheJsonOfTheSameTexts) {
  MOESCOPE_REQUIRE_DATA("esft_intent_topk_ids.safetensors");
  const auto routes = read_loads(shared_data("esft_intent_topk_ids.safetensors"), progress_);
  const auto counts = read_loads(shared_data("esft_intent_logical_count.json"), progress_);
  EXPECT_EQ(routes.routes.tokens(), 8222U);
  EXPECT_EQ(routes.layer_ids, counts.layer_ids);
  ASSERT_GE(counts.windows.size(), routes.windows.size());
  for (std::size_t w = 0; w < routes.windows.size(); ++w)
    EXPECT_EQ(routes.windows[w], counts.windows[w]);
}

// ---- tables

TEST_F(Loads, CsvRowsAreLayersAndEmptyLinesSeparateWindows) {
  const auto loads = read("1, 2,3\n4,5,6\r\n\n7,8,9\n10,11,12\n");
  EXPECT_THAT(loads.windows,
              ElementsAre(LayerLoads{{1, 2, 3}, {4, 5, 6}}, LayerLoads{{7, 8, 9}, {10, 11, 12}}));
  for (const char* text : {"", "\n\n", "1,2\n3\n", "1,x\n", "1,,2\n", "1,-2\n", "1,nan\n", "1,2,\n",
                           "1,2\n\n1,2\n3,4\n"})
    EXPECT_NE(error(text), "") << text;
}

std::string npy(const std::string& header, const std::string& data) {
  return std::string("\x93NUMPY\x01\x00", 8) + little(header.size(), 2) + header + data;
}

TEST_F(Loads, Npy) {
  const auto data = int32_bytes({1, 2, 3, 4, 5, 6});
  const auto loads =
      read(npy("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }\n", data));
  EXPECT_THAT(loads.windows, ElementsAre(LayerLoads{{1, 2, 3}, {4, 5, 6}}));
  EXPECT_EQ(read(npy("{'descr': '<i8', 'fortran_order': False, 'shape': (3, 1, 1)}", data))
                .windows.size(),
            3U);
  for (const char* header :
       {"{'descr': '<i4', 'fortran_order': False, 'shape': (2, 4)}",
        "{'descr': '<i4', 'fortran_order': True, 'shape': (2, 3)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (2, 3)}",
        "{'descr': '<i4', 'fortran_order': False, 'shape': (6,)}",
        "{'descr': '<i4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
        "{'descr': '<i4', 'fortran_order': False, 'shape': (0, 3)}",
        "{'descr': '<i4', 'fortran_order': False, 'shape': (2, x)}", "{}", ""})
    EXPECT_NE(error(npy(header, data)), "") << header;
  EXPECT_NE(error(std::string("\x93NUMPY\x01\x00\xff\xff", 10)), "");
}

// ---- vLLM

constexpr const char* kStats =
    R"({"record_type":"eplb_load_stats","version":1,"step":1,"num_ranks":2,"expert_load":[[5,1,2,3]],"p2l_map":[[0,1,2,0]]})";

TEST_F(Loads, VllmCountsEachRecordWithItsOwnMap) {
  const auto loads = read(
      std::string(kStats) + "\n" + R"({"record_type":"session_metadata","x":1})" + "\n" +
      R"({"record_type":"eplb_load_stats","version":1,"step":2,"num_ranks":2,"expert_load":[[5,1,2,3]],"p2l_map":[[2,1,0,2]]})" +
      "\n");
  EXPECT_THAT(loads.windows, ElementsAre(LayerLoads{{8, 1, 2}}, LayerLoads{{2, 1, 8}}));
  EXPECT_EQ(loads.num_gpus, 2);
  EXPECT_THAT(loads.notes, Contains(HasSubstr("changed once")));
  EXPECT_THAT(loads.running_map.value(), ElementsAre(ElementsAre(2, 1, 0, 2)));
}

TEST_F(Loads, VllmLaterRevisionHasAMetaLine) {
  const auto loads = read(
      std::string(R"({"record_type":"eplb_load_meta","version":1,"num_ranks":4,"num_layers":1})") +
      "\n" +
      R"({"record_type":"eplb_load_stats","version":1,"step":1,"expert_load":[[5,1,2,3]],"p2l_map":[[0,1,2,0]]})" +
      "\n" + R"({"record_type":"eplb_load_stats","version":1,"step":2,"expert_load":[[1,1,1,1]]})" +
      "\n");
  EXPECT_EQ(loads.num_gpus, 4);
  EXPECT_THAT(loads.windows, ElementsAre(LayerLoads{{8, 1, 2}}, LayerLoads{{2, 1, 1}}));
}

TEST_F(Loads, ACutOffLastLineIsReported) {
  const auto loads = read(std::string(kStats) + "\n" + std::string(kStats).substr(0, 60));
  EXPECT_EQ(loads.windows.size(), 1U);
  EXPECT_THAT(loads.notes, Contains(HasSubstr("cut off")));
}

TEST_F(Loads, BrokenVllmLinesAreErrors) {
  for (
      const char* line :
      {R"({"record_type":"eplb_load_stats","version":2,"expert_load":[[1]],"p2l_map":[[0]]})",
       R"({"record_type":"eplb_load_stats","version":1,"expert_load":[[1,2]],"p2l_map":[[0]]})",
       R"({"record_type":"eplb_load_stats","version":1,"expert_load":[[1]],"p2l_map":[[-1]]})",
       R"({"record_type":"eplb_load_stats","version":1,"expert_load":[["a"]],"p2l_map":[[0]]})",
       R"({"record_type":"eplb_load_stats","version":1,"expert_load":[[1]]})",
       R"({"record_type":"eplb_load_stats","version":1,"p2l_map":[[0]]})",
       R"({"record_type":"eplb_load_stats","version":1,"expert_load":[[1]],"p2l_map":[[99999999]]})",
       R"({"record_type":"eplb_load_meta","num_ranks":-3})", R"({"record_type":"other"})"})
    EXPECT_NE(error(std::string(line) + "\n"), "") << line;
  EXPECT_THAT(error(std::string(kStats) + "\n{broken\n" + kStats + "\n"), HasSubstr("line 2"));
}

TEST_F(Loads, RoutesByLine) {
  const auto loads =
      read("{\"topk_ids\":[[0,2],[1,1]],\"num_experts\":4}\n{\"topk_ids\":[[2,3],[1,-1]]}\n");
  EXPECT_THAT(loads.windows, ElementsAre(LayerLoads{{1, 0, 2, 1}, {0, 3, 0, 0}}));
  EXPECT_EQ(loads.routes.tokens(), 2U);
  for (const char* text :
       {"{\"topk_ids\":[]}\n", "{\"topk_ids\":[[0],[1]]}\n{\"topk_ids\":[[0]]}\n",
        "{\"topk_ids\":[[0,1]]}\n{\"topk_ids\":[[0]]}\n", "{\"topk_ids\":[[40000]]}\n",
        "{\"topk_ids\":[[-2]]}\n", "{\"topk_ids\":[[0.5]]}\n", "{\"topk_ids\":3}\n",
        "{\"topk_ids\":[[0]],\"num_experts\":99999999}\n"})
    EXPECT_NE(error(text), "") << text;
}

// ---- TensorRT-LLM

TEST_F(Loads, TensorRtSumsRanksAndKeepsLayerNumbers) {
  const auto dir = folder_ / "stat";
  std::filesystem::create_directory(dir);
  write_bytes(dir / "meta_info.json", R"({"num_experts":3,"num_experts_per_token":2})");
  write_bytes(dir / "rank0.safetensors", safetensors_of({{"100_3", {1, 2, 3}},
                                                         {"100_10", {0, 1, 0}},
                                                         {"102_3", {9, 9, 9}},
                                                         {"102_10", {1, 1, 1}}}));
  write_bytes(dir / "rank1.safetensors",
              safetensors_of({{"100_3", {10, 0, 0}}, {"100_10", {0, 0, 5}}}));
  write_bytes(dir / "rank1_raw.safetensors", "not read");
  auto loads = read_loads(dir, progress_);
  EXPECT_THAT(loads.layer_ids, ElementsAre(3, 10));
  EXPECT_THAT(loads.windows,
              ElementsAre(LayerLoads{{11, 2, 3}, {0, 1, 5}}, LayerLoads{{9, 9, 9}, {1, 1, 1}}));
  EXPECT_EQ(loads.num_gpus, 2);
  EXPECT_EQ(loads.top_k, 2);
  EXPECT_EQ(loads.engine, "trtllm");
  EXPECT_THAT(loads.by_source,
              ElementsAre(LayerLoads{{10, 11, 12}, {10, 0, 0}}, LayerLoads{{1, 2, 1}, {0, 0, 5}}));
  EXPECT_THAT(loads.notes, Contains(HasSubstr("1 of 3 iterations are missing")));
  write_bytes(dir / "rank3.safetensors", safetensors_of({{"100_3", {0, 0, 0}}}));
  EXPECT_THAT(read_loads(dir, progress_).notes, Contains(HasSubstr("last is rank 3")));
  EXPECT_TRUE(read_loads(dir, progress_).by_source.empty()) << "rank 2 is missing";
  write_bytes(dir / "rank3.safetensors", safetensors_of({{"100_3", {0, 0}}}));
  EXPECT_THROW(read_loads(dir, progress_), Error);
  write_bytes(dir / "rank3.safetensors", safetensors_of({{"100_3", {0, 0, 0}}}).substr(0, 70));
  EXPECT_THROW(read_loads(dir, progress_), Error);
  std::filesystem::remove(dir / "rank3.safetensors");
  write_bytes(dir / "meta_info.json", "{\"num_experts\":-3}");
  EXPECT_THROW(read_loads(dir, progress_), Error);
}

TEST_F(Loads, DamagedSafetensorsAreErrors) {
  const auto good = safetensors_of({{"topk_ids", {1, 2, 3}}});
  EXPECT_NE(error(good), "");  // not three dimensions
  const auto with = [](const std::string& header, const std::string& data) {
    return little(header.size(), 8) + header + data;
  };
  for (const char* header :
       {R"({"topk_ids":{"dtype":"I32","shape":[1,1,2],"data_offsets":[0,80]}})",
        R"({"topk_ids":{"dtype":"I32","shape":[1,1,2],"data_offsets":[8,0]}})",
        R"({"topk_ids":{"dtype":"I32","shape":[4294967296,4294967296,2],"data_offsets":[0,8]}})",
        R"({"topk_ids":{"dtype":"F8","shape":[1,1,2],"data_offsets":[0,8]}})",
        R"({"topk_ids":{"dtype":"I32","shape":[1,1,2]}})", R"({"topk_ids":7})", R"({"a)",
        R"({"topk_ids":{"dtype":"I32","shape":[1,-1,2],"data_offsets":[0,8]}})"})
    EXPECT_NE(error(with(header, int32_bytes({0, 1}))), "") << header;
  EXPECT_EQ(error(with(R"({"topk_ids":{"dtype":"I32","shape":[1,1,2],"data_offsets":[0,8]}})",
                       int32_bytes({0, 1}))),
            "");
}

// ---- SGLang .pt

std::string stat_dump(const std::vector<int>& shape, const std::vector<int>& values) {
  return torch_archive(pickled(p_dict({{"rank", p_int(0)},
                                       {"logical_count", p_tensor("0", shape)},
                                       {"average_utilization_rate_over_window", "N"}})),
                       {int32_bytes(values)});
}

TEST_F(Loads, SglangStatDropsUnusedRowsAndDenseLayers) {
  const auto loads = read(stat_dump({3, 2, 2}, {0, 0, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0}), "a.pt");
  EXPECT_EQ(loads.format, "SGLang recorder (stat)");
  EXPECT_THAT(loads.layer_ids, ElementsAre(1));
  EXPECT_EQ(loads.dropped_layers, 1);
  EXPECT_THAT(loads.windows, ElementsAre(LayerLoads{{1, 2}}, LayerLoads{{3, 4}}));
  EXPECT_TRUE(loads.ordered_in_time);
}

TEST_F(Loads, AFullSglangBufferHasNoOrderInTime) {
  const auto loads = read(stat_dump({2, 1, 2}, {1, 2, 3, 4}), "a.pt");
  EXPECT_FALSE(loads.ordered_in_time);
  EXPECT_THAT(loads.notes, Contains(HasSubstr("every row of the recorder's buffer is used")));
}

std::string pass_dump(int rank, const std::vector<int>& map, const std::vector<int>& counts) {
  const auto record =
      p_dict({{"forward_pass_id", p_int(7)},
              {"rank", p_int(rank)},
              {"gatherer_key", p_text("primary")},
              {"global_physical_count", p_tensor("1", {1, static_cast<int>(counts.size())})}});
  return torch_archive(
      pickled(p_dict({{"records", p_list({record})},
                      {"last_physical_to_logical_map",
                       p_tensor("0", {1, static_cast<int>(map.size())}, "LongStorage")}})),
      {[&] {
         std::string b;
         for (int m : map) b += little(static_cast<std::uint64_t>(m), 8);
         return b;
       }(),
       int32_bytes(counts)});
}

TEST_F(Loads, SglangPassesAreSummedOverRanksAndFolded) {
  const auto dir = folder_ / "dump";
  std::filesystem::create_directory(dir);
  write_bytes(dir / "r_0.pt", pass_dump(0, {0, 1, 2, 0}, {1, 2, 3, 4}));
  write_bytes(dir / "r_1.pt", pass_dump(1, {0, 1, 2, 0}, {10, 0, 0, 0}));
  const auto loads = read_loads(dir, progress_);
  EXPECT_THAT(loads.windows, ElementsAre(LayerLoads{{15, 2, 3}}));
  EXPECT_EQ(loads.num_gpus, 2);
  EXPECT_EQ(loads.engine, "sglang");
  EXPECT_THAT(loads.by_source, ElementsAre(LayerLoads{{5, 2, 3}, {10, 0, 0}}));
  EXPECT_THAT(loads.notes, Contains(HasSubstr("only the last placement")));
  EXPECT_THAT(read_loads(dir / "r_0.pt", progress_).notes,
              Contains(HasSubstr("only rank 0 is here")));
  write_bytes(dir / "r_2.pt", pass_dump(2, {0, 1, 2, 1}, {1, 0, 0, 0}));
  EXPECT_THROW(read_loads(dir, progress_), Error);  // another placement
}

/// In low-latency mode a rank counts what it receives, which tells nothing of the sources.
TEST_F(Loads, SglangPassesOfReceivedTokensHaveNoSources) {
  const auto dir = folder_ / "dump";
  std::filesystem::create_directory(dir);
  write_bytes(dir / "r_0.pt", pass_dump(0, {0, 1, 2, 0}, {1, 2, 0, 0}));
  write_bytes(dir / "r_1.pt", pass_dump(1, {0, 1, 2, 0}, {0, 0, 7, 1}));
  EXPECT_TRUE(read_loads(dir, progress_).by_source.empty());
}

TEST_F(Loads, SourcesFollowTheLayersOfThePlan) {
  LoadSet loads;
  loads.experts = 2;
  loads.layer_ids = {3, 5};
  loads.windows = {{{1, 2}, {3, 4}}};
  loads.by_source = {{{1, 0}, {0, 2}}, {{3, 0}, {0, 4}}};
  Plan plan;
  plan.num_gpus = 2;
  plan.num_experts = 2;
  plan.layer_ids = {5};
  plan.physical_to_logical = {{0, 1}};
  EXPECT_THAT(sources_of_plan(loads, plan), ElementsAre(LayerLoads{{3, 0}, {0, 4}}));
  EXPECT_THAT(layers_of_plan(loads, plan).by_source, ElementsAre(LayerLoads{{3, 0}, {0, 4}}));
  plan.num_gpus = 1;
  EXPECT_TRUE(sources_of_plan(loads, plan).empty()) << "recorded with two ranks";
}

TEST_F(Loads, PicklesWithAnythingButTensorsAreRefusedByName) {
  const auto refused = [&](const std::string& body) {
    return error(torch_archive("\x80\x02" + body + ".", {}), "a.pt");
  };
  EXPECT_THAT(refused("cos\nsystem\n(X\x04" + std::string(3, '\0') + "echotR"),
              HasSubstr("os system"));
  EXPECT_THAT(refused("cbuiltins\neval\n"), HasSubstr("builtins eval"));
  EXPECT_THAT(refused("\x8c\x05posix\x8c\x06system\x93"), HasSubstr("posix system"));
  EXPECT_THAT(refused("}}b"), HasSubstr("opcode 'b'"));              // BUILD
  EXPECT_THAT(refused("(i__main__\nX\n"), HasSubstr("opcode 'i'"));  // INST
  EXPECT_THAT(refused("\x81"), HasSubstr("opcode 0x81"));            // NEWOBJ
  EXPECT_THAT(refused("P0\n"), HasSubstr("opcode 'P'"));
}

TEST_F(Loads, AViewThatRepeatsItsStorageIsReadWithinBounds) {
  const auto expanded = [](int windows, int layers) {
    const auto tensor = p_tensor("0", {windows, layers, 4}, "IntStorage", 4, {0, 0, 1});
    return torch_archive(pickled(p_dict({{"logical_count", tensor}})), {int32_bytes({1, 2, 3, 4})});
  };
  EXPECT_EQ(read(expanded(3, 2), "a.pt").windows[2], (LayerLoads{{1, 2, 3, 4}, {1, 2, 3, 4}}));
  EXPECT_THAT(error(expanded(1 << 15, 1 << 6), "a.pt"), HasSubstr("repeats 4 stored elements"));
}

TEST_F(Loads, DamagedTorchArchivesAreErrors) {
  const auto good = stat_dump({1, 1, 2}, {1, 2});
  ASSERT_EQ(error(good, "a.pt"), "");
  for (std::size_t n = 4; n < good.size(); n += 7)
    EXPECT_NE(error(good.substr(0, n), "a.pt"), "") << n;
  // A storage that is shorter than its shape, sizes that overflow, a stride outside.
  EXPECT_NE(error(stat_dump({2, 2, 2}, {1, 2}), "a.pt"), "");
  EXPECT_NE(error(stat_dump({46341, 46341, 46341}, {1, 2}), "a.pt"), "");
  EXPECT_NE(
      error(torch_archive(pickled(p_dict({{"logical_count", p_tensor("9", {1, 2})}})), {}), "a.pt"),
      "");
  EXPECT_NE(
      error(torch_archive(
                pickled(p_dict({{"logical_count", p_tensor("0", {1, 2}, "ComplexFloatStorage")}})),
                {"abcd"}),
            "a.pt"),
      "");
  EXPECT_NE(error(torch_archive(pickled(p_dict({{"logical_count", p_int(3)}})), {}), "a.pt"), "");
  EXPECT_NE(error(torch_archive(pickled(p_dict({{"weights", p_int(3)}})), {}), "a.pt"), "");
  EXPECT_NE(error(zip_of({{"hello.txt", "x"}}), "a.pt"), "");
  for (const char* body :
       {"", "t", "}(u", "h\x05", "0", "((((", "Q", "R", "}X\xff\xff\xff\xffu", "\x8a\xff"})
    EXPECT_NE(error(torch_archive(pickled(body), {}), "a.pt"), "") << body;
  EXPECT_THAT(error("\x80\x02}q."), HasSubstr("bare pickle"));
}

TEST_F(Loads, AListThatHoldsItselfIsRead) {
  EXPECT_THAT(
      error(torch_archive(pickled("]q" + std::string(1, '\0') + "h" + std::string(1, '\0') + "a"),
                          {}),
            "a.pt"),
      HasSubstr("neither logical_count nor records"));
}

// ---- all formats

TEST_F(Loads, FilesThatAreNoLoads) {
  EXPECT_THROW(read_loads("/nonexistent", progress_), Error);
  std::filesystem::create_directory(folder_ / "empty");
  EXPECT_THROW(read_loads(folder_ / "empty", progress_), Error);
  EXPECT_NE(error("hello world\n"), "");
  EXPECT_NE(error(std::string("\0\1\2\3", 4)), "");
}

TEST_F(Loads, WindowsGroupIntoNearlyEqualParts) {
  const auto loads = read("1\n\n2\n\n3\n\n4\n\n5\n");
  const auto groups = group_windows(loads, 2);
  EXPECT_THAT(groups, ElementsAre(LayerLoads{{3}}, LayerLoads{{12}}));
  EXPECT_EQ(group_windows(loads, 99).size(), 5U);
  EXPECT_THROW(sum_windows(loads, 2, 2), Error);
  EXPECT_THROW(sum_windows(loads, 0, 6), Error);
}

TEST(Unevenness, OfKnownValues) {
  const auto u = unevenness({0, 0, 0, 8});
  EXPECT_DOUBLE_EQ(u.max_over_mean, 4);
  EXPECT_DOUBLE_EQ(u.mean_over_max, 0.25);
  EXPECT_DOUBLE_EQ(u.excess, 3);
  EXPECT_DOUBLE_EQ(u.gini, 0.75);
  EXPECT_DOUBLE_EQ(u.cv, std::sqrt(3));
  const auto even = unevenness({5, 5, 5});
  EXPECT_DOUBLE_EQ(even.max_over_mean, 1);
  EXPECT_NEAR(even.gini, 0, 1e-12);
  const auto none = unevenness({0, 0});
  EXPECT_DOUBLE_EQ(none.max_over_mean, 1);
  EXPECT_DOUBLE_EQ(none.gini, 0);
}

TEST(Unevenness, DoesNotDependOnTheScale) {
  for (const double unit : {5e-324, 1e-200, 1.0, 1e15}) {
    const auto u = unevenness({unit, 0});
    EXPECT_DOUBLE_EQ(u.max_over_mean, 2) << unit;
    EXPECT_DOUBLE_EQ(u.excess, 1) << unit;
    EXPECT_DOUBLE_EQ(u.gini, 0.5) << unit;
    EXPECT_DOUBLE_EQ(u.cv, 1) << unit;
    EXPECT_DOUBLE_EQ(u.max, unit);
  }
}

TEST(Unevenness, HottestColdestAndDrift) {
  EXPECT_THAT(hottest({3, 9, 1, 9}, 3), ElementsAre(1, 3, 0));
  EXPECT_THAT(coldest({3, 9, 1, 9}, 2), ElementsAre(2, 0));
  EXPECT_DOUBLE_EQ(drift({1, 1}, {2, 2}), 0);
  EXPECT_DOUBLE_EQ(drift({1, 0}, {0, 5}), 1);
  EXPECT_DOUBLE_EQ(drift({1, 1}, {3, 1}), 0.25);
  EXPECT_DOUBLE_EQ(drift({0, 0}, {3, 1}), 0);
}

}  // namespace
}  // namespace moescope
