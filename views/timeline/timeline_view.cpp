#include "views/timeline/timeline_view.h"

#include <QGridLayout>
#include <QLabel>
#include <QMenu>
#include <QSplitter>
#include <QTimer>
#include <QVBoxLayout>
#include <algorithm>
#include <utility>

#include "core/analysis/overlap/paced_links.h"
#include "views/common/action.h"
#include "views/plot/time_track.h"
#include "views/timeline/lane_scroll.h"
#include "views/timeline/lanes/rank_rows.h"
#include "views/timeline/overview_strip.h"
#include "views/timeline/rank_menu.h"
#include "views/timeline/row_header.h"

namespace moescope {
namespace {
constexpr int kLeastLanes = 220;  // logical pixels, before tracks are as high as they like
constexpr int kTrackHeight = 72;  // logical pixels, when it is shown first
}  // namespace

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
  auto* grid = new QGridLayout(right);
  grid->setContentsMargins(0, 0, 0, 0);
  grid->setSpacing(0);
  overview_->setFixedHeight(overview_->sizeHint().height());
  grid->addWidget(overview_, 0, 0);
  lanes_column_ = new QSplitter(Qt::Vertical, right);
  lanes_column_->addWidget(canvas_);
  grid->addWidget(lanes_column_, 1, 0);
  grid->addWidget(scroll_bar_, 1, 1);
  grid->setRowStretch(1, 1);

  auto* left = new QWidget(splitter);
  find_row_ = new QLineEdit(left);
  find_row_->setPlaceholderText(tr("Find row (Ctrl+P)"));
  find_row_->setClearButtonEnabled(true);
  find_row_->setAccessibleName(tr("Find row"));
  find_row_->setToolTip(
      tr("Part of a row's path; Return goes to the next match, Escape returns to "
         "the timeline, Ctrl+Return pins all rows that match."));
  header_ = new RowHeader(*scene_, canvas_->interaction(), TimelineCanvas::kAxisHeight, left);
  auto* find_box = new QWidget(left);
  find_box->setFixedHeight(overview_->sizeHint().height());
  auto* find_layout = new QHBoxLayout(find_box);
  find_layout->setContentsMargins(6, 0, 2, 0);
  find_layout->setSpacing(2);
  find_layout->addWidget(find_row_);
  find_layout->addWidget(new RankMenu(*ranks_, *this, find_box));
  auto* column = new QVBoxLayout(left);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(find_box);
  names_column_ = new QSplitter(Qt::Vertical, left);
  names_column_->addWidget(header_);
  column->addWidget(names_column_, 1);
  for (QSplitter* stack : {lanes_column_, names_column_}) {
    stack->setHandleWidth(3);
    stack->setChildrenCollapsible(false);
    stack->setStretchFactor(0, 1);
  }
  // Both are as high, so that what is dragged in one holds in the other.
  connect(lanes_column_, &QSplitter::splitterMoved, this,
          [this] { names_column_->setSizes(lanes_column_->sizes()); });
  connect(names_column_, &QSplitter::splitterMoved, this,
          [this] { lanes_column_->setSizes(names_column_->sizes()); });

  splitter->addWidget(left);
  splitter->addWidget(right);
  splitter->setStretchFactor(1, 1);
  splitter->setSizes({230, 900});
  setFocusProxy(canvas_);
}

void TimelineView::addTrack(TimeTrack* track) {
  auto* name = new QLabel(names_column_);
  name->setObjectName("trackName." + track->id());
  name->setAlignment(Qt::AlignTop | Qt::AlignLeft);
  name->setContentsMargins(8, 2, 4, 0);
  name->setMinimumHeight(track->minimumHeight());
  names_column_->addWidget(name);
  lanes_column_->addWidget(track);
  QAction* shown =
      add_command(this, "timeline.track_" + track->id(), tr("Track: %1").arg(track->title()),
                  tr("Show or hide the strip below the lanes"));
  shown->setCheckable(true);
  shown->setChecked(true);
  const auto refresh = [this, track, name, shown] {
    const bool was = !track->isHidden(), now = shown->isChecked() && track->hasData();
    name->setText(QStringLiteral("<b>%1</b><br>%2")
                      .arg(track->title().toHtmlEscaped(),
                           track->note().toHtmlEscaped().replace('\n', "<br>")));
    name->setToolTip(track->title() + '\n' + track->note());
    track->setVisible(now);
    name->setVisible(now);
    if (was == now) return;
    QList<int> heights = lanes_column_->sizes();
    const int index = lanes_column_->indexOf(track);
    if (now && heights[index] < kTrackHeight) {
      heights[0] = std::max(0, heights[0] + heights[index] - kTrackHeight);
      heights[index] = kTrackHeight;
    }
    lanes_column_->setSizes(heights);
    names_column_->setSizes(heights);
    giveLanesRoom();
  };
  connect(track, &TimeTrack::dataChanged, this, refresh);
  connect(shown, &QAction::toggled, this, refresh);
  refresh();
}

void TimelineView::showContextMenu(QPoint global_pos) {
  QMenu* menu = makeContextMenu();
  menu->setAttribute(Qt::WA_DeleteOnClose);
  menu->popup(global_pos);
}

void TimelineView::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  QTimer::singleShot(0, this, &TimelineView::giveLanesRoom);  // when the columns have their size
}

/// In a low window the tracks give way to the lanes, as far as three lines beside them are whole.
void TimelineView::giveLanesRoom() {
  QList<int> heights = lanes_column_->sizes();
  const int low = 3 * fontMetrics().lineSpacing() + 4;
  for (int i = 1; i < heights.size(); ++i) {
    if (lanes_column_->widget(i)->isHidden()) continue;
    const int wanted =
        std::clamp(heights[i] + heights[0] - kLeastLanes, low, std::max(low, heights[i]));
    const int taken = std::min(wanted - heights[i], std::max(0, heights[0] - low));
    heights[i] += taken;
    heights[0] -= taken;
  }
  lanes_column_->setSizes(heights);
  names_column_->setSizes(heights);
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
