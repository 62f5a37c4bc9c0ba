#include "app/window/live/live_guide.h"

#include "views/cluster/cluster_view.h"
#include "views/common/action.h"

namespace moescope {

LiveGuide::LiveGuide(LiveWindow& live, DockLayout& layout, LoadDocument& loads,
                     const ActionRegistry& actions, QWidget* window)
    : QObject(window),
      live_(live),
      layout_(layout),
      loads_(loads),
      actions_(actions),
      panel_(new GuidePanel(window)) {
  QAction* guide =
      make_action(this, "help.guide", tr("&First steps"),
                  tr("Two minutes with a live runtime: from drifting loads to a better plan"));
  connect(guide, &QAction::triggered, this, [this] {
    if (!live_.live().active()) live_.startEmbedded();
    begin();
  });
  follow();
}

void LiveGuide::begin() {
  const auto reveal = [this](const char* dock) {
    return [this, dock] { layout_.reveal(QLatin1String(dock)); };
  };
  const auto in_plan = [this](const char* command) {
    return [this, command] {
      layout_.reveal("plan");
      actions_.trigger(command);
    };
  };
  panel_->begin({
      {.title = tr("Watch the load drift"),
       .text =
           tr("The runtime serves requests whose topics change. Hot experts move with them. Its "
              "links are paced: without overlap a step takes 1.7 times as long."),
       .button = tr("Show expert load"),
       .run = reveal("load"),
       .waits = false},
      {.title = tr("Solve"),
       .text = tr("Make a better plan from the loads of the last seconds."),
       .button = tr("Solve"),
       .run = in_plan("plan.solve"),
       .waits = true},
      {.title = tr("Look at the difference"),
       .text = tr("The table has every layer before and after, and the experts to copy. On the "
                  "board, orange marks what was before: changed slots, and the load of each GPU."),
       .button = tr("Compare"),
       .run = in_plan("plan.compare"),
       .waits = false},
      {.title = tr("Apply"),
       .text = tr("See what would move, then apply it: weights are copied while requests go on, "
                  "the change is verified."),
       .button = tr("Apply plan…"),
       .run = [this] { actions_.trigger("live.apply"); },
       .waits = true},
      {.title = tr("See the imbalance fall"),
       .text = tr("Predicted and measured figures stand side by side in the cluster view."),
       .button = tr("Show balance"),
       .run = reveal("balance"),
       .waits = false},
      {.title = tr("Export"),
       .text = tr("Take the plan to SGLang: the file, and the launch flag to use."),
       .button = tr("Export for SGLang…"),
       .run = in_plan("plan.export"),
       .waits = false},
  });
}

/// Steps that the user does anywhere in the window count as done.
void LiveGuide::follow() {
  connect(&loads_, &LoadDocument::planChanged, this, [this] {
    if (panel_->step() == Solve && live_.planDiffers()) panel_->done(Solve);
  });
  connect(&live_.live().plans(), &PlanCalls::ended, this, [this](const PlanOutcome& outcome) {
    if (outcome.done) panel_->done(Apply);
  });
  connect(&live_, &LiveWindow::effectShown, this, [this](const PlanEffect& effect) {
    if (!effect.imbalance.before || !effect.imbalance.measured) return;
    panel_->setText(Measure, tr("Imbalance was %1 before the change and is %2 since; %3 was "
                                "predicted.")
                                 .arg(*effect.imbalance.before, 0, 'f', 2)
                                 .arg(*effect.imbalance.measured, 0, 'f', 2)
                                 .arg(effect.imbalance.predicted.value_or(0), 0, 'f', 2));
  });
  connect(&live_.live(), &LiveSession::phaseChanged, this, [this](LiveState phase) {
    if (phase == LiveState::Lost && panel_->running()) panel_->end();
  });
}

}  // namespace moescope
