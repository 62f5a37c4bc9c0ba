// Names of kernels for people, and for matching kernels of two traces.
#include "core/analysis/spans/kernel_label.h"

#include <gtest/gtest.h>

namespace moescope {
namespace {

TEST(KernelLabel, IsTheFunctionWithoutTypesArgumentsAndNamespaces) {
  EXPECT_EQ(
      kernel_label("void dpsk::ep::internode::combine<false, 8, __nv_bfloat16>(int4*, float*)"),
      "combine");
  EXPECT_EQ(kernel_label("cuda::aux_fi_impl(long const*, float*, int)"), "aux_fi_impl");
  EXPECT_EQ(kernel_label("ncclDevKernel_SendRecv(ncclDevKernelArgsStorage<(unsigned long)4096>)"),
            "ncclDevKernel_SendRecv");
  EXPECT_EQ(
      kernel_label("void at::native::<unnamed>::vectorized_layer_norm_kernel<float>(int, T2)"),
      "vectorized_layer_norm_kernel");
  EXPECT_EQ(kernel_label("nvjet_tst_192x192_64x4_2x1_v_bz"), "nvjet_tst_192x192_64x4_2x1_v_bz");
}

TEST(KernelLabel, OfAGenericKernelSaysWhatItWasMadeFor) {
  EXPECT_EQ(kernel_label("void at::native::vectorized_elementwise_kernel<4, "
                         "at::native::FillFunctor<float>, at::detail::Array<char*, 1> >(int)"),
            "vectorized_elementwise_kernel (FillFunctor)");
  EXPECT_EQ(kernel_label("void at::native::elementwise_kernel<128, 2, at::native::gpu_kernel_impl<"
                         "at::native::BinaryFunctor<float, float, float, "
                         "at::native::binary_internal::DivFunctor<float> > >(at::TensorBase&)"),
            "elementwise_kernel (DivFunctor)");
}

TEST(KernelLabel, OfALauncherIsWhatItLaunches) {
  EXPECT_EQ(kernel_label("void cutlass::device_kernel<dpsk::cuda::m_grouped_fp8::GemmKernel>(P)"),
            "m_grouped_fp8::GemmKernel");
  EXPECT_EQ(kernel_label("void cutlass::device_kernel<flash::FlashAttnBwd<int> >(P)"),
            "flash::FlashAttnBwd");
  EXPECT_EQ(
      kernel_label("void cutlass::device_kernel<flash::enable_sm90_or_later<flash::FwdSm90<1> "
                   "> >(int)"),
      "flash::FwdSm90");
  EXPECT_EQ(kernel_label("void cutlass::device_kernel<Kernel>(int)"), "Kernel");
  EXPECT_EQ(kernel_label("void cutlass::device_kernel<"), "device_kernel");
  EXPECT_EQ(kernel_label("cutlass::device_kernel"), "device_kernel");
}

TEST(KernelLabel, KeepsWordsThatAreNoSignature) {
  for (const char* words :
       {"Memcpy HtoD (Pageable -> Device)", "attn(F)", "mlp(B)", "a::", "layer 3 (prefill, int8)"})
    EXPECT_EQ(kernel_label(words), words);
}

TEST(KernelLabel, SurvivesNamesThatAreCutOffEmptyOrNoSignature) {
  EXPECT_EQ(kernel_label(""), "");
  EXPECT_EQ(kernel_label("void a::b<c<d<e"), "b");
  EXPECT_EQ(kernel_label("<<<"), "<<<");
  EXPECT_EQ(kernel_label("(x)"), "(x)");
}

TEST(KernelKey, IsTheSameForBothProfilersAndForOtherInstantiations) {
  EXPECT_EQ(kernel_key("void dpsk::ep::internode::dispatch<false, 8, true>(int4*)"),
            "dpsk::ep::internode::dispatch");
  EXPECT_EQ(kernel_key("void dpsk::ep::internode::dispatch<(bool)0, (int)8, (bool)1>(int4 *)"),
            kernel_key("void dpsk::ep::internode::dispatch<true, 4, true>(int4*)"));
  EXPECT_NE(kernel_key("void a::transpose<4>(int)"), kernel_key("void b::transpose<4>(int)"));
}

}  // namespace
}  // namespace moescope
