// The balance of the plan in one line: before, now and bound, and the loads that it is judged by.
#pragma once

#include <QString>

namespace moescope {

class PlanDocument;

/// Rich text; empty without a plan or without loads that fit it. Red when the plan is worse than
/// the one before.
QString plan_headline(const PlanDocument& document, const QPalette& palette);

}  // namespace moescope
