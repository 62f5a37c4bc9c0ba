#include "views/plot/summary.h"

#include <QCoreApplication>
#include <QWidget>

namespace moescope {
namespace {

QAccessibleInterface* make_accessible(const QString&, QObject* object) {
  auto* widget = qobject_cast<QWidget*>(object);
  if (widget == nullptr || dynamic_cast<Summarised*>(widget) == nullptr) return nullptr;
  // A view that has its tables and charts in it is a group of them.
  const bool group = widget->layout() != nullptr;
  return new AccessibleChart(widget, group ? QAccessible::Grouping : QAccessible::Chart);
}

void install_accessible_charts() {
  QAccessible::installFactory(make_accessible);
}
// Before there is a widget, so that no chart has to think of it.
Q_COREAPP_STARTUP_FUNCTION(install_accessible_charts)

}  // namespace

AccessibleChart::AccessibleChart(QWidget* widget, QAccessible::Role role)
    : QAccessibleWidget(widget, role) {}

QString AccessibleChart::text(QAccessible::Text kind) const {
  if (kind != QAccessible::Description) return QAccessibleWidget::text(kind);
  QStringList parts{widget()->accessibleDescription(),
                    dynamic_cast<const Summarised&>(*widget()).summary()};
  parts.removeAll(QString());
  return parts.join(QLatin1Char('\n'));
}

void summary_changed(QWidget& chart) {
  if (!QAccessible::isActive()) return;
  QAccessibleEvent event(&chart, QAccessible::DescriptionChanged);
  QAccessible::updateAccessibility(&event);
}

QString extremes_text(const QString& lowest, const QString& at_lowest, const QString& highest,
                      const QString& at_highest, const QString& mean) {
  return QCoreApplication::translate("Chart", "lowest %1 (%2), highest %3 (%4), mean %5")
      .arg(lowest, at_lowest, highest, at_highest, mean);
}

}  // namespace moescope
