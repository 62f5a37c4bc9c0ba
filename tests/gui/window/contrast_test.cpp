// Texts are read on what they stand on, in both themes (WCAG 2, AA).
#include "views/common/contrast.h"

#include <gtest/gtest.h>

#include <QApplication>

#include "app/window/appearance.h"
#include "views/common/theme.h"

namespace moescope {
namespace {

constexpr double kText = 4.5, kMark = 3;

class Contrast : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { apply_appearance(GetParam()); }
  void TearDown() override { apply_appearance("system"); }
  static const Theme& theme() { return Theme::of(QApplication::palette()); }
};

INSTANTIATE_TEST_SUITE_P(Themes, Contrast, testing::Values("light", "dark"));

TEST_P(Contrast, OfTextsOnEveryGround) {
  const QPalette palette = QApplication::palette();
  for (const QColor& ground :
       {theme().background, theme().alternate, palette.color(QPalette::Window),
        palette.color(QPalette::Button), palette.color(QPalette::ToolTipBase)})
    for (const QColor& text : {theme().text, theme().muted_text, palette.color(QPalette::Text),
                               palette.color(QPalette::ButtonText)})
      EXPECT_GE(contrast(text, ground), kText)
          << text.name().toStdString() << " on " << ground.name().toStdString();
  for (const QColor& ground :
       {theme().background, theme().alternate, palette.color(QPalette::Window)})
    EXPECT_GE(contrast(theme().ribbon_exposed, ground), kText) << ground.name().toStdString();
  EXPECT_GE(contrast(palette.color(QPalette::HighlightedText), palette.color(QPalette::Highlight)),
            kText);
  EXPECT_GE(contrast(palette.color(QPalette::Inactive, QPalette::HighlightedText),
                     palette.color(QPalette::Inactive, QPalette::Highlight)),
            kText);
}

TEST_P(Contrast, OfNamesOnTheirSpans) {
  for (int c = 0; c < kSpanClassCount; ++c) {
    const QColor fill = theme().color(static_cast<SpanClass>(c));
    EXPECT_GE(contrast(Theme::text_on(fill), fill), kText)
        << class_label(static_cast<SpanClass>(c)).toStdString();
  }
  for (const QColor& fill : {theme().ribbon_compute, theme().ribbon_both, theme().ribbon_exposed})
    EXPECT_GE(contrast(Theme::text_on(fill), fill), kText) << fill.name().toStdString();
}

TEST_P(Contrast, OfWhatIsHuntedAndOfWhatIsSelected) {
  EXPECT_GE(contrast(theme().ribbon_exposed, theme().background), kMark);
  EXPECT_GE(contrast(theme().selection, theme().background), kMark);
  EXPECT_GT(contrast(theme().ribbon_exposed, theme().background),
            contrast(theme().ribbon_both, theme().background))
      << "exposed communication is louder than hidden";
}

TEST(ContrastRatio, IsThatOfTheStandard) {
  EXPECT_NEAR(contrast(Qt::black, Qt::white), 21, 0.01);
  EXPECT_NEAR(contrast(Qt::white, QColor("#777777")), 4.48, 0.01);
  EXPECT_DOUBLE_EQ(contrast(Qt::red, Qt::red), 1);
}

}  // namespace
}  // namespace moescope
