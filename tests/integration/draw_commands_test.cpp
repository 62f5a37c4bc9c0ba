// export and report as a user runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <regex>

#include "tests/support/data.h"
#include "tests/support/run_program.h"

namespace moescope {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;
using Words = std::vector<std::string>;

void expect_done(const test::ProgramResult& result) {
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

struct Box {
  double x = 0, y = 0, width = 0;
};

/// Rectangles of an SVG, in the order in which they are drawn.
std::vector<Box> boxes_of(const std::string& svg) {
  static const std::regex pattern(R"re(<rect x="([^"]+)" y="([^"]+)" width="([^"]+)")re");
  std::vector<Box> boxes;
  for (std::sregex_iterator at(svg.begin(), svg.end(), pattern), end; at != end; ++at)
    boxes.push_back({std::stod((*at)[1]), std::stod((*at)[2]), std::stod((*at)[3])});
  return boxes;
}

/// Whether rectangles stand side by side from `first` on whose widths are as `shares`.
bool stand_in_row(const std::vector<Box>& boxes, Box first, const std::vector<double>& shares) {
  const double scale = first.width / shares[0];
  double x = first.x;
  for (const double share : shares) {
    const bool found = std::any_of(boxes.begin(), boxes.end(), [&](const Box& box) {
      return box.y == first.y && std::abs(box.x - x) < 1 &&
             std::abs(box.width - share * scale) < 1.5;
    });
    if (!found) return false;
    x += share * scale;
  }
  return true;
}

class DrawCommands : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(file("t.json")) << R"({"deviceProperties":[{"id":0,"name":"G","numSms":10}],
      "traceEvents":[
      {"ph":"X","cat":"kernel","name":"gemm<script>","pid":0,"tid":7,"ts":0,"dur":600,
       "args":{"device":0,"stream":7,"grid":[8,1,1],"block":[128,1,1]}},
      {"ph":"X","cat":"kernel","name":"ncclDevKernel_AllReduce","pid":0,"tid":9,"ts":400,"dur":400,
       "args":{"device":0,"stream":9,"grid":[2,1,1],"block":[128,1,1]}}]})";
  }

  std::string file(const std::string& name) const { return (folder_ / name).string(); }
  std::string read(const std::string& name) const { return test::read_file(folder_ / name); }
  /// `moescope export t.json --chart CHART -o OUTPUT MORE...`
  test::ProgramResult draw(const std::string& chart, const std::string& output,
                           const Words& more = {}) const {
    Words words{"export", file("t.json"), "--chart", chart, "-o", file(output)};
    words.insert(words.end(), more.begin(), more.end());
    return test::run_moescope(std::move(words));
  }
  test::ProgramResult report(const std::string& output) const {
    return test::run_moescope({"report", file("t.json"), "-o", file(output)});
  }

 private:
  test::TempFolder folder_;
};

TEST_F(DrawCommands, ExportWritesEveryFormatInTheAskedSize) {
  for (const std::string chart : {"overlap", "sm"}) {
    expect_done(draw(chart, "a.png", {"--size", "640x400"}));
    const std::string png = read("a.png");
    ASSERT_THAT(png, StartsWith("\x89PNG"));
    EXPECT_EQ(png.substr(16, 8), std::string("\0\0\x02\x80\0\0\x01\x90", 8));
    expect_done(draw(chart, "a.svg"));
    EXPECT_THAT(read("a.svg"), HasSubstr("</svg>"));
    expect_done(draw(chart, "a.pdf"));
    EXPECT_THAT(read("a.pdf"), StartsWith("%PDF-"));
    expect_done(draw(chart, "b.png", {"--size", "640x400", "--theme", "dark"}));
    EXPECT_NE(read("b.png"), png);
  }
}

TEST_F(DrawCommands, BarsAreAsLongAsTheTimesThatTheyShow) {
  // Compute alone 400 us, both 200, communication alone 200.
  for (const std::string chart : {"overlap", "timeline"}) {
    expect_done(draw(chart, "a.svg", {"--size", "1000x400"}));
    const auto boxes = boxes_of(read("a.svg"));
    const auto row = std::find_if(boxes.begin(), boxes.end(), [&](const Box& box) {
      return box.width > 100 && stand_in_row(boxes, box, {400, 200, 200});
    });
    EXPECT_NE(row, boxes.end()) << chart;
  }
  // Of the range from 300 on: 100, 200 and 200.
  expect_done(draw("overlap", "a.svg", {"--size", "1000x400", "--from", "300000"}));
  const auto boxes = boxes_of(read("a.svg"));
  EXPECT_TRUE(std::any_of(boxes.begin(), boxes.end(), [&](const Box& box) {
    return box.width > 100 && stand_in_row(boxes, box, {100, 200, 200});
  }));
}

TEST_F(DrawCommands, ExportCsvIsCutToTheRange) {
  expect_done(draw("overlap", "a.csv"));
  EXPECT_THAT(read("a.csv"), HasSubstr("Exposed communication (ns)"));
  EXPECT_THAT(read("a.csv"), HasSubstr(",200000,50.0000,200000,400000,"));
  expect_done(draw("overlap", "a.csv", {"--from", "500000", "--to", "700000"}));
  EXPECT_THAT(read("a.csv"), HasSubstr(",100000,50.0000,100000,200000,"));
}

TEST_F(DrawCommands, ExportRefusesWhatItCannotDo) {
  const auto refused = [](const test::ProgramResult& result, int exit_code, const char* message) {
    EXPECT_EQ(result.exit_code, exit_code);
    EXPECT_THAT(result.err, HasSubstr(message));
  };
  refused(draw("load", "a.png"), 1, "no expert loads");
  refused(draw("sm", "a.bmp"), 1, ".bmp");
  refused(draw("sm", "a.png", {"--size", "10"}), 2, "--size");
  refused(draw("pie", "a.png"), 2, "pie");
  refused(draw("sm", "none/a.png"), 1, "none/a.png");
  refused(draw("sm", "a.png", {"--from", "900000000"}), 1, "");
  EXPECT_FALSE(fs::exists(file("a.png")));
}

TEST_F(DrawCommands, ReportIsSelfContainedAndEscaped) {
  expect_done(report("r.html"));
  const std::string html = read("r.html");
  EXPECT_THAT(html, HasSubstr("gemm&lt;script&gt;"));
  EXPECT_THAT(html, testing::Not(HasSubstr("<script>")));
  EXPECT_THAT(html, HasSubstr("data:image/png;base64,"));
  expect_done(report("r.pdf"));
  EXPECT_THAT(read("r.pdf"), StartsWith("%PDF-"));
  EXPECT_EQ(report("r.doc").exit_code, 1);
}

TEST_F(DrawCommands, ReportShowsTheReferenceFigures) {
  MOESCOPE_REQUIRE_DATA("deepseek_v3_train_rank0.json");
  expect_done(
      test::run_moescope({"report", test::shared_data("deepseek_v3_train_rank0.json").string(),
                          "-o", file("r.html")}));
  const std::string html = read("r.html");
  for (const char* figure : {"title=\"4,190,000 ns\">4.19 ms", "title=\"96.3064 %\">96.3 %",
                             "title=\"109,250,000 ns\">109 ms", "title=\"113,440,000 ns\">113 ms",
                             "title=\"32,578,000 ns\">32.6 ms"}) {
    EXPECT_THAT(html, HasSubstr(std::string(figure) + "</td>"));
  }
  EXPECT_THAT(html, HasSubstr("97,953,000"));
  EXPECT_LT(html.find("Exposed communication</span><br><b class=\"value bad\">4.19 ms"),
            html.find("<h2>"))
      << "the answer comes first";
}

}  // namespace
}  // namespace moescope
