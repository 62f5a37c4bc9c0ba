#include "views/plan/edit/plan_headline.h"

#include <QCoreApplication>

#include "core/placement/edit/plan_summary.h"
#include "views/common/verdict_color.h"
#include "views/load/load_pictures.h"
#include "views/workspace/plan_document.h"

namespace moescope {
namespace {

constexpr double kSame = 5e-5;  ///< what four decimals show as equal

QString tr(const char* text) {
  return QCoreApplication::translate("PlanHeadline", text);
}

QString number(double value) {
  return QString::number(value, 'f', 4);
}

}  // namespace

QString plan_headline(const PlanDocument& document, const QPalette& palette) {
  if (document.empty() || !document.state().has_loads()) return {};
  const auto now = plan_imbalance(document.state());
  if (!now) return {};
  QString figure = number(now->mean);
  const auto before =
      document.before() != nullptr ? plan_imbalance(*document.before()) : std::optional<Summary>();
  if (before && std::abs(before->mean - now->mean) > kSame) {
    figure = QStringLiteral("%1 → %2").arg(number(before->mean), figure);
    if (now->mean > before->mean)
      figure = QStringLiteral("<span style=\"color:%1\">%2 (%3)</span>")
                   .arg(worse_color(Theme::of(palette)).name(), figure, tr("worse"));
  }
  QString text =
      tr("<b>Imbalance %1</b>, mean of %2 layers").arg(figure).arg(document.plan().layers());
  if (const auto bound = plan_bound(document.state()))
    text += tr(", bound %1").arg(number(bound->mean));
  const LoadDocument& loads = document.loads();
  text += QStringLiteral(" · ") + load_scope_text(*loads.loads(), loads.windows()).toHtmlEscaped();
  return text;
}

}  // namespace moescope
