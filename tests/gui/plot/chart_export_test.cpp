#include <gtest/gtest.h>

#include <QFile>
#include <QImage>
#include <QTemporaryDir>
#include <QXmlStreamReader>

#include "core/error.h"
#include "tests/gui/chart_document.h"
#include "views/overlap/overlap_view.h"
#include "views/plot/chart.h"
#include "views/report/report.h"
#include "views/sm/sm_view.h"

namespace moescope {
namespace {

QByteArray content(const QString& path) {
  QFile file(path);
  file.open(QIODevice::ReadOnly);
  return file.readAll();
}

bool has_color(const QImage& image, const QColor& color) {
  for (int y = 0; y < image.height(); ++y) {
    for (int x = 0; x < image.width(); ++x) {
      if (image.pixelColor(x, y) == color) return true;
    }
  }
  return false;
}

/// The longest stretch of `color` in a row of the image; of the columns when `down`.
QRect longest_run(const QImage& image, const QColor& color, bool down = false) {
  const int lines = down ? image.width() : image.height();
  const int length = down ? image.height() : image.width();
  QRect best;
  for (int line = 0; line < lines; ++line) {
    for (int from = 0, at = 0; at < length; ++at) {
      if ((down ? image.pixelColor(line, at) : image.pixelColor(at, line)) != color)
        from = at + 1;
      else if (at - from + 1 > (down ? best.height() : best.width()))
        best = down ? QRect(line, from, 1, at - from + 1) : QRect(from, line, at - from + 1, 1);
    }
  }
  return best;
}

class ChartExport : public testing::Test {
 protected:
  QString path(const char* name) const { return folder.filePath(name); }
  QTemporaryDir folder;
  test::ChartDocument chart;
  OverlapView overlap{chart.document, chart.selection};
  SmView sm{chart.document, chart.selection};
};

TEST_F(ChartExport, PngHasTheAskedSizeScaledForTheScreen) {
  export_chart(sm, path("a.png"), {640, 400}, Theme::light());
  EXPECT_EQ(QImage(path("a.png")).size(), QSize(640, 400));
  export_chart(sm, path("b.png"), {640, 400}, Theme::light(), 2);
  EXPECT_EQ(QImage(path("b.png")).size(), QSize(1280, 800));
}

TEST_F(ChartExport, ClassesKeepTheirColoursInBothThemes) {
  for (const Theme* theme : {&Theme::light(), &Theme::dark_theme()}) {
    const QImage image = render_chart(sm, {640, 400}, *theme);
    EXPECT_TRUE(has_color(image, theme->color(SpanClass::Dispatch)));
    EXPECT_TRUE(has_color(image, theme->color(SpanClass::Expert)));
    EXPECT_EQ(image.pixelColor(0, 0), theme->background);
    const QImage bars = render_chart(overlap, {640, 400}, *theme);
    EXPECT_TRUE(has_color(bars, theme->ribbon_exposed));
    EXPECT_TRUE(has_color(bars, theme->ribbon_compute));
    EXPECT_TRUE(has_color(bars, theme->ribbon_both));
  }
}

// Edges of bars are lines of another colour: a few pixels are theirs.
constexpr double kEdges = 3;

TEST_F(ChartExport, BarsOfTheOverlapAreAsLongAsTheirShares) {
  const Theme& theme = Theme::light();
  const QImage image = render_chart(overlap, {1000, 400}, theme);
  const QRect both = longest_run(image, theme.ribbon_both);
  // The bar below it, of communication alone, has the colour of what is exposed.
  const QImage bar = image.copy(0, both.y(), image.width(), 1);
  const QRect compute = longest_run(bar, theme.ribbon_compute),
              exposed = longest_run(bar, theme.ribbon_exposed);
  // Of 1000 ns: compute alone 400, both 200, exposed 200, then idle.
  EXPECT_GT(both.width(), 150);
  EXPECT_NEAR(compute.width(), 2 * both.width(), kEdges);
  EXPECT_NEAR(exposed.width(), both.width(), kEdges);
  EXPECT_NEAR(both.left(), compute.right(), kEdges);
  EXPECT_NEAR(exposed.left(), both.right(), kEdges);
  // The bar is as wide as the axis: five times what is exposed.
  EXPECT_NEAR(5 * exposed.width(), 1000 - 22 - 26, 5 * kEdges);
}

TEST_F(ChartExport, BandsOfSmsAreAsHighAndAsLongAsTheyWereHeld) {
  const Theme& theme = Theme::light();
  const QImage image = render_chart(sm, {1000, 600}, theme);
  const QColor dispatch = theme.color(SpanClass::Dispatch), expert = theme.color(SpanClass::Expert);
  // Experts hold 8 of 10 SMs from 0 to 600, dispatch 2 from 400 to 800, below them.
  const QRect long_dispatch = longest_run(image, dispatch),
              long_expert = longest_run(image, expert);
  EXPECT_GT(long_expert.width(), 300);
  EXPECT_NEAR(long_dispatch.width(), long_expert.width() * 400.0 / 600, kEdges);
  EXPECT_NEAR(long_dispatch.left() - long_expert.left(), long_expert.width() * 400.0 / 600, kEdges);
  EXPECT_GT(long_dispatch.top(), long_expert.top());
  const int high_expert = longest_run(image, expert, true).height();
  EXPECT_GT(high_expert, 100);
  EXPECT_NEAR(longest_run(image, dispatch, true).height(), high_expert * 2.0 / 8, kEdges);
}

TEST_F(ChartExport, SvgIsWellFormedAndHasText) {
  for (Chart* one : {static_cast<Chart*>(&overlap), static_cast<Chart*>(&sm)}) {
    export_chart(*one, path("a.svg"), {800, 500}, Theme::light());
    QXmlStreamReader reader(content(path("a.svg")));
    QString text;
    while (!reader.atEnd()) {
      if (reader.readNext() == QXmlStreamReader::Characters) text += reader.text();
    }
    EXPECT_FALSE(reader.hasError()) << reader.errorString().toStdString();
    EXPECT_TRUE(text.contains("Test GPU")) << text.toStdString();
  }
}

TEST_F(ChartExport, PdfAndCsv) {
  export_chart(overlap, path("a.pdf"), {800, 500}, Theme::light());
  EXPECT_TRUE(content(path("a.pdf")).startsWith("%PDF-"));
  export_chart(sm, path("a.csv"), {800, 500}, Theme::light());
  EXPECT_EQ(content(path("a.csv")).split('\n').first(),
            "device,method,begin (ns),end (ns),comm (SMs),compute (SMs),free (SMs),dispatch "
            "(SMs),expert (SMs)");
  EXPECT_TRUE(content(path("a.csv")).contains(",inferred,400,600,2,8,0,2,8\n"));
  export_chart(overlap, path("b.csv"), {800, 500}, Theme::light());
  EXPECT_TRUE(content(path("a.csv")).contains("\n# scope: whole trace, 0 to "));
  EXPECT_TRUE(content(path("b.csv")).startsWith("device,Exposed communication (ns),Overlap (%),"));
  EXPECT_TRUE(content(path("b.csv")).contains(",scope,from (ns),to (ns)\n"));
  EXPECT_TRUE(content(path("b.csv")).contains(",whole trace,0,"));
}

TEST_F(ChartExport, UnknownSuffixAndUnwritableFolderAreErrors) {
  EXPECT_THROW(export_chart(sm, path("a.bmp"), {800, 500}, Theme::light()), Error);
  EXPECT_THROW(export_chart(sm, path("plain"), {800, 500}, Theme::light()), Error);
  EXPECT_THROW(export_chart(sm, path("none/a.png"), {800, 500}, Theme::light()), Error);
  EXPECT_THROW(export_chart(sm, path("a.png"), {0, 500}, Theme::light()), Error);
  EXPECT_THROW(export_chart(sm, path("a.svg"), {99999, 500}, Theme::light()), Error);
  EXPECT_FALSE(QFile::exists(path("a.bmp")));
  EXPECT_FALSE(QFile::exists(path("a.png")));
}

/// What a printer needs is in the file: pages, titles of columns on each, no dark colours.
TEST_F(ChartExport, TheReportPrintsWhole) {
  ReportInput input;
  input.trace = chart.trace;
  input.analysis = chart.results;
  input.charts = {&overlap};
  const QString html = report_html(input);
  EXPECT_TRUE(html.contains("@page{size:A4 landscape"));
  EXPECT_TRUE(html.contains("thead{display:table-header-group}"));
  EXPECT_TRUE(html.contains("break-inside:avoid"));
  EXPECT_EQ(html.count("prefers-color-scheme"), html.count("screen and (prefers-color-scheme"));
  const qsizetype wide = html.count("<div class=\"wide\"><table>");
  EXPECT_GT(wide, 2);
  EXPECT_EQ(html.count("<thead>"), wide) << "every table of figures has titles that come again";
  EXPECT_LT(html.indexOf("All figures are of"), html.indexOf("<img"));
}

TEST_F(ChartExport, TheReportEscapesTheTraceAndHoldsItsFigures) {
  ReportInput input;
  input.trace = chart.trace;
  input.analysis = chart.results;
  input.files = {"<b>hand</b>.json"};
  Progress progress;
  input.statistics =
      statistics_of(*chart.trace, *chart.results->classes, {0, 1000}, {}, false, progress);
  input.charts = {&overlap, &sm};
  input.date = "2026-01-02";
  const QString html = report_html(input);
  EXPECT_FALSE(html.contains("<script>"));
  EXPECT_TRUE(html.contains("expert_gemm&lt;script&gt;"));
  EXPECT_TRUE(html.contains("&lt;rank &amp; 0&gt;"));
  EXPECT_TRUE(html.contains("&lt;b&gt;hand&lt;/b&gt;.json"));
  EXPECT_TRUE(html.contains("50.0 %"));
  EXPECT_TRUE(html.contains("title=\"50.0000 %\""));
  EXPECT_TRUE(html.contains("All figures are of the whole trace"));
  EXPECT_TRUE(html.contains("one by one"));
  EXPECT_FALSE(html.contains("src=\"http"));
  for (const auto& name : {"r.html", "r.pdf"}) {
    write_report(input, path(name));
    EXPECT_GT(content(path(name)).size(), 1000) << name;
  }
  EXPECT_THROW(write_report(input, path("r.doc")), Error);
}

}  // namespace
}  // namespace moescope
