#include "views/report/compare_section.h"

#include <QCoreApplication>
#include <QStringList>
#include <algorithm>
#include <cmath>
#include <vector>

#include "views/common/units.h"
#include "views/compare/difference_model.h"

namespace moescope {
namespace {

constexpr std::size_t kMostParts = 30;

QString cell(const QString& text, bool number) {
  return (number ? QStringLiteral("<td class=\"n\" align=\"right\">")
                 : QStringLiteral("<td class=\"name\">")) +
         text.toHtmlEscaped() + QStringLiteral("</td>");
}

QString row_html(const Difference& row) {
  const auto percent = row.delta_percent();
  const QString sign = percent && *percent > 0 ? QStringLiteral("+") : QString();
  return "<tr>" + cell(difference_scope(row), false) + cell(difference_subject(row), false) +
         cell(difference_figure(row), false) + cell(difference_value(row.a, row.unit), true) +
         cell(difference_value(row.b, row.unit), true) +
         cell(percent ? sign + format_percent(*percent) : QStringLiteral("–"), true) +
         cell(row.noise ? QStringLiteral("±") + difference_value(row.noise, row.unit)
                        : QStringLiteral("–"),
              true) +
         cell(difference_verdict(row.change), false) + "</tr>\n";
}

QString table_html(const std::vector<const Difference*>& rows, std::size_t most) {
  QString html =
      "<div class=\"wide\"><table>\n<tr><th>Scope</th><th>Of</th><th>Figure</th><th "
      "class=\"n\">A</th><th class=\"n\">B</th><th class=\"n\">Change</th><th "
      "class=\"n\">Noise</th><th>Verdict</th></tr>\n";
  for (std::size_t i = 0; i < std::min(most, rows.size()); ++i) html += row_html(*rows[i]);
  return html + "</table></div>\n";
}

}  // namespace

QString compare_section(const ReportComparison& compared) {
  if (!compared.comparison) return {};
  const Comparison& comparison = *compared.comparison;
  std::vector<const Difference*> whole, parts;
  for (const Difference& row : comparison.differences) {
    if (row.key.empty())
      whole.push_back(&row);
    else if (row.significant && row.figure != "mean_ns" && row.figure != "count")
      parts.push_back(&row);
  }
  std::stable_sort(parts.begin(), parts.end(), [](const auto* x, const auto* y) {
    return std::abs(x->delta()) > std::abs(y->delta());
  });
  QString html = QStringLiteral(
                     "<h2>What differs from %1</h2>\n<p class=\"muted\">A is %1, B is "
                     "%2; aligned by %3: %4</p>\n<ul>\n")
                     .arg(compared.a.toHtmlEscaped(), compared.b.toHtmlEscaped(),
                          QString::fromLatin1(to_string(comparison.aligned_by)),
                          QString::fromStdString(comparison.aligned_why).toHtmlEscaped());
  for (const std::string& cause : comparison.causes)
    html += "<li>" + with_window_units(cause).toHtmlEscaped() + "</li>\n";
  html += "</ul>\n" + table_html(whole, whole.size());
  if (parts.empty()) return html;
  html += "<h3>Parts that changed most</h3>\n" + table_html(parts, kMostParts);
  if (parts.size() > kMostParts)
    html += QStringLiteral("<p class=\"muted\">%1 smaller significant changes are left out.</p>\n")
                .arg(format_count(parts.size() - kMostParts));
  return html +
         "<p class=\"muted\">Noise: twice the standard error of what varies from step to step. "
         "What "
         "lies within it, or within 1 %, is the same.</p>\n";
}

}  // namespace moescope
