// The docks of the workspace: where they are, how they come back, and the user's own layouts.
#pragma once

#include <QDockWidget>
#include <QMainWindow>
#include <QMap>
#include <QMenu>
#include <QObject>

#include "app/window/session/session.h"

namespace moescope {

/// What is open: nothing, expert loads or logs alone, or a trace.
enum class Workspace { Start, Loads, Trace };

/// What was given to DockLayout::add(): the dock may scroll it.
QWidget* panel_of(const QDockWidget& dock);

class DockLayout : public QObject {
  Q_OBJECT

 public:
  DockLayout(QMainWindow& window, Session& session, QObject* parent = nullptr);

  /// What fills the window while nothing is open; the window owns it.
  void setStartPage(QWidget* page);
  /// Adds `panel` as a dock; docks of one area are tabbed when `tabbed`, else stacked.
  QDockWidget* add(QWidget* panel, const QString& id, const QString& title, Qt::DockWidgetArea area,
                   bool tabbed);
  QDockWidget* dock(const QString& id) const;
  const QList<QDockWidget*>& docks() const { return docks_; }
  /// One action a dock, in their order: reveals it.
  const QList<QAction*>& goActions() const { return go_actions_; }
  /// Shows, raises and focuses the dock.
  void reveal(const QString& id);
  /// Docks that are empty without a trace: not part of the workspace of loads.
  void needTrace(const QStringList& ids) { of_traces_ = ids; }
  /// Only the start page, or the docks of loads or of a trace as they were left.
  void setWorkspace(Workspace workspace);
  /// The layout "Analyse".
  void arrange();
  /// The same with these docks only, the first one in front.
  void arrangeOnly(const QStringList& ids);
  void fillMenu(QMenu& view);
  /// Remembers the arrangement for the next run.
  void save();

 Q_SIGNALS:
  void comparisonWanted();  ///< the layout "Compare" was chosen

 private:
  void showStart(bool shown);
  void holdWidth(QDockWidget& dock, int width);
  void restoreSides();
  bool eventFilter(QObject* watched, QEvent* event) override;
  void fillLayouts(QMenu& menu);
  void saveAs();

  struct Place {
    QDockWidget* dock;
    Qt::DockWidgetArea area;
    bool tabbed;
  };
  bool shown(const Place& place) const {
    return workspace_ == Workspace::Trace || !of_traces_.contains(place.dock->objectName().mid(5));
  }
  QString stateKey() const;

  QMainWindow& window_;
  Session& session_;
  QWidget* start_ = nullptr;
  QList<QDockWidget*> docks_;
  QList<QAction*> go_actions_;
  QList<Place> places_;
  QStringList of_traces_;
  QMap<QDockWidget*, int> side_widths_;  ///< of the left and right columns, as last settled
  int settled_width_ = 0;                ///< of the window then
  Workspace workspace_ = Workspace::Start;
};

}  // namespace moescope
