// The views as docks: their places, restoring them, presets and the user's own layouts.
#pragma once

#include <QDockWidget>
#include <QMainWindow>
#include <QMap>
#include <QMenu>
#include <QObject>
#include <QPointer>
#include <vector>

#include "app/window/docks/side_overlays.h"
#include "app/window/session/session.h"
#include "views/workspace/view_spec.h"

namespace moescope {

/// What is open: nothing, expert loads, logs or a plan alone, or a trace.
enum class Content { Nothing, Loads, Trace };

/// What was given to DockLayout::add(): the dock may scroll it.
QWidget* panel_of(const QDockWidget& dock);

class DockLayout : public QObject {
  Q_OBJECT

 public:
  DockLayout(QMainWindow& window, Session& session, QObject* parent = nullptr);

  /// What fills the window while nothing is open; the window owns it.
  void setStartPage(QWidget* page);
  /// Makes every view and its dock, in their order.
  void addViews(std::vector<ViewSpec> views, Workspace& workspace);
  /// Deletes them while their data still exists.
  void removeViews();
  QDockWidget* dock(const QString& id) const;
  static QString idOf(const QDockWidget& dock);
  /// The view itself. @pre there is one of this id and class
  template <typename View>
  View& view(const QString& id) const {
    return *static_cast<View*>(panel_of(*dock(id)));
  }
  const QList<QDockWidget*>& docks() const { return docks_; }
  /// One action per dock, in their order: reveals it.
  const QList<QAction*>& goActions() const { return go_actions_; }
  /// Shows, raises and focuses the dock; while nothing is open, only one that is of use then.
  void reveal(const QString& id);
  /// Only the start page, or the docks of loads or of a trace as they were left.
  void setContent(Content content);
  /// Shows and raises the docks of the preset, hides the others.
  void arrange(Preset preset);
  /// A check mark for every dock.
  void fillDocks(QMenu& menu) const;
  /// The presets and the user's own layouts, kept up to date.
  void fillLayouts(QMenu& menu);
  /// Remembers the arrangement for the next run.
  void save();
  /// True while side docks lie over the others, as the window is too narrow for them.
  bool narrow() const { return overlays_.on(); }
  /// In a narrow window: shows the Inspector while something is selected, unless it was closed.
  void showSelection(bool something);
  /// Side docks lie over the others then, and views that need room get all of it.
  bool tooNarrow() const;

 Q_SIGNALS:
  void comparisonWanted();  ///< the layout "Compare" was chosen

 private:
  struct Place {
    QDockWidget* dock;
    ViewSpec view;
  };
  void add(ViewSpec view, Workspace& workspace);
  void addPresets();
  void addGo(const Place& place);
  bool hasContent(const Place& place) const {
    return content_ == Content::Trace || !place.view.needs_trace;
  }
  bool canShow(const QDockWidget& dock) const;
  void placeAll(Preset preset);
  void shareWidth(Preset preset);
  void sizeAll();
  void showStart(bool shown);
  void holdWidth(QDockWidget& dock, int width);
  void restoreSides();
  void restore(const QByteArray& state);
  void followWidth();
  void toggleDrawer();
  QByteArray stateNow();
  int heightShare(const ViewSpec& view) const;
  bool eventFilter(QObject* watched, QEvent* event) override;
  void refillLayouts(QMenu& menu);
  void saveAs();
  QString stateKey() const;

  QMainWindow& window_;
  Session& session_;
  QWidget* start_ = nullptr;
  SideOverlays overlays_;
  QList<QDockWidget*> docks_;
  QList<QAction*> go_actions_, preset_actions_;
  std::vector<Place> places_;
  QMap<QDockWidget*, int> side_widths_;  ///< of the left and right columns, as last settled
  int settled_width_ = 0;                ///< of the window then
  QList<QPointer<QDockWidget>> drawer_;  ///< views below the timeline that were hidden together
  QPointer<QDockWidget> drawer_front_;
  bool inspector_came_ = false;  ///< by itself, for a selection
  Content content_ = Content::Nothing;
};

}  // namespace moescope
