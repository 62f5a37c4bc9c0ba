// export and report as a user runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tests/support/data.h"

namespace moescope {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

class DrawCommands : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              ("moescope-draw-" +
               std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    std::ofstream(file("t.json")) << R"({"deviceProperties":[{"id":0,"name":"G","numSms":10}],
      "traceEvents":[
      {"ph":"X","cat":"kernel","name":"gemm<script>","pid":0,"tid":7,"ts":0,"dur":600,
       "args":{"device":0,"stream":7,"grid":[8,1,1],"block":[128,1,1]}},
      {"ph":"X","cat":"kernel","name":"ncclDevKernel_AllReduce","pid":0,"tid":9,"ts":400,"dur":400,
       "args":{"device":0,"stream":9,"grid":[2,1,1],"block":[128,1,1]}}]})";
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string file(const char* name) const { return (folder_ / name).string(); }
  /// Exit status of the program; its stderr is kept in messages().
  int run(const std::string& arguments) const {
    const std::string line = std::string(MOESCOPE_PROGRAM) + " " + arguments + " 2>" + file("err");
    const int status = std::system(line.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string read(const char* name) const {
    std::ifstream stream(file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  std::string messages() const { return read("err"); }

 private:
  fs::path folder_;
};

TEST_F(DrawCommands, ExportWritesEveryFormatInTheAskedSize) {
  for (const std::string chart : {"overlap", "sm"}) {
    const std::string start = "export " + file("t.json") + " --chart " + chart + " -o ";
    ASSERT_EQ(run(start + file("a.png") + " --size 640x400"), 0) << messages();
    const std::string png = read("a.png");
    ASSERT_THAT(png, StartsWith("\x89PNG"));
    EXPECT_EQ(png.substr(16, 8), std::string("\0\0\x02\x80\0\0\x01\x90", 8));
    ASSERT_EQ(run(start + file("a.svg")), 0) << messages();
    EXPECT_THAT(read("a.svg"), HasSubstr("</svg>"));
    ASSERT_EQ(run(start + file("a.pdf")), 0) << messages();
    EXPECT_THAT(read("a.pdf"), StartsWith("%PDF-"));
    ASSERT_EQ(run(start + file("b.png") + " --size 640x400 --theme dark"), 0) << messages();
    EXPECT_NE(read("b.png"), png);
  }
}

TEST_F(DrawCommands, ExportCsvIsCutToTheRange) {
  ASSERT_EQ(run("export " + file("t.json") + " --chart overlap -o " + file("a.csv")), 0);
  EXPECT_THAT(read("a.csv"), HasSubstr("Exposed communication (ns)"));
  EXPECT_THAT(read("a.csv"), HasSubstr(",200000,50.0000,200000,400000,"));
  ASSERT_EQ(run("export " + file("t.json") + " --chart overlap --from 500000 --to 700000 -o " +
                file("a.csv")),
            0);
  EXPECT_THAT(read("a.csv"), HasSubstr(",100000,50.0000,100000,200000,"));
}

TEST_F(DrawCommands, ExportRefusesWhatItCannotDo) {
  const std::string start = "export " + file("t.json") + " --chart ";
  EXPECT_EQ(run(start + "load -o " + file("a.png")), 1);
  EXPECT_THAT(messages(), HasSubstr("no expert loads"));
  EXPECT_EQ(run(start + "sm -o " + file("a.bmp")), 1);
  EXPECT_THAT(messages(), HasSubstr(".bmp"));
  EXPECT_EQ(run(start + "sm --size 10 -o " + file("a.png")), 2);
  EXPECT_EQ(run(start + "pie -o " + file("a.png")), 2);
  EXPECT_EQ(run(start + "sm -o " + file("none/a.png")), 1);
  EXPECT_EQ(run(start + "sm --from 900000000 -o " + file("a.png")), 1);
  EXPECT_FALSE(fs::exists(file("a.png")));
}

TEST_F(DrawCommands, ReportIsSelfContainedAndEscaped) {
  ASSERT_EQ(run("report " + file("t.json") + " -o " + file("r.html")), 0) << messages();
  const std::string html = read("r.html");
  EXPECT_THAT(html, HasSubstr("gemm&lt;script&gt;"));
  EXPECT_THAT(html, testing::Not(HasSubstr("<script>")));
  EXPECT_THAT(html, HasSubstr("data:image/png;base64,"));
  ASSERT_EQ(run("report " + file("t.json") + " -o " + file("r.pdf")), 0) << messages();
  EXPECT_THAT(read("r.pdf"), StartsWith("%PDF-"));
  EXPECT_EQ(run("report " + file("t.json") + " -o " + file("r.doc")), 1);
}

TEST_F(DrawCommands, ReportShowsTheReferenceFigures) {
  MOESCOPE_REQUIRE_DATA("deepseek_v3_train_rank0.json");
  ASSERT_EQ(run("report " + test::shared_data("deepseek_v3_train_rank0.json").string() + " -o " +
                file("r.html")),
            0)
      << messages();
  const std::string html = read("r.html");
  for (const char* figure : {"4,190,000", "96.3064", "109,250,000", "113,440,000", "32,578,000"}) {
    EXPECT_THAT(html, HasSubstr(std::string(">") + figure + "</td>"));
  }
  EXPECT_THAT(html, HasSubstr("97,953,000"));
}

}  // namespace
}  // namespace moescope
