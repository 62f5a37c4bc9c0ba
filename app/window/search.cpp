#include "app/window/search.h"

#include "views/common/action.h"
#include "views/find/find_panel.h"
#include "views/query/query_view.h"
#include "views/steps/steps_view.h"

namespace moescope {

Search::Search(Omnibox& box, DockLayout& layout, TraceDocument& document, Selection& selection,
               QObject* parent)
    : QObject(parent),
      box_(box),
      layout_(layout),
      document_(document),
      find_(layout.view<FindPanel>("find")),
      layers_(document, selection) {
  find_.hideInput();
  connect(&box_, &Omnibox::spansWanted, &find_, &FindPanel::setText);
  connect(&box_, &Omnibox::nextWanted, &find_, &FindPanel::next);
  connect(&box_, &Omnibox::previousWanted, &find_, &FindPanel::previous);
  connect(&box_, &Omnibox::hitsWanted, this, [this] { layout_.reveal("find"); });
  connect(&box_, &Omnibox::stepWanted, this, &Search::goToStep);
  connect(&box_, &Omnibox::layerWanted, &layers_, &LayerNavigator::goTo);
  connect(&layers_, &LayerNavigator::missed, this, [this](const QString& why) {
    Q_EMIT message({UserMessage::Level::Warning, why, {}});
  });
  connect(&box_, &Omnibox::sqlWanted, this, &Search::query);
  connect(&find_, &FindPanel::cleared, &box_, &Omnibox::forgetSpans);
  connect(&find_, &FindPanel::hitsChanged, &box_,
          [this] { box_.showFound(find_.model().rowCount(), find_.countText()); });
  connect(&document_, &TraceDocument::traceChanged, &box_,
          [this] { box_.setTraceOpen(document_.trace() != nullptr); });
  addActions();
}

void Search::addActions() {
  make_action(this, "edit.find", tr("&Find…"), tr("Find spans by name"),
              {QKeySequence::Find, QKeySequence("Ctrl+L")}, [this] { box_.begin({}); });
  make_action(this, "edit.find_next", tr("Find &next"), tr("Go to the next hit"),
              {QKeySequence("F3")}, [this] { find_.next(); });
  make_action(this, "edit.find_previous", tr("Find &previous"), tr("Go to the previous hit"),
              {QKeySequence("Shift+F3")}, [this] { find_.previous(); });
  make_action(this, "edit.go_to_step", tr("&Go to step…"), tr("Go to a step by its number"),
              {QKeySequence("Ctrl+G")}, [this] { box_.begin(QStringLiteral("#")); });
  make_action(this, "edit.go_to_layer", tr("Go to &layer…"),
              tr("Go to the next run of a layer by its number"), {QKeySequence("Ctrl+Shift+G")},
              [this] { box_.begin(QStringLiteral("@")); });
  make_action(this, "edit.next_layer", tr("Next layer"), tr("Go to the layer that runs next"),
              {QKeySequence("}")}, [this] { layers_.move(1); });
  make_action(this, "edit.previous_layer", tr("Previous layer"),
              tr("Go to the layer that ran before"), {QKeySequence("{")},
              [this] { layers_.move(-1); });
  make_action(this, "help.palette", tr("&Command palette…"), tr("Find and run any command"),
              {QKeySequence("Ctrl+Shift+P")}, [this] { showCommands(); });
}

/// Steps are only looked for once somebody wants to see them.
void Search::goToStep(quint64 number) {
  layout_.reveal("steps");
  auto& steps = layout_.view<StepsView>("steps");
  if (steps.goTo(number)) return;
  const auto say = [this, number] {
    Q_EMIT message({UserMessage::Level::Warning, tr("This trace has no step %1.").arg(number), {}});
  };
  if (!steps.busy() && document_.analysis()) return say();
  connect(
      &steps.model(), &QAbstractItemModel::modelReset, this,
      [&steps, number, say] {
        if (!steps.goTo(number)) say();
      },
      Qt::SingleShotConnection);
}

void Search::query(const QString& sql) {
  layout_.reveal("query");
  auto& query = layout_.view<QueryView>("query");
  query.setSql(sql);
  query.run();
}

}  // namespace moescope
