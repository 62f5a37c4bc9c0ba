// Advice in words for people.
#pragma once

#include <QString>
#include <optional>

#include "views/common/theme.h"
#include "views/plan/advice/plan_advisor.h"

namespace moescope {

enum class AdviceVerdict;

/// "Do it", "Not worth it", "Not enough evidence".
QString verdict_title(AdviceVerdict verdict);
/// Green for "do it", else that of text: a word says it in any case.
QColor advice_color(AdviceVerdict verdict, const Theme& theme);
/// What the advice is for and where imbalance is felt, as sentences.
QStringList advice_facts(const PlanAdvisor& advisor);
/// "-0.42 %"; with an error "+1.30 ± 0.20 %".
QString share_text(double share, std::optional<double> error = std::nullopt);

}  // namespace moescope
