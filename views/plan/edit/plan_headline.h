// The balance of the plan in one line: before, now and bound, and the loads that it is judged by.
#pragma once

#include <QPalette>
#include <QString>

namespace moescope {

class PlanDocument;

/// Both empty without a plan or without loads that fit it.
struct PlanHeadline {
  QString figures;  ///< rich text; the change against the plan before is signed and coloured
  QString of;       ///< plain text: the unit, the windows that made the plan, those that judge it
};
PlanHeadline plan_headline(const PlanDocument& document, const QPalette& palette);

}  // namespace moescope
