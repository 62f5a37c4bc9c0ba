#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/cuda/backend.h"
#include "gpu/cuda/devices.h"
#include "gpu/cuda/probe.h"
#include "gpu/engine/cpu/cpu_backend.h"
#include "tests/support/error_of.h"

namespace moescope::runtime::cuda {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
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

TEST(CudaProbe, TheGpuThatIsAskedForIsUsedInsteadOfTheFirst) {
  ProbeFacts facts = good();
  facts.gpus.push_back({2, "Newer", 148, 10, 0, 1});
  const ProbeReport report = judge(facts, 2);
  EXPECT_EQ(report.usable_gpu, 2);
  EXPECT_THAT(to_text(report), HasSubstr("usable      GPU 2, as asked for"));
  EXPECT_THAT(devices_text(report, true),
              AllOf(HasSubstr(R"("wanted_gpu": 2)"), HasSubstr(R"("usable_gpu": 2)")));
  EXPECT_THAT(devices_text(judge(facts), true), HasSubstr(R"("wanted_gpu": null)"));
}

TEST(CudaProbe, AGpuThatIsAskedForIsNotReplacedByAnother) {
  const ProbeReport old = judge(good(), 0), missing = judge(good(), 7);
  EXPECT_FALSE(old.usable());
  EXPECT_THAT(old.problem, HasSubstr("Old has compute capability 8.0"));
  EXPECT_FALSE(missing.usable());
  EXPECT_THAT(missing.problem, HasSubstr("there is no GPU 7"));
  EXPECT_THAT(missing.remedy, HasSubstr("--devices"));
}

TEST(CudaGpus, AreIndicesWithCommasBetween) {
  EXPECT_THAT(parse_gpus("0"), ElementsAre(0));
  EXPECT_THAT(parse_gpus("3,0,12"), ElementsAre(3, 0, 12));
  for (const char* wrong :
       {"", ",", "1,", ",1", "-1", "+1", "0x1", "1 ", "1;2", "one", "1.5", "99999999999"})
    EXPECT_THAT(test::error_of([&] { parse_gpus(wrong); }), HasSubstr("is not the index of a GPU"))
        << wrong;
  EXPECT_THAT(test::error_of([] { parse_gpus("1,2,1"); }), HasSubstr("GPU 1 stands there twice"));
}

TEST(CudaGpus, SeveralAreRefusedAsUntested) {
  EXPECT_EQ(serving_gpu("5"), 5);
  EXPECT_THAT(test::error_of([] { serving_gpu("2,3"); }),
              AllOf(HasSubstr("2 GPUs"), HasSubstr("untested"), HasSubstr("--gpus 2")));
}

TEST(CudaGpus, OfTheCommandLineAreThoseThatTheBackendAsksFor) {
  EXPECT_EQ(wanted_gpu(), -1);
  cuda_backend().use_devices("6");
  EXPECT_EQ(probe().wanted_gpu, 6);
  want_gpu(-1);
  EXPECT_THAT(test::error_of([] { cpu_backend().use_devices("0"); }),
              AllOf(HasSubstr("--backend cpu uses no GPU"), HasSubstr("--backend cuda")));
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
