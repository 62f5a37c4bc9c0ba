// As many virtual ranks as a decode unit of DeepSeek-V3 has, twice, and layouts that cannot be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <nlohmann/json.hpp>

#include "tests/integration/mpi_run.h"
#include "tests/support/run_program.h"

namespace moescope {
namespace {

using nlohmann::json;
using test::node_program;
using test::run_program;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// Most memory that one ended child of this process had so far, bytes.
double most_memory_of_children() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

TEST(ManyRanks, LayoutsThatCannotBeAreRefusedBeforeAnythingIsAllocated) {
  const double before = most_memory_of_children();
  const auto refusal = [](std::vector<std::string> options) {
    options.insert(options.begin(), node_program());
    const auto result = run_program(options);
    EXPECT_EQ(result.exit_code, 1);
    return result.err;
  };
  EXPECT_THAT(refusal({"--ranks", "1000000"}), HasSubstr("more than the 65536"));
  EXPECT_THAT(refusal({"--ranks", "320", "--nodes", "7"}), HasSubstr("8 nodes would do"));
  EXPECT_THAT(refusal({"--ranks", "65536"}),
              AllOf(HasSubstr("65536 ranks may take"), HasSubstr("at most --ranks ")));
#ifndef MOESCOPE_SANITIZED
  EXPECT_LT(most_memory_of_children(), std::max(before, 100e6));
#endif
}

TEST(ManyRanks, AModelOfAbsurdSizeIsRefusedBeforeItsWeightsAreLookedAt) {
  const test::TempFolder folder;
  std::ofstream(folder / "config.json") << R"({"model_type":"olmoe","vocab_size":16777216,
    "hidden_size":1048576,"num_hidden_layers":1024,"num_attention_heads":4096,
    "num_experts":65536,"intermediate_size":1048576,"num_experts_per_tok":8,
    "max_position_embeddings":4096})";
  const auto result = run_program({node_program(), "--model", folder.path().string()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("GB of memory"));
}

TEST(ManyRanks, ThreeHundredAndTwentyServeAndRecordWithoutDrops) {
  const test::TempFolder folder;
  const auto file = (folder / "run.moetrace").string();
  const auto run =
      run_program({node_program(), "--ranks", "320", "--nodes", "40", "--steps", "3", "--workload",
                   "rate=20,prompt=4:8,output=2:3", "--json", "-o", file});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const json summary = json::parse(run.out);
  EXPECT_GE(summary["prefill_steps"].get<int>() + summary["decode_steps"].get<int>(), 3);
  EXPECT_GT(summary["spans"], 0);
  EXPECT_EQ(summary["dropped"], 0);
#ifndef MOESCOPE_SANITIZED
  EXPECT_LT(most_memory_of_children(), 6.0 * (1 << 30));
#endif
  const auto info = test::run_moescope({"info", file, "--json"});
  ASSERT_EQ(info.exit_code, 0) << info.err;
  EXPECT_THAT(info.out, HasSubstr("160 prefill, 160 decode on 40 nodes"));
}

}  // namespace
}  // namespace moescope
