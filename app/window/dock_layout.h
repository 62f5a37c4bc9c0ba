// The docks of the workspace: where they are, how they come back, and the user's own layouts.
#pragma once

#include <QDockWidget>
#include <QMainWindow>
#include <QMenu>
#include <QObject>

#include "app/window/session.h"

namespace moescope {

class DockLayout : public QObject {
  Q_OBJECT

 public:
  DockLayout(QMainWindow& window, Session& session, QObject* parent = nullptr);

  /// Adds `panel` as a dock; docks of one area are tabbed when `tabbed`, else stacked.
  QDockWidget* add(QWidget* panel, const QString& id, const QString& title, Qt::DockWidgetArea area,
                   bool tabbed);
  QDockWidget* dock(const QString& id) const;
  const QList<QDockWidget*>& docks() const { return docks_; }
  /// Shows, raises and focuses the dock.
  void reveal(const QString& id);
  /// False: only the start page is there. True: the docks, as they were left.
  void setWorkspaceVisible(bool visible);
  /// The layout "Analyse".
  void arrange();
  void fillMenu(QMenu& view);
  /// Remembers the arrangement for the next run.
  void save();

 private:
  void fillLayouts(QMenu& menu);
  void saveAs();

  struct Place {
    QDockWidget* dock;
    Qt::DockWidgetArea area;
    bool tabbed;
  };

  QMainWindow& window_;
  Session& session_;
  QList<QDockWidget*> docks_;
  QList<Place> places_;
  bool workspace_visible_ = false;
};

}  // namespace moescope
