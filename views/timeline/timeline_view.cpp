#include "views/timeline/timeline_view.h"

#include <QMenu>
#include <QSplitter>
#include <QTimer>
#include <QVBoxLayout>
#include <algorithm>
#include <utility>

#include "core/analysis/overlap/paced_links.h"
#include "views/common/action.h"
#include "views/timeline/lane_scroll.h"
#include "views/timeline/lanes/rank_rows.h"
#include "views/timeline/overview_strip.h"
#include "views/timeline/rank_menu.h"
#include "views/timeline/row_header.h"
#include "views/timeline/track_stack.h"

namespace moescope {

TimelineView::TimelineView(TraceDocument& document, Selection& selection, QWidget* parent)
    : QWidget(parent),
      document_(document),
      selection_(selection),
      scene_(new TimelineScene(document, selection, this)),
      ranks_(new RankRows(*scene_, this)) {
  setAccessibleName(tr("Timeline"));
  buildWidgets();
  buildActions();
  connect(scene_, &TimelineScene::failed, this, &TimelineView::failed);
  connect(ranks_, &RankRows::failed, this, &TimelineView::failed);
  connect(&selection_, &Selection::selectionChanged, this, &TimelineView::followSelection);
  scroll_lanes(*scroll_bar_, *scene_);
  connect(canvas_, &TimelineCanvas::ticksChanged, this, [this] {
    if (!scene_->hasTrace()) return header_->setAxisTitle({});
    const auto paced = paced_links_mark(scene_->trace()->info());
    const TimeUnit unit = canvas_->ticks().unit;
    // Row names leave room for few words.
    header_->setAxisTitle(paced.empty() ? time_axis_title(unit)
                                        : tr("Time (%1), paced links").arg(unit.symbol));
  });
  connect(canvas_, &TimelineCanvas::contextMenuWanted, this, &TimelineView::showContextMenu);
  connect(header_, &RowHeader::contextMenuWanted, this, &TimelineView::showContextMenu);
}

void TimelineView::buildWidgets() {
  auto* splitter = new QSplitter(Qt::Horizontal, this);
  splitter->setHandleWidth(3);
  splitter->setChildrenCollapsible(false);
  auto* outer = new QVBoxLayout(this);
  outer->setContentsMargins(0, 0, 0, 0);
  outer->addWidget(splitter);

  auto* right = new QWidget(splitter);
  canvas_ = new TimelineCanvas(*scene_, right);
  canvas_->setAccessibleName(tr("Timeline"));
  overview_ = new OverviewStrip(*scene_, right);
  scroll_bar_ = new QScrollBar(Qt::Vertical, right);
  auto* row = new QHBoxLayout(right);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(0);
  auto* strips = new QSplitter(Qt::Vertical, right);
  row->addWidget(strips, 1);
  row->addWidget(scroll_bar_);

  auto* left = new QWidget(splitter);
  find_row_ = new QLineEdit(left);
  find_row_->setPlaceholderText(tr("Find row (Ctrl+P)"));
  find_row_->setClearButtonEnabled(true);
  find_row_->setAccessibleName(tr("Find row"));
  find_row_->setToolTip(
      tr("Part of a row's path leaves the rows that match; Return goes to the next of them, Escape "
         "shows all rows again, Ctrl+Return pins those that match."));
  header_ = new RowHeader(*scene_, canvas_->interaction(), TimelineCanvas::kAxisHeight, left);
  auto* find_box = new QWidget(left);
  auto* find_layout = new QHBoxLayout(find_box);
  find_layout->setContentsMargins(6, 0, 2, 0);
  find_layout->setSpacing(2);
  find_layout->addWidget(find_row_);
  row_count_ = new QLabel(find_box);
  row_count_->setObjectName("rowCount");
  row_count_->setForegroundRole(QPalette::PlaceholderText);
  row_count_->hide();
  find_layout->addWidget(row_count_);
  find_layout->addWidget(new RankMenu(*ranks_, *this, find_box));
  auto* column = new QVBoxLayout(left);
  column->setContentsMargins(0, 0, 0, 0);
  auto* names = new QSplitter(Qt::Vertical, left);
  column->addWidget(names);
  tracks_ = new TrackStack(*this, *strips, *names);
  overview_->setMinimumHeight(find_layout->minimumSize().height());
  find_box->setMinimumHeight(overview_->minimumHeight());
  tracks_->addOverview(overview_, find_box);
  tracks_->addLanes(canvas_, header_);

  splitter->addWidget(left);
  splitter->addWidget(right);
  splitter->setStretchFactor(1, 1);
  splitter->setSizes({230, 900});
  setFocusProxy(canvas_);
}

void TimelineView::addTrack(TimeTrack* track) {
  tracks_->addTrack(track);
}

void TimelineView::showContextMenu(QPoint global_pos) {
  QMenu* menu = makeContextMenu();
  menu->setAttribute(Qt::WA_DeleteOnClose);
  menu->popup(global_pos);
}

void TimelineView::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  QTimer::singleShot(0, tracks_, &TrackStack::arrange);  // when the columns have their size
}

void TimelineView::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::FontChange) canvas_->setTextOf(font());
}

/// A span that was selected elsewhere may be in a folded rank or below the rows in view.
void TimelineView::followSelection() {
  const SpanRef ref = selection_.currentSpan();
  if (ref == std::exchange(followed_, ref) || !ref.valid()) return;
  if (ref == selection_.hovered()) return;  // it was clicked here: rows stay where they are
  if (!scene_->trace() || ref.track >= scene_->trace()->tracks().size()) return;
  scene_->revealTrack(ref.track, 0);
  const TimelineRow* row = scene_->rows().rowOf(ref.track);
  if (row == nullptr || !row->collapsed) return;
  // It may be on a level that is not drawn.
  scene_->source().query([ref](const Trace& trace) { return trace.span(ref); },
                         [this, ref](const Span& span) {
                           if (selection_.currentSpan() == ref)
                             scene_->revealTrack(ref.track, span.depth);
                         });
}

void TimelineView::revealSpan(SpanRef ref) {
  if (!scene_->trace() || ref.track >= scene_->trace()->tracks().size()) return;
  scene_->revealTrack(ref.track, 0);
  const auto& selected = selection_.selectedSpans();
  if (std::find(selected.begin(), selected.end(), ref) == selected.end())
    selection_.selectSpan(ref);
  scene_->source().query(
      [ref](const Trace& trace) { return trace.span(ref); },
      [this](const Span& span) {
        const TimeRange range = selection_.range();
        const bool inside = span.start < range.end && span.end() > range.begin;
        const double pixels = static_cast<double>(span.duration) / scene_->map().nsPerPixel();
        if (inside && pixels >= 2) return;
        const TimeNs length = std::clamp<TimeNs>(span.duration * 8, Selection::kMinRange,
                                                 std::max(range.length(), Selection::kMinRange));
        const TimeNs centre = span.start + span.duration / 2;
        selection_.setRange({centre - length / 2, centre - length / 2 + length});
      });
}

bool TimelineView::stepBack() {
  return canvas_->interaction().stepBack() || selection_.clearSelection();
}

}  // namespace moescope
