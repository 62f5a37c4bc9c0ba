#include "views/plan/advice/advice_text.h"

#include <cmath>

#include "core/advise/advise.h"
#include "views/common/delta.h"
#include "views/common/units.h"
#include "views/common/verdict_color.h"

namespace moescope {

QString verdict_title(AdviceVerdict verdict) {
  QString words = QString::fromLatin1(verdict_words(verdict));
  words[0] = words[0].toUpper();
  return words;
}

QColor advice_color(AdviceVerdict verdict, const Theme& theme) {
  return verdict == AdviceVerdict::DoIt ? better_color(theme) : theme.text;
}

QString share_text(double share, std::optional<double> error) {
  QString text =
      QStringLiteral("%1%2").arg(share < 0 ? "-" : "+").arg(std::abs(100 * share), 0, 'f', 2);
  if (error) text += QStringLiteral(" ± %1").arg(100 * *error, 0, 'f', 2);
  return text + QStringLiteral(" %");
}

QStringList advice_facts(const PlanAdvisor& advisor) {
  const Advice& advice = *advisor.advice();
  const Deployment& d = advisor.deployment();
  QStringList facts;
  facts << PlanAdvisor::tr("Plan in force: %1, imbalance %2 under %3")
               .arg(QString::fromStdString(d.plan_origin), imbalance_text(advice.today.imbalance),
                    QString::fromStdString(rule_title(d.rule)));
  facts << (advice.response.slope > 0
                ? PlanAdvisor::tr("Imbalance is felt from %1 on; then each 0.1 costs %2 of a step")
                      .arg(advice.response.knee, 0, 'f', 2)
                      .arg(format_percent(10 * advice.response.slope))
                : PlanAdvisor::tr("Imbalance is not felt up to %1")
                      .arg(advice.response.most, 0, 'f', 2));
  facts << PlanAdvisor::tr("Step %1, predicted for %2 on %3, %4")
               .arg(format_time(static_cast<TimeNs>(std::llround(advice.today.step_ns))),
                    QString::fromStdString(d.model.title), QString::fromStdString(d.hardware.title),
                    QString::fromStdString(unit_on(d.unit, d.plan).name));
  facts << PlanAdvisor::tr("Replica rule %1").arg(advisor.ruleText());
  return facts;
}

}  // namespace moescope
