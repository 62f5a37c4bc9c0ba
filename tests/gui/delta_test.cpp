// Differences of figures are signed, and coloured by what they mean.
#include "views/common/delta.h"

#include <gmock/gmock.h>

#include "views/common/units.h"
#include "views/common/verdict_color.h"

namespace moescope {
namespace {

using testing::HasSubstr;

TEST(Delta, HasASignAndAVerdict) {
  EXPECT_EQ(imbalance_delta(1.25, 1.0).text, "-0.2500");
  EXPECT_EQ(imbalance_delta(1.25, 1.0).verdict, Verdict::Better);
  EXPECT_EQ(imbalance_delta(1.0, 1.25).text, "+0.2500");
  EXPECT_EQ(imbalance_delta(1.0, 1.25).verdict, Verdict::Worse);
  EXPECT_EQ(imbalance_delta(1.1, 1.10000001).text, "no change");
  EXPECT_EQ(imbalance_delta(1.1, 1.10000001).verdict, Verdict::Same);
}

TEST(Delta, WithinTheNoiseItMeansNothing) {
  const auto time = [](double ns) { return format_time(static_cast<TimeNs>(ns)); };
  const Delta delta = delta_of(4e6, 5e6, time, 2e6);
  EXPECT_EQ(delta.text, "+1.00 ms");
  EXPECT_EQ(delta.verdict, Verdict::Noise);
  EXPECT_EQ(delta_of(4e6, 7e6, time, 2e6).verdict, Verdict::Worse);
}

TEST(Delta, AWorseFigureSaysSoWithoutColour) {
  for (const Theme* theme : {&Theme::light(), &Theme::dark_theme()}) {
    const std::string worse = delta_html({"+1", Verdict::Worse}, *theme).toStdString();
    EXPECT_THAT(worse, HasSubstr("worse"));
    EXPECT_THAT(worse, HasSubstr(worse_color(*theme).name().toStdString()));
    EXPECT_EQ(delta_html({"no change", Verdict::Same}, *theme), "no change");
  }
}

}  // namespace
}  // namespace moescope
