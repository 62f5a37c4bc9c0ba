// The balance of the plan in one line: before, now and bound, and the loads that it is judged by.
#pragma once

#include <QString>

namespace moescope {

class PlanDocument;

/// Rich text; empty without a plan or without loads that fit it. Says which windows made the plan
/// and which judge it; the change against the plan before is signed and coloured.
QString plan_headline(const PlanDocument& document, const QPalette& palette);

}  // namespace moescope
