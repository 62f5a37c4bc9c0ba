#include "views/steps/path_list.h"

#include <QEvent>
#include <QHeaderView>
#include <QTreeWidgetItemIterator>
#include <algorithm>

#include "core/analysis/spans/gpu_work.h"
#include "views/common/theme.h"
#include "views/common/units.h"

namespace moescope {
namespace {

constexpr std::size_t kMostSegments = 200;
constexpr int kSegmentRole = Qt::UserRole, kCauseRole = Qt::UserRole + 1,
              kClassRole = Qt::UserRole + 2;

QString cause_words(PathCause cause, SpanClass span_class) {
  switch (cause) {
    case PathCause::Idle:
      return PathList::tr("nothing runs");
    case PathCause::Compute:
      return class_label(span_class);
    case PathCause::Memory:
      return PathList::tr("copy or fill");
    case PathCause::Transfer:
      return PathList::tr("exposed %1").arg(class_label(span_class));
    case PathCause::Waiting:
      return PathList::tr("waiting, %1").arg(class_label(span_class));
  }
  return {};
}

QString waiters_text(const PathSegment& segment, const Trace& trace) {
  if (segment.waited_for_by.empty()) return {};
  const QString first = QString::fromStdString(device_text(trace, segment.waited_for_by.front()));
  const auto more = segment.waited_for_by.size() - 1;
  return more == 0 ? PathList::tr("%1 waits for it").arg(first)
                   : PathList::tr("%1 and %2 more wait for it").arg(first).arg(more);
}

/// The item is about work of a class that the path has for a cause.
void set_work(QTreeWidgetItem& item, PathCause cause, SpanClass span_class) {
  item.setData(0, kCauseRole, static_cast<int>(cause));
  item.setData(0, kClassRole, static_cast<int>(span_class));
}

QIcon swatch(const Theme& theme, PathCause cause, SpanClass span_class) {
  const QBrush fill = cause == PathCause::Idle
                          ? QBrush(theme.background)
                          : theme.brush(span_class, cause == PathCause::Waiting);
  return class_swatch(fill, theme.muted_text);
}

}  // namespace

PathList::PathList(QWidget* parent) : QTreeWidget(parent) {
  setObjectName("criticalPath");
  setAccessibleName(tr("Critical path of the step"));
  setColumnCount(3);
  setHeaderLabels({tr("Critical path"), tr("Time"), tr("Of the step")});
  setFrameShape(QFrame::NoFrame);
  setUniformRowHeights(true);
  header()->setSectionResizeMode(0, QHeaderView::Stretch);
  header()->setStretchLastSection(false);
  for (const int column : {1, 2})
    header()->setSectionResizeMode(column, QHeaderView::ResizeToContents);
  const auto choose = [this](QTreeWidgetItem* item) {
    const QVariant index = item->data(0, kSegmentRole);
    if (index.isValid() && index.toULongLong() < segments_.size())
      Q_EMIT segmentChosen(segments_[index.toULongLong()]);
  };
  connect(this, &QTreeWidget::itemActivated, this, choose);
  connect(this, &QTreeWidget::itemClicked, this, choose);
}

void PathList::changeEvent(QEvent* event) {
  QTreeWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) setSwatches();
}

/// Colours of the classes in the theme of now.
void PathList::setSwatches() {
  const Theme& theme = Theme::of(palette());
  for (QTreeWidgetItemIterator it(this); *it != nullptr; ++it) {
    const QVariant cause = (*it)->data(0, kCauseRole);
    if (cause.isValid())
      (*it)->setIcon(0, swatch(theme, static_cast<PathCause>(cause.toInt()),
                               static_cast<SpanClass>((*it)->data(0, kClassRole).toInt())));
  }
}

void PathList::explain(const QString& text) {
  clear();
  segments_.clear();
  auto* item = new QTreeWidgetItem(this, {text});
  item->setFlags(Qt::ItemIsEnabled);
  item->setFirstColumnSpanned(true);
}

void PathList::showPath(const CriticalPath& path, const Trace& trace) {
  clear();
  segments_ = path.segments;
  const auto whole = static_cast<double>(std::max<TimeNs>(path.window.length(), 1));
  const auto add = [&](QTreeWidgetItem* parent, const QString& text, TimeNs time) {
    auto* item = new QTreeWidgetItem(
        parent, {text, format_time(time), format_percent(100 * static_cast<double>(time) / whole)});
    for (const int column : {1, 2}) item->setTextAlignment(column, Qt::AlignRight);
    item->setToolTip(0, text);
    return item;
  };
  auto* causes = new QTreeWidgetItem(this, {tr("By cause")});
  for (const PathShare& share : path.shares)
    set_work(*add(causes, cause_words(share.cause, share.span_class), share.time), share.cause,
             share.span_class);
  if (!path.stragglers.empty()) {
    auto* late = new QTreeWidgetItem(this, {tr("Came last")});
    for (const Straggler& straggler : path.stragglers)
      add(late,
          tr("%1, at %2")
              .arg(QString::fromStdString(device_text(trace, straggler.device)),
                   counted(straggler.collectives, tr("collective"), tr("collectives"))),
          straggler.waited);
  }
  auto* chain = new QTreeWidgetItem(this, {tr("Chain")});
  for (std::size_t i = 0; i < std::min(segments_.size(), kMostSegments); ++i) {
    const PathSegment& segment = segments_[i];
    const QString waiters = waiters_text(segment, trace);
    auto* item = add(chain,
                     tr("%1: %2%3")
                         .arg(QString::fromStdString(device_text(trace, segment.device)),
                              cause_words(segment.cause, segment.span_class),
                              waiters.isEmpty() ? QString() : "; " + waiters),
                     segment.time.length());
    set_work(*item, segment.cause, segment.span_class);
    item->setData(0, kSegmentRole, static_cast<qulonglong>(i));
  }
  if (segments_.size() > kMostSegments)
    new QTreeWidgetItem(chain, {tr("%1 more pieces").arg(segments_.size() - kMostSegments)});
  setSwatches();
  expandAll();
}

}  // namespace moescope
