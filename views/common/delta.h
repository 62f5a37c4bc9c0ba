// Differences of figures, written the same everywhere: with their sign, worse in red, better in
// green, what is within the noise muted.
#pragma once

#include <QColor>
#include <QString>
#include <functional>

#include "views/common/theme.h"

namespace moescope {

enum class Verdict { Same, Noise, Better, Worse };

/// A difference of two figures that are the better the lower they are.
struct Delta {
  QString text;  ///< "+0.0123", "-4.20 ms"; "no change"
  Verdict verdict = Verdict::Same;
};

/// @param write a magnitude with its unit; what it writes like 0 is no change
/// @param noise differences up to this one mean nothing
Delta delta_of(double before, double after, const std::function<QString(double)>& write,
               double noise = 0);

/// Four decimals, as all imbalances of plans are written.
QString imbalance_text(double imbalance);
/// delta_of() two imbalances.
Delta imbalance_delta(double before, double after);

QColor verdict_color(Verdict verdict, const Theme& theme);
/// Rich text in the colour of the verdict; a figure that is worse says so in a word too.
QString delta_html(const Delta& delta, const Theme& theme);

}  // namespace moescope
