// What a screen reader is told when it walks through the window.
#include <gmock/gmock.h>

#include <QAbstractItemView>
#include <QAbstractSpinBox>
#include <QAccessible>
#include <QComboBox>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QSettings>
#include <QTabWidget>

#include "app/window/main_window.h"
#include "tests/gui/wait_for.h"
#include "tests/gui/window/geometry_checks.h"
#include "views/headline/headline_strip.h"
#include "views/plot/summary.h"

namespace moescope {
namespace {

using test::wait_for;
using testing::IsEmpty;

QString told(QWidget& widget, QAccessible::Text kind) {
  QAccessibleInterface* interface = QAccessible::queryAccessibleInterface(&widget);
  return interface == nullptr ? QString() : interface->text(kind);
}

/// What takes the keyboard or shows data, not the parts that Qt makes of it.
bool is_for_users(const QWidget& widget) {
  const auto* parent = widget.parentWidget();
  if (widget.objectName().startsWith("qt_")) return false;
  for (const char* part : {"QTableCornerButton", "QLineEditIconButton", "QComboBoxListView"})
    if (widget.inherits(part)) return false;
  if (qobject_cast<const QAbstractSpinBox*>(parent) != nullptr ||
      qobject_cast<const QComboBox*>(parent) != nullptr)
    return false;
  return qobject_cast<const QDockWidget*>(&widget) != nullptr ||
         dynamic_cast<const Summarised*>(&widget) != nullptr ||
         (qobject_cast<const QAbstractItemView*>(&widget) != nullptr &&
          !widget.inherits("QHeaderView")) ||
         qobject_cast<const QLineEdit*>(&widget) != nullptr ||
         qobject_cast<const QPlainTextEdit*>(&widget) != nullptr ||
         qobject_cast<const QComboBox*>(&widget) != nullptr ||
         qobject_cast<const QAbstractSpinBox*>(&widget) != nullptr ||
         qobject_cast<const QAbstractButton*>(&widget) != nullptr;
}

bool open_sample(MainWindow& window) {
  window.resize(1600, 900);
  window.show();
  window.openFiles({QStringLiteral(MOESCOPE_SOURCE_DIR "/sample-traces/prefill.moetrace")});
  return wait_for([&] { return window.document().analysis() != nullptr; });
}

TEST(AccessibleTree, EveryDockChartTableFieldAndButtonHasAName) {
  QSettings().clear();
  MainWindow window{WindowServices()};
  ASSERT_TRUE(open_sample(window));
  ASSERT_TRUE(wait_for([&] { return !window.loads().empty() && !window.headline().busy(); }));
  std::vector<std::string> nameless;
  int seen = 0, charts = 0;
  for (QWidget* widget : window.findChildren<QWidget*>()) {
    if (!is_for_users(*widget)) continue;
    const bool empty = dynamic_cast<const HeadlineTile*>(widget) != nullptr ||
                       widget->objectName() == "foldedMessage" || widget->objectName() == "guideDo";
    if (empty && !widget->isVisible()) continue;  // what it says comes with what there is to say
    ++seen;
    if (told(*widget, QAccessible::Name).trimmed().isEmpty())
      nameless.push_back(test::place_of(*widget).toStdString());
    if (dynamic_cast<const Summarised*>(widget) == nullptr) continue;
    ++charts;
    EXPECT_FALSE(told(*widget, QAccessible::Description).isEmpty())
        << test::place_of(*widget).toStdString();
  }
  EXPECT_THAT(nameless, IsEmpty());
  EXPECT_GT(seen, 150);
  EXPECT_GE(charts, 15);
}

TEST(AccessibleTree, LeadsFromTheWindowToEveryViewThatIsShown) {
  QSettings().clear();
  MainWindow window{WindowServices()};
  ASSERT_TRUE(open_sample(window));
  QAccessibleInterface* root = QAccessible::queryAccessibleInterface(&window);
  ASSERT_NE(root, nullptr);
  QStringList names;
  for (int i = 0; i < root->childCount(); ++i)
    if (QAccessibleInterface* child = root->child(i); child != nullptr)
      names << child->text(QAccessible::Name);
  for (const QDockWidget* dock : window.layouts().docks())
    if (dock->isVisible()) {
      EXPECT_TRUE(names.contains(dock->accessibleName()) || names.contains(dock->windowTitle()))
          << DockLayout::idOf(*dock).toStdString() << " of " << names.join(", ").toStdString();
    }
}

}  // namespace
}  // namespace moescope
