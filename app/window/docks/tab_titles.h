// Docks that stand behind tabs have their titles there and not a second time above them.
#pragma once

#include <QDockWidget>
#include <QMainWindow>
#include <QTimer>

namespace moescope {

/// Title bars come back where a dock stands alone or floats. What can be done with a title bar can
/// be done with a tab: dragging it takes the dock out, and its menu floats or hides it.
class TabTitles : public QObject {
  Q_OBJECT

 public:
  explicit TabTitles(QMainWindow& window, QObject* parent = nullptr);
  void add(QDockWidget& dock);

 private:
  void refresh();
  void adopt(QTabBar& tabs);
  void showMenu(QTabBar& tabs, QPoint at);

  QMainWindow& window_;
  QList<QDockWidget*> docks_;
  QTimer soon_;  ///< once for all docks that move together
};

}  // namespace moescope
