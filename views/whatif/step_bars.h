// Steps by cause as stacked bars, one below the other: what is shown, and its painting.
#pragma once

#include <QPainter>
#include <QString>
#include <vector>

#include "core/analysis/steps/step_causes.h"
#include "views/common/theme.h"

namespace moescope {

struct StepBar {
  QString name;
  StepCauses causes;
  double error_ns = 0;  ///< either way
};

/// What is drawn; immutable.
struct StepBarsPicture {
  QString title, note;
  std::vector<StepBar> bars;
  QString empty_text;  ///< shown when there are no bars
};

/// A part of a bar where it was painted.
struct StepBarPart {
  std::size_t bar = 0;
  StepCause cause = StepCause::Attention;
  QRectF area;
};

/// Title, legend and bars on an axis of time. Returns where the parts are.
std::vector<StepBarPart> paint_step_bars(QPainter& painter, const QRectF& area,
                                         const StepBarsPicture& picture, const Theme& theme);

/// "exposed dispatch 4.20 ms, 12.0 % of the step of 35.0 ms. What it means."
QString step_part_text(const StepBar& bar, StepCause cause);
/// All bars with their causes, in sentences.
QString step_bars_summary(const StepBarsPicture& picture);
/// Header and a line a bar.
QString step_bars_table(const StepBarsPicture& picture);

}  // namespace moescope
