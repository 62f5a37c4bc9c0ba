// What can be done with a span: in the menu of the lanes, and in the palette.
#include <QApplication>
#include <QClipboard>
#include <QMenu>
#include <algorithm>

#include "views/timeline/span_text.h"
#include "views/timeline/spans/label_text.h"
#include "views/timeline/timeline_view.h"
#include "views/timeline/track_stack.h"

namespace moescope {
namespace {
constexpr int kReclassify = 2;  // rules are about kernels
}

void TimelineView::buildSpanActions() {
  const auto with_span = [this](const std::function<void(const Span&, const QString& name)>& use) {
    return [this, use] {
      const SpanRef ref = selection_.currentSpan();
      const auto span = scene_->hasTrace() && ref.valid() ? scene_->span(ref) : std::nullopt;
      if (span)
        use(*span, QString::fromStdString(std::string(scene_->trace()->strings()[span->name])));
    };
  };
  span_actions_ = {
      makeAction("timeline.zoom_to_span", tr("Zoom to span"), tr("Show the selected span"), {},
                 [this] { fitSelection(); }),
      makeAction(
          "timeline.find_same", tr("Find same name"),
          tr("List the spans that have the name of the selected one, and dim the rest"),
          {Qt::CTRL | Qt::SHIFT | Qt::Key_F},
          with_span([this](const Span&, const QString& name) { Q_EMIT sameNameWanted(name); })),
      makeAction("timeline.reclassify", tr("Change its class…"),
                 tr("Add a rule for the name of the selected span"), {},
                 with_span([this](const Span& span, const QString& name) {
                   const AnalysisPtr& analysis = document_.analysis();
                   if (analysis && analysis->classes)
                     Q_EMIT ruleWanted(name, analysis->classes->of(span.kind, span.name));
                 })),
      makeAction("timeline.copy_name", tr("Copy name"),
                 tr("Copy the full name of the selected span"), {},
                 with_span([](const Span&, const QString& name) {
                   QApplication::clipboard()->setText(name);
                 })),
      makeAction("timeline.copy_span", tr("Copy span"),
                 tr("Copy what the selected span is: name, class, times and row"), {}, [this] {
                   const SpanRef ref = selection_.currentSpan();
                   const auto span = ref.valid() ? scene_->span(ref) : std::nullopt;
                   if (span) QApplication::clipboard()->setText(span_summary(*scene_, ref, *span));
                 })};
  const auto refresh = [this] {
    const SpanRef ref = selection_.currentSpan();
    for (QAction* action : span_actions_) action->setEnabled(ref.valid());
    const auto span = ref.valid() && scene_->hasTrace() ? scene_->span(ref) : std::nullopt;
    span_actions_[kReclassify]->setEnabled(span && span->kind == SpanKind::Kernel);
  };
  connect(&selection_, &Selection::selectionChanged, this, refresh);
  refresh();
}

/// The span under the pointer is what the menu is about: it is selected.
QMenu* TimelineView::makeContextMenu() {
  namePin();
  auto* menu = new QMenu(this);
  const SpanRef at = selection_.hovered();
  const auto& selected = selection_.selectedSpans();
  if (at.valid() && std::find(selected.begin(), selected.end(), at) == selected.end())
    selection_.selectSpan(at);
  if (const auto span = at.valid() ? scene_->span(at) : std::nullopt) {
    menu->addSection(short_name(scene_->trace()->strings()[span->name]).left(40));
    menu->addActions(span_actions_);
    menu->addSection(tr("Rows"));
  }
  for (const char* name :
       {"timeline.fit_selection", "timeline.measure", "", "timeline.pin", "timeline.unpin_all",
        "timeline.hide_row", "timeline.only_rank", "timeline.show_all", "timeline.find_row", "",
        "timeline.taller", "timeline.shorter"}) {
    if (auto* action = *name ? findChild<QAction*>(QLatin1String(name)) : nullptr)
      menu->addAction(action);
    else
      menu->addSeparator();
  }
  menu->addSeparator();
  menu->addMenu(tr("Tracks"))->addActions(tracks_->actions());
  return menu;
}

}  // namespace moescope
