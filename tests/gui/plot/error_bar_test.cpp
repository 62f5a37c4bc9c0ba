// A value and its error bar: one unit, and digits that mean something.
#include "views/plot/error_bar.h"

#include <gtest/gtest.h>

#include "views/cluster/effect_text.h"
#include "views/common/units.h"

namespace moescope {
namespace {

TEST(ErrorBar, ValueAndErrorShareTheUnitOfTheLarger) {
  EXPECT_EQ(format_time_with_error(102e6, 997e3), "102.0 ± 1.0 ms");
  EXPECT_EQ(format_time_with_error(1.5e9, 2e6), "1.500 ± 0.002 s");
  EXPECT_EQ(format_time_with_error(52e3, 12e3), "52.0 ± 12.0 µs");
  EXPECT_EQ(format_time_with_error(900e3, 3e6), "0.90 ± 3.00 ms");
  EXPECT_EQ(format_time_with_error(102e6, 0), "102 ± 0 ms");
  EXPECT_EQ(format_time_with_error(12, 3), "12.0 ± 3.0 ns");
  EXPECT_EQ(format_time_with_error(3e6, -1e6), "3.00 ± 1.00 ms");
}

TEST(ErrorBar, AnErrorThatIsTooSmallToShowIsNotInvented) {
  EXPECT_EQ(format_time_with_error(2e9, 10), "2.000 ± 0.000 s");
}

TEST(ErrorBar, BytesInBinaryUnits) {
  EXPECT_EQ(format_bytes_with_error(13.4 * 1024, 200), "13.4 ± 0.2 KiB");
}

TEST(EffectText, EveryChangeHasItsSignAndItsVerdict) {
  PlanEffect effect;
  effect.node_traffic = {9.63 * 1024, 13.4 * 1024, 13.3 * 1024, 100.0};
  effect.imbalance = {1.30, 1.22, 1.05, 0.02};
  effect.decode_step = {2e6, 2.05e6, 2.04e6, 1e5};
  for (const EffectRow& row : effect_rows(effect)) {
    if (row.figure == &effect.node_traffic) {
      EXPECT_EQ(row.predicted(), "13.40 ± 0.10 KiB (+39.1 %)");
      EXPECT_EQ(row.measured(), "13.3 KiB (+38.1 %)");
      EXPECT_EQ(row.predicted_verdict(), Verdict::Worse);
      EXPECT_EQ(row.measured_verdict(), Verdict::Worse);
    } else if (row.figure == &effect.imbalance) {
      EXPECT_EQ(row.predicted(), "1.22 ± 0.02 (-6.2 %)");
      EXPECT_EQ(row.predicted_verdict(), Verdict::Better);
      EXPECT_EQ(row.measured_verdict(), Verdict::Better);
    } else {
      EXPECT_EQ(row.measured(), "2.04 ms (+2.0 %)");
      EXPECT_EQ(row.measured_verdict(), Verdict::Noise) << "within the error bar";
      EXPECT_EQ(row.predicted_verdict(), Verdict::Noise);
    }
  }
}

TEST(Units, TextOfCoreHasTheSignOfTheWindow) {
  EXPECT_EQ(with_window_units("IB 5.46 MB/s, latency 10 us"), "IB 5.46 MB/s, latency 10 µs");
  EXPECT_EQ(with_window_units("10 users of us"), "10 users of us");
}

}  // namespace
}  // namespace moescope
