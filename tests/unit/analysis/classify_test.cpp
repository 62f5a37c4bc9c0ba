#include "core/analysis/spans/classify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

ClassifiedName built_in(const std::string& name, SpanKind kind = SpanKind::Kernel) {
  const auto trace = test::make_trace({{name, 0, 1, 7, kind}});
  const auto span = trace->span({0, 0});
  return Classification(*trace, RuleSet::built_in()).of(span.kind, span.name);
}

TEST(Classify, KernelsOfTheFieldGetTheirClass) {
  using enum SpanClass;
  const std::vector<std::tuple<std::string, SpanClass, bool>> expected = {
      {"void dpsk::ep::internode::dispatch<false, 8, true, 8>(int4*)", Dispatch, false},
      {"void dpsk::ep::internode::combine<false, 8>(int4*)", Combine, false},
      {"void dpsk::ep::internode::notify_dispatch<false, 8>(int const*)", Dispatch, true},
      {"void dpsk::ep::internode::cached_notify<false>(int)", Combine, true},
      {"void dpsk::ep::cuda::get_dispatch_layout<256, 32, 8>(long const*)", Communication, false},
      {"void deep_ep::internode_ll::dispatch<true, 3>(void*)", Dispatch, false},
      {"void deep_ep::intranode::combine<__nv_bfloat16>(int4*)", Combine, false},
      {"void deep_ep::intranode::barrier<8>(int**)", Communication, true},
      {"ncclDevKernel_SendRecv(ncclDevKernelArgsStorage<4096ul>)", Communication, false},
      {"ncclKernel_AllReduce_RING_LL_Sum_half", Communication, false},
      {"rcclGenericKernel<1, false>", Communication, false},
      {"nvshmemi_barrier_all_kernel", Communication, false},
      {"attention all-gather", Communication, false},
      {"attention reduce-scatter wait", Communication, true},
      {"void vllm::cross_device_reduce_2stage<__nv_bfloat16, 8>(vllm::RankData*)", Communication,
       false},
      {"multimem_all_reduce_kernel<c10::BFloat16, 16>", Communication, false},
      {"void flash::flash_fwd_kernel<Flash_fwd_kernel_traits<(int)128>>", Attention, false},
      {"void flash::compute_attn_ws<Flash_fwd_kernel_traits<192>>", Attention, false},
      {"void flash_fwd_splitkv_mla_kernel<Traits>", Attention, false},
      {"fmha_v2_flash_attention_bf16", Attention, false},
      {"nvjet_tst_192x192_64x4_2x1_v_bz_coopB_bias_TNN", Dense, false},
      {"sm90_xmma_gemm_bf16f32_bf16f32_f32_tn_n", Dense, false},
      {"cutlass::device_kernel<dpsk::grouped_gemm::cuda::m_grouped_fp8_ptp128c::GemmKernel>",
       Expert, false},
      {"fused_moe_kernel", Expert, false},
      {"void cuda::topk_sum_and_topk_idx<16, 64>(float const*)", Gate, false},
      {"void moe_fused_gate_kernel<float>", Gate, false},
      {"void deep_gemm::sm100_fp8_fp4_mega_moe_impl<8192u, 7168u, 3072u, 384u>(void*)", FusedMoe,
       false},
      {"void deep_gemm::sm90_nvfp4_mega_moe_impl<256u>(void*)", FusedMoe, false},
      {"kernel_cutlass_fc1fc2_kernel_impl_flashinfer_MegaMoE_object_at", FusedMoe, false},
      {"void flashmoe::moe::forward<Config, 0, Topology>(Args)", FusedMoe, false},
      {"flash_dmoe_persistent_kernel", FusedMoe, false},
      {"flashcomm_moe_kernel", FusedMoe, false},
      {"mega_kernel_dispatch_token_moe_grouped_gemm", FusedMoe, false},
      {"mega_kernel_moe_grouped_gemm_combine_token", FusedMoe, false},
      {"DispatchFFNCombine_mix_aic", FusedMoe, false},
      {"fused_dispatch_gemm_combine_kernel", FusedMoe, false},
      {"void mega_moe_pre_dispatch_fp8_channelwise_kernel<256>(unsigned short const*)",
       OtherCompute, false},
      {"_prepare_megamoe_inputs_kernel", OtherCompute, false},
      {"void at::native::vectorized_elementwise_kernel<4>", OtherCompute, false},
      {"void aggregate_stats_kernel", OtherCompute, false},
  };
  for (const auto& [name, span_class, waits] : expected) {
    const auto result = built_in(name);
    EXPECT_STREQ(to_string(result.span_class), to_string(span_class)) << name;
    EXPECT_EQ(result.waits, waits) << name;
  }
}

TEST(Classify, CopiesAreMemoryAndHostWorkIsHostWhateverTheName) {
  EXPECT_EQ(built_in("ncclKernel copy", SpanKind::Memcpy).span_class, SpanClass::Memory);
  EXPECT_EQ(built_in("ncclKernel launch", SpanKind::Runtime).span_class, SpanClass::Host);
}

TEST(Classify, TheFirstMatchingRuleCounts) {
  const auto trace = test::make_trace({{"alpha_beta", 0, 1}});
  const Classification classes(*trace, {{{SpanClass::Gate, "beta"}, {SpanClass::Expert, "alpha"}}});
  const auto result = classes.of(SpanKind::Kernel, trace->span({0, 0}).name);
  EXPECT_EQ(result.span_class, SpanClass::Gate);
  EXPECT_EQ(result.rule, 0);
}

TEST(Classify, RulesSurviveWritingAndReading) {
  const auto again = RuleSet::from_json(RuleSet::built_in().to_json(), "rules.json");
  EXPECT_EQ(again.to_json(), RuleSet::built_in().to_json());
}

TEST(Classify, WrongRuleFilesNameTheRule) {
  const auto message = [](const std::string& text) -> std::string {
    try {
      RuleSet::from_json(text, "my.json");
      return "accepted";
    } catch (const Error& error) {
      return error.what();
    }
  };
  using testing::HasSubstr;
  const std::string head = R"({"schema":1,"rules":[{"class":"gate","pattern":"a"},)";
  EXPECT_THAT(message("{"), HasSubstr("my.json"));
  EXPECT_THAT(message(R"({"schema":2,"rules":[]})"), HasSubstr("schema"));
  EXPECT_THAT(message(head + R"({"class":"gates","pattern":"a"}]})"), HasSubstr("rule 2"));
  EXPECT_THAT(message(head + R"({"class":"gate","pattern":"a("}]})"), HasSubstr("rule 2"));
  EXPECT_THAT(message(head + R"({"class":"gate"}]})"), HasSubstr("pattern"));
  EXPECT_THAT(message(head + R"({"class":"gate","pattern":"a","waits":true}]})"),
              HasSubstr("wait"));
}

}  // namespace
}  // namespace moescope
