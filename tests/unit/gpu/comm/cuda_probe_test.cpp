#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/cuda/probe.h"

namespace moescope::runtime::cuda {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

ProbeFacts good() {
  ProbeFacts facts;
  facts.built = true;
  facts.runtime = 13000;
  facts.driver = 13010;
  facts.cublas = "13.1.0";
  facts.gpus = {{0, "Old", 80, 8, 0, std::size_t{40} << 30}, {1, "New", 132, 9, 0, 1}};
  return facts;
}

TEST(CudaProbe, TheFirstGpuThatTheKernelsFitIsUsed) {
  const ProbeReport report = judge(good());
  EXPECT_TRUE(report.usable());
  EXPECT_EQ(report.usable_gpu, 1);
  EXPECT_THAT(report.problem, IsEmpty());
  const std::string text = to_text(report);
  EXPECT_THAT(text, HasSubstr("GPU 0       Old, 80 SMs, compute capability 8.0, 40 GiB"));
  EXPECT_THAT(text, HasSubstr("driver      CUDA 13.1"));
  EXPECT_THAT(text, HasSubstr("usable      GPU 1"));
}

/// How good() is spoilt, and what must be said of it.
struct Trouble {
  const char* name;
  void (*spoil)(ProbeFacts&);
  const char* problem;
  const char* remedy;
};

class CudaProbeTrouble : public ::testing::TestWithParam<Trouble> {};

TEST_P(CudaProbeTrouble, IsNamedWithARemedy) {
  ProbeFacts facts = good();
  GetParam().spoil(facts);
  const ProbeReport report = judge(facts);
  EXPECT_FALSE(report.usable());
  EXPECT_THAT(report.problem, HasSubstr(GetParam().problem));
  EXPECT_THAT(report.remedy, HasSubstr(GetParam().remedy));
  EXPECT_THAT(to_text(report), HasSubstr(report.problem + "; " + report.remedy));
}

INSTANTIATE_TEST_SUITE_P(
    Troubles, CudaProbeTrouble,
    ::testing::Values(
        Trouble{"NotBuilt", [](ProbeFacts& f) { f = {}; }, "no CUDA part", "CUDA Toolkit"},
        Trouble{"NoDriver",
                [](ProbeFacts& f) {
                  f.driver = 0;
                  f.count_error = "insufficient driver";  // what counting says without a driver
                },
                "no NVIDIA driver", "CUDA 13.0"},
        Trouble{"OldDriver", [](ProbeFacts& f) { f.driver = 12080; },
                "the driver supports CUDA 12.8, this build needs 13.0", "newer driver"},
        Trouble{"SilentDriver", [](ProbeFacts& f) { f.count_error = "unknown error"; },
                "unknown error", "nvidia-smi"},
        Trouble{"NoGpu", [](ProbeFacts& f) { f.gpus.clear(); }, "no GPU", "CUDA_VISIBLE_DEVICES"},
        Trouble{"OldGpu", [](ProbeFacts& f) { f.gpus.pop_back(); },
                "Old has compute capability 8.0", "newer GPU"},
        Trouble{"NoCublas",
                [](ProbeFacts& f) {
                  f.cublas.clear();
                  f.cublas_error = "libcublas.so.13: not found";
                },
                "libcublas.so.13: not found", "MOESCOPE_CUDA_LIBRARIES"}),
    [](const auto& test) { return test.param.name; });

TEST(CudaProbe, ThisMachineIsUsableOrSaysWhyNot) {
  const ProbeReport report = probe();
  EXPECT_EQ(report.usable(), report.problem.empty());
  EXPECT_EQ(report.problem.empty(), report.remedy.empty());
#ifdef MOESCOPE_HAS_CUDA
  EXPECT_TRUE(report.facts.built);
  EXPECT_GE(report.facts.runtime, 12050);
#else
  EXPECT_THAT(report.problem, HasSubstr("no CUDA part"));
#endif
}

}  // namespace
}  // namespace moescope::runtime::cuda
