// Fitted kernels: hardware files, derivation by data sheets, and the fit itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "core/files.h"
#include "core/simulate/cost/all_to_all.h"
#include "core/simulate/cost_answers.h"
#include "core/simulate/fit_hardware.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using testing::HasSubstr;

/// The text of a compiled-in description with one place replaced.
std::string changed(const Hardware& hardware, const std::string& from, const std::string& to) {
  auto text = hardware_json(hardware);
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

class HardwareFile : public testing::Test {
 protected:
  Hardware load(const std::string& text) const {
    const auto path = folder_ / "h.json";
    std::ofstream(path) << text;
    return load_hardware(path.string());
  }
  std::string error(const std::string& text) const {
    return test::error_of([&] { load(text); });
  }
  test::TempFolder folder_;
};

TEST_F(HardwareFile, IsReadBackAsWritten) {
  const auto h100 = load_hardware("h100");
  ASSERT_FALSE(h100.kernels.kernels.empty());
  const auto again = load(hardware_json(h100));
  EXPECT_EQ(hardware_json(again), hardware_json(h100));
  EXPECT_EQ(again.kernels.kernels.size(), h100.kernels.kernels.size());
}

TEST_F(HardwareFile, RefusesMissingAndAbsurdConstants) {
  auto hardware = load_hardware("h100");
  hardware.kernels.kernels.resize(1);  // alltoall
  const auto& kernel = hardware.kernels.kernels[0];
  const std::string name = kernel.formula->constants[0].name;
  EXPECT_EQ(error(hardware_json(hardware)), "no error");
  EXPECT_THAT(error(changed(hardware, "\"" + name + "\"", "\"typo_us\"")), HasSubstr(name));
  EXPECT_THAT(error(changed(hardware, "\"" + name + "\": ", "\"" + name + "\": -")),
              HasSubstr("kernels[0].constants." + name));
  EXPECT_THAT(error(changed(hardware, kernel.formula->name, "guess")), HasSubstr("formula"));
  EXPECT_THAT(error(changed(hardware, "\"rows\"", "\"lines\"")), HasSubstr("rows"));
  EXPECT_THAT(error(changed(hardware, "\"table\": \"" + kernel.id.table, "\"table\": \"tables")),
              HasSubstr("table"));
  hardware.kernels.kernels.push_back(kernel);
  EXPECT_THAT(error(hardware_json(hardware)), HasSubstr("is there twice"));
}

TEST_F(HardwareFile, DerivedHardwareScalesWhatFollowsTheDataSheet) {
  const auto h100 = load_hardware("h100"), h800 = load_hardware("h800");
  EXPECT_EQ(h800.kernels.derived_from, "h100");
  const KernelId id{"alltoall", "deepep_normal dispatch", ""};
  const auto* fitted = h100.kernels.find(id);
  const auto* derived = h800.kernels.find(id);
  ASSERT_TRUE(fitted != nullptr && derived != nullptr);
  for (std::size_t i = 0; i < fitted->constants.size(); ++i) {
    const bool link = fitted->formula->constants[i].follows == Follows::Link;
    EXPECT_NEAR(derived->constants[i] / fitted->constants[i], link ? 400.0 / 900 : 1, 1e-4);
  }
  EXPECT_THAT(derived->source, HasSubstr("derived from h100"));
  EXPECT_GT(derived->error.p90, fitted->error.p90);
}

TEST(KernelCost, BarelyTouchedExpertsAreFasterThanAllOfThem) {
  const auto h100 = load_hardware("h100");
  const auto* kernel = h100.kernels.newest("experts", "sglang decode");
  ASSERT_NE(kernel, nullptr);
  EXPECT_EQ(kernel->id.version, "0.5.10");  // newer than 0.5.6.post2
  ExpertWork work{.slots = {{1, 32}}, .rows = 32, .hidden = 7168, .width = 2048, .weight_bytes = 1};
  const double all = kernel->microseconds(work, h100.sheet());
  work.slots = {{4, 8}};
  EXPECT_LT(kernel->microseconds(work, h100.sheet()), 0.5 * all);
}

/// Measured on GB200: 16 slots with a token took 142 us in a GPU of 16 slots, 168 us in one of 64.
TEST(KernelCost, SlotsWithoutTokensAreNotFreeInMaskedKernels) {
  const auto gb200 = load_hardware("gb200");
  const auto* kernel = gb200.kernels.newest("experts", "sglang decode");
  ASSERT_NE(kernel, nullptr);
  ExpertWork work{
      .slots = {{1, 16}}, .held = 16, .rows = 16, .hidden = 7168, .width = 2048, .weight_bytes = 1};
  EXPECT_NEAR(kernel->microseconds(work, gb200.sheet()), 142, 8);
  work.held = 64;
  EXPECT_NEAR(kernel->microseconds(work, gb200.sheet()), 168, 8);
}

TEST(AllToAll, GroupsVisitedByHand) {
  EXPECT_DOUBLE_EQ(groups_visited(256, 8, 1), 1);
  EXPECT_NEAR(groups_visited(4, 2, 2), 2 * (1 - 2.0 / 4 * 1 / 3), 1e-12);
  EXPECT_DOUBLE_EQ(groups_visited(8, 8, 8), 8);
}

/// Quantising 16,384 x 7,168 activations reads 2 and writes 1 byte each: 176 us at 2,000 GB/s.
TEST(DenseProducts, Fp8QuantisesActivationsBefore) {
  const std::vector<double> product = {4, 2500, 900, 0.5, 0.1, 8};
  auto quantised = product;
  quantised.push_back(2000);
  const GemmWork work{16384, 512, 7168, 1};
  const auto sheet = load_hardware("h100").sheet();
  EXPECT_NEAR(find_formula("quantised_product")->microseconds(quantised, work, sheet) -
                  find_formula("dense_product")->microseconds(product, work, sheet),
              176.16, 0.01);
}

/// Rows that follow a formula exactly: the fit finds its constants.
TEST_F(HardwareFile, FitFindsTheConstantsOfExactRows) {
  auto hardware = load_hardware("h100");
  const auto formula = find_formula("dense_product");
  const std::vector<double> truth = {4, 2500, 900, 0.5, 0.1, 8};
  std::ofstream file(folder_ / "gemm.csv");
  file << "system,engine,version,dtype,m,n,k,latency_us\n";
  for (const double m : {1, 16, 64, 256, 1024, 4096, 16384})
    for (const double n : {512, 2112, 7168})
      for (const double k : {512, 2048, 16384})
        file << "h100_sxm,sglang,9.0,"
             << "bfloat16," << m << ',' << n << ',' << k << ','
             << formula->microseconds(truth, GemmWork{m, n, k, 2}, hardware.sheet()) << '\n';
  file.close();
  auto tables = read_measured_folder(folder_.path(), no_progress());
  const auto before = hardware.kernels.kernels.size();
  const auto fit = fit_hardware(hardware, tables, "a test", no_progress());
  ASSERT_EQ(fit.kernels.size(), 1U);
  EXPECT_LT(fit.kernels[0].error.p95, 0.02);
  EXPECT_NEAR(fit.kernels[0].constants[1] / truth[1], 1, 0.05);  // GB/s
  EXPECT_NEAR(fit.kernels[0].constants[2] / truth[2], 1, 0.05);  // TFLOPS
  EXPECT_THAT(fit.kernels[0].source, HasSubstr("63 rows of gemm.csv, a test"));
  EXPECT_EQ(hardware.kernels.kernels.size(), before + 1);  // others stay
}

TEST_F(HardwareFile, FitNeedsRowsOfTheSystemAndCanBeCancelled) {
  std::ofstream(folder_ / "gemm.csv") << "system,engine,version,dtype,m,n,k,latency_us\n"
                                         "b200_sxm,sglang,9.0,bfloat16,1,512,512,3\n";
  auto tables = read_measured_folder(folder_.path(), no_progress());
  auto h100 = load_hardware("h100"), b200 = load_hardware("b200"), cpu = load_hardware("cpu");
  EXPECT_THAT(test::error_of([&] { fit_hardware(h100, tables, "", no_progress()); }),
              HasSubstr("no measured row is of h100_sxm"));
  EXPECT_THAT(test::error_of([&] { fit_hardware(cpu, tables, "", no_progress()); }),
              HasSubstr("system"));
  const auto fit = fit_hardware(b200, tables, "", no_progress());
  EXPECT_TRUE(fit.kernels.empty());
  EXPECT_THAT(fit.notes.at(0), HasSubstr("too few"));
  Progress cancelled;
  cancelled.cancel();
  EXPECT_THROW(read_measured_folder(folder_.path(), cancelled), Cancelled);
}

TEST_F(HardwareFile, AnswersSayWhatStandsInForWhat) {
  std::ofstream(folder_ / "q.csv") << "system,engine,version,dtype,m,n,k\n"
                                      "h100_sxm,sglang,9.9,bfloat16,128,512,512\n";
  const auto table = read_measured_table(folder_ / "q.csv", no_progress());
  const auto answers = answer_rows(table, std::nullopt, no_progress());
  ASSERT_EQ(answers.rows.size(), 1U);
  EXPECT_GT(answers.rows[0].predicted_us, 0);
  EXPECT_GT(answers.rows[0].error_us, 0);
  EXPECT_THAT(answers.notes.at(0), HasSubstr("0.5.14 stands in"));
  EXPECT_THAT(test::error_of([&] { answer_rows(table, load_hardware("b200"), no_progress()); }),
              HasSubstr("line 2, column system"));
}

}  // namespace
}  // namespace moescope
