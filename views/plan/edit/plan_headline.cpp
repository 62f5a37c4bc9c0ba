#include "views/plan/edit/plan_headline.h"

#include <QCoreApplication>

#include "core/placement/edit/plan_summary.h"
#include "views/common/delta.h"
#include "views/workspace/documents/plan_document.h"

namespace moescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("PlanHeadline", text);
}

}  // namespace

PlanHeadline plan_headline(const PlanDocument& document, const QPalette& palette) {
  if (document.empty() || !document.state().has_loads() || !document.loads().loads()) return {};
  const auto now = plan_imbalance(document.state());
  if (!now)
    return document.state().rule_problem().empty()
               ? PlanHeadline()
               : PlanHeadline{document.ruleText().toHtmlEscaped(), {}};
  QString figure = imbalance_text(now->mean);
  const auto before =
      document.before() != nullptr ? plan_imbalance(*document.before()) : std::optional<Summary>();
  const double was = before ? before->mean : now->mean;
  if (const Delta delta = imbalance_delta(was, now->mean); delta.verdict != Verdict::Same)
    figure = QStringLiteral("%1 → %2</b> %3<b>")
                 .arg(imbalance_text(was), figure, delta_html(delta, Theme::of(palette)));
  QString text = tr("<b>Mean imbalance %1</b> %2").arg(figure, document.underRule());
  if (const auto bound = plan_bound(document.state()))
    text += tr(", bound %1").arg(imbalance_text(bound->mean));
  const QString unit = QString::fromStdString(document.loads().loads()->unit);
  const QString judged = document.judgement().text;
  return {text, unit.isEmpty() ? judged : QStringLiteral("%1, %2").arg(unit, judged)};
}

}  // namespace moescope
