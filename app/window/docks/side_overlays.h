// Side docks of a narrow window: they lie over the edges of the others instead of taking room.
#pragma once

#include <QDockWidget>
#include <QFrame>
#include <QMainWindow>
#include <QObject>
#include <vector>

namespace moescope {

/// Takes side docks out of the layout of a window and shows them, when they are asked for, above
/// its left or right edge.
class SideOverlays : public QObject {
  Q_OBJECT

 public:
  explicit SideOverlays(QMainWindow& window, QObject* parent = nullptr);
  /// `dock` of `side` may lie over the others; docks of one side stand one under the other.
  void add(QDockWidget& dock, Qt::DockWidgetArea side);
  /// Forgets all docks, as they are about to be deleted.
  void clear();
  /// True while the docks lie over the others.
  bool on() const { return on_; }
  bool has(const QDockWidget& dock) const;
  /// Out of the layout, hidden until somebody shows them; those that float stay as they are.
  void lift();
  /// Back into the layout, those that were shown there shown again.
  void settle();

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  struct Part {
    QDockWidget* dock;
    Qt::DockWidgetArea side;
    bool shown;   ///< in the layout
    bool lifted;  ///< lies over the others
  };
  QRect room() const;
  void place();
  void placeSide(Qt::DockWidgetArea side, QFrame& edge);

  QMainWindow& window_;
  std::vector<Part> parts_;
  QFrame *left_edge_, *right_edge_;  ///< where an overlay ends
  bool on_ = false;
};

}  // namespace moescope
