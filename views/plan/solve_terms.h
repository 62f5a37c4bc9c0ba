// What a solve would aim at, within which limits and by which rule, in words.
#pragma once

#include <QString>

#include "views/plan/plan_solver.h"

namespace moescope {

/// "keep the worst GPU of every layer low; 288 slots": the shortest form.
QString solve_terms_short(const PlanDocument& document, const SolveRequest& request);
/// Rich text: objective, limits, rule, and the windows that make and judge the plan.
QString solve_terms(const PlanDocument& document, const PlanSolver& solver,
                    const SolveRequest& request);

}  // namespace moescope
