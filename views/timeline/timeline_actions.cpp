// The commands of the timeline as actions: menus, the command palette and the key sheet show them.
#include <QSettings>
#include <algorithm>

#include "views/common/action.h"
#include "views/common/destructive_action.h"
#include "views/plot/axis/zoom_keys.h"
#include "views/timeline/row_header.h"
#include "views/timeline/timeline_view.h"
#include "views/timeline/track_stack.h"

namespace moescope {
namespace {
constexpr auto kPinRuleKey = "timeline/pinRule";
}

QAction* TimelineView::makeAction(const char* name, const QString& text, const QString& tip,
                                  const QList<QKeySequence>& keys, std::function<void()> run) {
  QAction* action = add_command(this, QLatin1String(name), text, tip, keys);
  action->setStatusTip(tip);
  connect(action, &QAction::triggered, this, [run = std::move(run)] { run(); });
  return action;
}

void TimelineView::buildActions() {
  buildRangeActions();
  buildSelectionActions();
  buildRowActions();
  buildSpanActions();
}

void TimelineView::buildRangeActions() {
  makeAction("timeline.zoom_in", tr("Zoom in"), tr("Zoom in at the pointer"), {Qt::Key_W},
             [this] { canvas_->interaction().zoom(kZoomPerKey); });
  makeAction("timeline.zoom_out", tr("Zoom out"), tr("Zoom out at the pointer"), {Qt::Key_S},
             [this] { canvas_->interaction().zoom(1 / kZoomPerKey); });
  makeAction("timeline.pan_left", tr("Pan to earlier"), tr("Show an earlier part"), {Qt::Key_A},
             [this] { selection_.pan(-kPanPerKey); });
  makeAction("timeline.pan_right", tr("Pan to later"), tr("Show a later part"), {Qt::Key_D},
             [this] { selection_.pan(kPanPerKey); });
  makeAction("timeline.fit_selection", tr("Fit selection"),
             tr("Show the selected spans or area; everything when nothing is selected"),
             {Qt::Key_F}, [this] { fitSelection(); });
  measure_action_ =
      makeAction("timeline.measure", tr("Measure"),
                 tr("Measure between two points: click or drag; points snap to the edges of spans"),
                 {Qt::Key_M}, [this] {
                   auto& interaction = canvas_->interaction();
                   interaction.setMeasuring(!interaction.measure().active());
                 });
  measure_action_->setCheckable(true);
  connect(&canvas_->interaction(), &TimelineInteraction::measuringChanged, measure_action_,
          &QAction::setChecked);
}

void TimelineView::fitSelection() {
  const auto refs = selection_.selectedSpans();
  if (refs.empty() && !selection_.area()) {
    selection_.fit();
    return;
  }
  scene_->source().query(
      [refs, area = selection_.area()](const Trace& trace) {
        std::optional<TimeRange> range;
        if (area) range = area->range;
        for (const auto& ref : refs) {
          const Span span = trace.span(ref);
          if (!range) range = TimeRange{span.start, span.end()};
          range->begin = std::min(range->begin, span.start);
          range->end = std::max(range->end, span.end());
        }
        return *range;
      },
      [this](TimeRange range) {
        const TimeNs margin = std::max<TimeNs>(range.length() / 20, 1);
        const TimeNs far = std::numeric_limits<TimeNs>::max() - margin;
        selection_.setRange(
            {PixelMap::difference(range.begin, margin), std::min(range.end, far) + margin});
      });
}

void TimelineView::buildSelectionActions() {
  makeAction("timeline.previous_span", tr("Previous span"),
             tr("Select the span before in the same row"), {Qt::Key_Comma, Qt::Key_Left},
             [this] { moveSelection(-1); });
  makeAction("timeline.next_span", tr("Next span"), tr("Select the next span in the same row"),
             {Qt::Key_Period, Qt::Key_Right}, [this] { moveSelection(1); });
  makeAction("timeline.row_above", tr("Select in the row above"),
             tr("Select the span of the row above that is nearest in time"), {Qt::Key_Up},
             [this] { moveToRow(-1); });
  makeAction("timeline.row_below", tr("Select in the row below"),
             tr("Select the span of the row below that is nearest in time"), {Qt::Key_Down},
             [this] { moveToRow(1); });
  makeAction("timeline.back", tr("Step back"),
             tr("Leave measuring, then clear the area, then the selection"), {Qt::Key_Escape},
             [this] {
               if (find_row_->hasFocus())
                 leaveFindRow();
               else
                 stepBack();
             });
}

void TimelineView::moveSelection(int step) {
  const SpanRef current = selection_.currentSpan();
  if (!scene_->hasTrace()) return;
  if (!current.valid()) {
    moveToRow(1);
    return;
  }
  scene_->source().query(
      [current, step](const Trace& trace) { return neighbour(trace, current, step); },
      [this](const std::optional<FoundSpan>& found) {
        if (!found) return;
        selection_.selectSpan(found->ref);
        const TimeRange range = selection_.range();
        const bool visible = found->span.start < range.end && found->span.end() > range.begin;
        if (visible) return;
        const TimeNs centre = found->span.start + found->span.duration / 2;
        selection_.setRange(
            {centre - range.length() / 2, centre - range.length() / 2 + range.length()});
      });
}

void TimelineView::moveToRow(int step) {
  if (!scene_->hasTrace()) return;
  std::vector<TrackId> tracks;
  for (const auto* rows : {&scene_->rows().pinned(), &scene_->rows().rows()})
    for (const auto& row : *rows)
      if (row.key.kind == RowKind::Track) tracks.push_back(row.key.track);
  if (tracks.empty()) return;
  const SpanRef current = selection_.currentSpan();
  const auto at = std::find(tracks.begin(), tracks.end(), current.track);
  if (!current.valid() || at == tracks.end()) {
    selectNearest(tracks.front());
    return;
  }
  const auto next = (at - tracks.begin()) + step;
  if (next >= 0 && next < static_cast<std::ptrdiff_t>(tracks.size()))
    selectNearest(tracks[static_cast<std::size_t>(next)]);
}

void TimelineView::selectNearest(TrackId track) {
  const TimeRange range = selection_.range();
  const TimeNs middle = range.begin + range.length() / 2;
  const auto* row = scene_->rows().rowOf(track);
  const int depths = row ? row->lanes : 1;
  scene_->source().query(
      [track, depths, middle, current = selection_.currentSpan()](const Trace& trace) {
        const TimeNs time = current.valid() ? trace.span(current).start : middle;
        return nearest_span(trace, track, depths, time);
      },
      [this](const std::optional<FoundSpan>& found) {
        if (found) revealSpan(found->ref);
      });
}

void TimelineView::buildRowActions() {
  pin_action_ = makeAction("timeline.pin", tr("Pin row"),
                           tr("Keep the row under the pointer at the top, with its full path"),
                           {Qt::Key_P}, [this] { togglePin(); });
  connect(&selection_, &Selection::cursorChanged, this, &TimelineView::namePin);
  connect(scene_, &TimelineScene::changed, this, &TimelineView::namePin);
  makeAction("timeline.hide_row", tr("Hide row"), tr("Hide the row under the pointer"), {Qt::Key_H},
             [this] { hideRow(); });
  makeAction("timeline.only_rank", tr("Hide other ranks"),
             tr("Hide every rank but that of the row under the pointer"), {}, [this] {
               if (const auto row = currentRow())
                 scene_->editRows(tr("Hide other ranks"),
                                  [&](RowModel& rows) { rows.hideOthers(row->process); });
             });
  makeAction("timeline.show_all", tr("Show all rows"), tr("Bring hidden rows back"),
             {Qt::SHIFT | Qt::Key_H}, [this] {
               scene_->editRows(tr("Show all rows"), [](RowModel& rows) { rows.showAll(); });
             });
  makeAction("timeline.find_row", tr("Find row"), tr("Go to a row by part of its path"),
             {Qt::CTRL | Qt::Key_P}, [this] {
               tracks_->show(QStringLiteral("overview"));  // the field is beside it
               find_row_->setFocus(Qt::ShortcutFocusReason);
               find_row_->selectAll();
             });
  makeAction(
      "timeline.pin_matching", tr("Pin rows that match"),
      tr("Pin every row whose path has the text of \"Find row\", also in traces opened later"),
      {Qt::CTRL | Qt::Key_Return}, [this] {
        scene_->editRows(tr("Pin rows that match"),
                         [this](RowModel& rows) { rows.setPinRule(find_row_->text()); });
      });
  mark_destructive(makeAction(
      "timeline.unpin_all", tr("Unpin all rows"),
      tr("Unpin every row and forget which rows are pinned in traces opened later"), {},
      [this] { scene_->editRows(tr("Unpin all rows"), [](RowModel& rows) { rows.unpinAll(); }); }));
  makeAction("timeline.taller", tr("Taller rows"),
             tr("Make all lanes taller, or the strip that has the keyboard"),
             {Qt::CTRL | Qt::Key_Down}, [this] {
               if (!tracks_->resizeFocused(1))
                 scene_->setLaneHeight(scene_->layout().laneHeight() + 2);
             });
  makeAction("timeline.shorter", tr("Shorter rows"),
             tr("Make all lanes shorter, to see more, or the strip that has the keyboard"),
             {Qt::CTRL | Qt::Key_Up}, [this] {
               if (!tracks_->resizeFocused(-1))
                 scene_->setLaneHeight(scene_->layout().laneHeight() - 2);
             });
  scene_->rows().setPinRule(QSettings().value(QLatin1String(kPinRuleKey)).toString());
  connect(&scene_->rows(), &RowModel::changed, this,
          [this, stored = scene_->rows().pinRule()]() mutable {
            if (stored == scene_->rows().pinRule()) return;
            stored = scene_->rows().pinRule();
            if (stored.isEmpty())
              QSettings().remove(QLatin1String(kPinRuleKey));
            else
              QSettings().setValue(QLatin1String(kPinRuleKey), stored);
          });
  connect(find_row_, &QLineEdit::textChanged, this,
          [this](const QString& text) { findRow(text, false); });
  connect(find_row_, &QLineEdit::returnPressed, this, [this] { findRow(find_row_->text(), true); });
}

std::optional<RowKey> TimelineView::currentRow() const {
  if (const auto hovered = canvas_->interaction().hoveredRow()) return hovered;
  if (const auto* row = scene_->rows().rowOf(selection_.currentSpan().track)) return row->key;
  return std::nullopt;
}

/// The command says what it would do to the row under the pointer.
void TimelineView::namePin() {
  const auto row = currentRow();
  pin_action_->setText(row && scene_->rows().isPinned(*row) ? tr("Unpin row") : tr("Pin row"));
}

void TimelineView::togglePin() {
  if (const auto row = currentRow()) scene_->setPinned(*row, !scene_->rows().isPinned(*row));
}

void TimelineView::hideRow() {
  if (const auto row = currentRow())
    scene_->editRows(tr("Hide row"), [&](RowModel& rows) { rows.hide(*row); });
}

/// Leaves the rows that match and marks one of them: the first, or the next after the marked one.
void TimelineView::findRow(const QString& text, bool next) {
  scene_->rows().setNameFilter(text);
  const auto matches = scene_->rows().matching();
  found_row_ = next ? found_row_ + 1 : 0;
  const bool any = !matches.empty();
  canvas_->overlay().setMarkedRow({});
  if (any) {
    const RowKey& row = matches[found_row_ % matches.size()];
    scene_->reveal(row);
    canvas_->overlay().setMarkedRow(row);
  }
  row_count_->setText(any ? tr("%1 of %2").arg(found_row_ % matches.size() + 1).arg(matches.size())
                          : tr("none"));
  row_count_->setVisible(!text.trimmed().isEmpty());
  canvas_->update();
}

/// All rows are back, and the one that was found last can be seen among them.
void TimelineView::leaveFindRow() {
  const auto found = canvas_->overlay().markedRow();
  find_row_->clear();
  if (found) scene_->reveal(*found);
  canvas_->overlay().setMarkedRow(found);
  canvas_->setFocus();
}

}  // namespace moescope
