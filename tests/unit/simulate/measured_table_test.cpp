// Tables of measured kernel times: what rows mean, and what is refused with file, line and column.
#include "core/simulate/cost/table/measured_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <numeric>

#include "core/simulate/cost/routing/skewed_routing.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using testing::HasSubstr;

class MeasuredTables : public testing::Test {
 protected:
  MeasuredTable read(const std::string& text) const {
    const auto path = folder_ / "rows.csv";
    std::ofstream(path) << text;
    return read_measured_table(path, no_progress());
  }
  std::string error(const std::string& text) const {
    return test::error_of([&] { read(text); });
  }
  const std::string gemm_ = "system,engine,version,dtype,m,n,k,latency_us\n";
  const std::string experts_ =
      "system,engine,version,phase,moe_dtype,hidden_size,inter_size,topk,num_experts,slots,"
      "ep_size,num_tokens,rank0_tokens,distribution\n";
  test::TempFolder folder_;
};

TEST_F(MeasuredTables, AreKnownByTheirColumnsInAnyOrder) {
  const auto table =
      read("k,n,m,dtype,version,engine,system\n7168,2112,128,fp8_block,0.5.14,sglang,h100_sxm\r\n");
  EXPECT_EQ(table.name, "gemm");
  ASSERT_EQ(table.rows.size(), 1U);
  const auto& row = table.rows[0];
  EXPECT_EQ(row.kernel.text(), "gemm: fp8_block 0.5.14");
  EXPECT_EQ(std::get<GemmWork>(row.work).n, 2112);
  EXPECT_FALSE(row.measured_us.has_value());
}

TEST_F(MeasuredTables, SayWhatIsWrongAndWhere) {
  EXPECT_THAT(error(""), HasSubstr("is empty"));
  EXPECT_THAT(error("a,b\n1,2\n"), HasSubstr("columns of no measured table"));
  EXPECT_THAT(error(gemm_), HasSubstr("no rows"));
  EXPECT_THAT(error("system,engine,version,dtype,m,n,k,colour\nh,sglang,1,bfloat16,1,1,1,red\n"),
              testing::AllOf(HasSubstr("column colour"), HasSubstr("not a column of the table")));
  EXPECT_THAT(error("system,engine,version,m,n,k\nh,sglang,1,1,1,1\n"), HasSubstr("column dtype"));
  EXPECT_THAT(error(gemm_ + "h,sglang,1,bfloat16,1,1\n"), HasSubstr("line 2"));
  EXPECT_THAT(error(gemm_ + "h,sglang,1,bfloat16,1,1,1,2\nh,sglang,1,bfloat16,-4,1,1,2\n"),
              testing::AllOf(HasSubstr("line 3, column m"), HasSubstr("-4")));
  EXPECT_THAT(error(gemm_ + "h,sglang,1,bfloat16,0,1,1,2\n"), HasSubstr("column m"));
  EXPECT_THAT(error(gemm_ + "h,sglang,1,bfloat16,1.5,1,1,2\n"), HasSubstr("whole number"));
  EXPECT_THAT(error(gemm_ + "h,sglang,1,int4,1,1,1,2\n"), HasSubstr("column dtype"));
  EXPECT_THAT(error(gemm_ + "h,sglang,1,bfloat16,1,1,1,0\n"), HasSubstr("column latency_us"));
  EXPECT_THAT(error(gemm_ + "h,sglang,1,bfloat16,1,1,2,2\nh,lmdeploy,1,bfloat16,1,1,1,2\n"),
              testing::AllOf(HasSubstr("rows.csv"), HasSubstr("line 3, column engine"),
                             HasSubstr("lmdeploy"), HasSubstr("sglang, trtllm, vllm")));
  EXPECT_THAT(error("system,engine,version,phase,kernel,dtype,kv_dtype,heads,batch,context\n"
                    "h100_sxm,Sglang,0.5.10,decode,fa3,fp8_block,fp8,16,1,128\n"),
              HasSubstr("line 2, column engine"));
  EXPECT_THAT(error("system,engine,version,library,phase,nodes,ep_size,hidden_size,topk,"
                    "num_experts,tokens_per_gpu,sms\n"
                    "h100_sxm,,0.5.12,deepep_normal,combine,1,8,2048,8,128,2,20\n"),
              HasSubstr("line 2, column engine"));
  EXPECT_THAT(error(gemm_ + "h,sglang,1,bfloat16,1,1,1,nan\n"), HasSubstr("column latency_us"));
  EXPECT_THAT(error(gemm_ + "h,sglang,1,\"bfloat16,1,1,1,2\n"), HasSubstr("quote"));
}

TEST_F(MeasuredTables, RefuseTheSameRowTwice) {
  EXPECT_THAT(error(gemm_ + "h,sglang,1,bfloat16,1,1,1,2\nh,sglang,1,bfloat16,1,1,1,3\n"),
              testing::AllOf(HasSubstr("line 3"), HasSubstr("line 2")));
}

/// The hottest experts hold all tokens that they can; what is left goes to the others, millions at
/// once and not one by one.
TEST(SkewedRouting, HandsOutWhatSteepSkewsLeave) {
  const SkewCase skew{
      .tokens = 1 << 26, .experts = 9, .top_k = 8, .gpus = 1, .slots = 9, .exponent = 9.9};
  for (const auto& draw : draw_most_loaded(skew, 4, 1)) {
    EXPECT_EQ(std::accumulate(draw.slots.begin(), draw.slots.end(), 0.0), 8.0 * (1 << 26));
    EXPECT_LE(*std::max_element(draw.slots.begin(), draw.slots.end()), 1 << 26);
    EXPECT_GT(*std::min_element(draw.slots.begin(), draw.slots.end()), 0);
    EXPECT_EQ(draw.tokens, 1 << 26) << "with 8 of 9 experts each, every token arrives";
  }
}

TEST_F(MeasuredTables, RefuseGpusThatDoNotDivideExperts) {
  const auto row = [](const char* slots, const char* gpus, const char* distribution) {
    return std::string("h100_sxm,sglang,0.5.10,decode,fp8_block,7168,2048,8,256,") + slots + "," +
           gpus + ",64,," + distribution + "\n";
  };
  EXPECT_EQ(error(experts_ + row("256", "8", "uniform")), "no error");
  EXPECT_THAT(error(experts_ + row("256", "7", "uniform")), HasSubstr("line 2, column ep_size"));
  EXPECT_THAT(error(experts_ + row("300", "8", "uniform")), HasSubstr("ep_size"));
  EXPECT_THAT(error(experts_ + row("288", "8", "uniform")), HasSubstr("column slots"));
  EXPECT_THAT(error(experts_ + row("256", "8", "zipf")), HasSubstr("column distribution"));
  EXPECT_THAT(error(experts_ + row("256", "8", "power_law_-1")), HasSubstr("distribution"));
  EXPECT_THAT(
      error("system,engine,version,library,phase,nodes,ep_size,hidden_size,topk,"
            "num_experts,tokens_per_gpu,sms\nh100_sxm,sglang,1,deepep_normal,dispatch,1,7,7168,"
            "8,256,64,24\n"),
      HasSubstr("column ep_size"));
}

TEST_F(MeasuredTables, UniformRowsByHand) {
  const auto table =
      read(experts_ +
           "h100_sxm,sglang,0.5.10,decode,fp8_block,7168,2048,8,256,256,8,256,,uniform\n"
           "h100_sxm,sglang,0.5.10,decode,fp8_block,7168,2048,8,256,256,8,16,,uniform\n");
  const auto& many = std::get<ExpertWork>(table.rows[0].work);
  ASSERT_EQ(many.slots.size(), 1U);  // 256 x 8 / 256 tokens on each of 32 slots
  EXPECT_EQ(many.slots[0].tokens, 8);
  EXPECT_EQ(many.slots[0].slots, 32);
  EXPECT_EQ(many.rows, 256);
  const auto& few = std::get<ExpertWork>(table.rows[1].work);
  EXPECT_EQ(few.slots[0].tokens, 1);  // 16 x 8 / 8 choices of one token each
  EXPECT_EQ(few.slots[0].slots, 16);
}

TEST(SkewedRouting, SharesOutEveryTokenAndTakesTheFullestGpu) {
  const SkewCase skew{
      .tokens = 512, .experts = 64, .top_k = 4, .gpus = 8, .slots = 64, .exponent = 1.2};
  double most = 0;
  for (const auto& rank : draw_most_loaded(skew, 20, 7)) {
    ASSERT_EQ(rank.slots.size(), 8U);
    const double load = std::accumulate(rank.slots.begin(), rank.slots.end(), 0.0);
    EXPECT_GE(load, 512.0 * 4 / 8);  // the fullest of eight has at least the mean
    EXPECT_LE(rank.tokens, std::min(512.0, load));
    for (const double n : rank.slots) EXPECT_LE(n, 512);
    most = std::max(most, load);
  }
  EXPECT_GT(most, 1.5 * 512 * 4 / 8);
  EXPECT_EQ(draw_most_loaded(skew, 3, 7)[2].slots, draw_most_loaded(skew, 3, 7)[2].slots);
}

TEST(SkewedRouting, OneGpuHasEverything) {
  const SkewCase skew{
      .tokens = 100, .experts = 16, .top_k = 2, .gpus = 1, .slots = 16, .exponent = 0.8};
  const auto rank = draw_most_loaded(skew, 1, 1)[0];
  EXPECT_EQ(std::accumulate(rank.slots.begin(), rank.slots.end(), 0.0), 200);
  EXPECT_EQ(rank.tokens, 100);
}

TEST(SkewedRouting, BalancingLowersTheFullestGpu) {
  SkewCase skew{
      .tokens = 4096, .experts = 256, .top_k = 8, .gpus = 16, .slots = 256, .exponent = 1.2};
  const auto mean = [](const SkewCase& s) {
    double sum = 0;
    for (const auto& rank : draw_most_loaded(s, 8, 1))
      sum += std::accumulate(rank.slots.begin(), rank.slots.end(), 0.0) / 8;
    return sum;
  };
  const double skewed = mean(skew);
  skew.balanced = true;
  skew.slots = 288;
  EXPECT_LT(mean(skew), 0.8 * skewed);
  EXPECT_GE(mean(skew), 4096.0 * 8 / 16 - 1);
}

}  // namespace
}  // namespace moescope
