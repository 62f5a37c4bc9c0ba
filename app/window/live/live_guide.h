// The guided first two minutes with the embedded runtime: from drifting loads to an exported plan.
#pragma once

#include <QMainWindow>

#include "app/window/live/guide_panel.h"
#include "app/window/live/live_window.h"

namespace moescope {

class LiveGuide : public QObject {
  Q_OBJECT

 public:
  LiveGuide(LiveWindow& live, DockLayout& layout, LoadDocument& loads, QMainWindow* window);

  GuidePanel& panel() { return *panel_; }
  QAction* action() const { return action_; }
  void begin();

 private:
  enum Step { Watch, Solve, Compare, Apply, Measure, Export };
  /// Runs a command of the window by its name, when it can run now.
  void trigger(const QString& name);
  void follow();

  LiveWindow& live_;
  DockLayout& layout_;
  LoadDocument& loads_;
  QMainWindow* window_;
  GuidePanel* panel_;
  QAction* action_;
};

}  // namespace moescope
