// `moescope export --chrome` as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/run_program.h"

namespace moescope {
namespace {

using test::run_moescope;
using testing::HasSubstr;

class ChromeExport : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(in_) << R"({"traceEvents":[
{"ph":"X","cat":"kernel","name":"gemm","pid":0,"tid":7,"ts":100,"dur":10.5,"args":{"device":0,"stream":7}}]})";
  }
  test::TempFolder folder_;
  std::filesystem::path in_ = folder_ / "in.json", out_ = folder_ / "out.json";
};

TEST_F(ChromeExport, WritesOneFileThatReadsBack) {
  const auto result = run_moescope({"export", in_.string(), "--chrome", out_.string()});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(nlohmann::json::accept(test::read_file(out_)));
  const auto before = run_moescope({"analyze", in_.string(), "--json"});
  const auto after = run_moescope({"analyze", out_.string(), "--json"});
  const auto devices = [](const std::string& text) {
    return nlohmann::json::parse(text, nullptr, false)["devices"][0]["compute_ns"];
  };
  EXPECT_EQ(devices(after.out), 10500);
  EXPECT_EQ(devices(before.out), devices(after.out));
}

TEST_F(ChromeExport, MistakesAreReported) {
  EXPECT_EQ(run_moescope({"export", in_.string()}).exit_code, 2);
  EXPECT_EQ(run_moescope({"export", in_.string(), "--chart", "sm"}).exit_code, 2);
  const auto same = run_moescope({"export", in_.string(), "--chrome", in_.string()});
  EXPECT_EQ(same.exit_code, 1);
  EXPECT_THAT(same.err, HasSubstr("is one of the files to export"));
  const auto gone =
      run_moescope({"export", in_.string(), "--chrome", (folder_ / "no" / "x.json").string()});
  EXPECT_EQ(gone.exit_code, 1);
  EXPECT_THAT(gone.err, HasSubstr("x.json"));
}

}  // namespace
}  // namespace moescope
