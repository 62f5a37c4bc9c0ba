// The guided first two minutes with the embedded runtime: from drifting loads to an exported plan.
#pragma once

#include "app/window/live/guide_panel.h"
#include "app/window/live/live_window.h"
#include "views/shell/action_registry.h"

namespace moescope {

class LiveGuide : public QObject {
  Q_OBJECT

 public:
  LiveGuide(LiveWindow& live, DockLayout& layout, LoadDocument& loads,
            const ActionRegistry& actions, QWidget* window);

  GuidePanel& panel() { return *panel_; }
  void begin();

 private:
  enum Step { Watch, Solve, Compare, Apply, Measure, Export };
  void follow();

  LiveWindow& live_;
  DockLayout& layout_;
  LoadDocument& loads_;
  const ActionRegistry& actions_;
  GuidePanel* panel_;
};

}  // namespace moescope
