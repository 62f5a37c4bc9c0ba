#include "views/timeline/timeline_accessible.h"

#include <QAccessible>
#include <map>

#include "views/common/units.h"
#include "views/timeline/span_text.h"
#include "views/timeline/timeline_canvas.h"

namespace moescope {
namespace {

class AccessibleTimeline;

/// One row. It names the row by key and looks it up each time, because rows come and go.
class AccessibleRow : public QAccessibleInterface, public QAccessibleActionInterface {
 public:
  AccessibleRow(TimelineCanvas* canvas, RowKey key) : canvas_(canvas), key_(key) {}

  bool isValid() const override { return canvas_ && row(); }
  QObject* object() const override { return nullptr; }
  QAccessibleInterface* parent() const override {
    return QAccessible::queryAccessibleInterface(canvas_.data());
  }
  QAccessibleInterface* child(int) const override { return nullptr; }
  QAccessibleInterface* childAt(int, int) const override { return nullptr; }
  int childCount() const override { return 0; }
  int indexOfChild(const QAccessibleInterface*) const override { return -1; }
  QAccessible::Role role() const override { return QAccessible::TreeItem; }
  void setText(QAccessible::Text, const QString&) override {}
  QString text(QAccessible::Text kind) const override;
  QAccessible::State state() const override;
  QRect rect() const override;

  void* interface_cast(QAccessible::InterfaceType type) override {
    return type == QAccessible::ActionInterface ? static_cast<QAccessibleActionInterface*>(this)
                                                : nullptr;
  }
  QStringList actionNames() const override;
  void doAction(const QString& name) override;
  QStringList keyBindingsForAction(const QString&) const override { return {}; }
  QString localizedActionName(const QString& name) const override { return name; }

 private:
  const TimelineRow* row() const { return canvas_->scene().rows().find(key_); }
  bool holdsSelection() const;
  QString classText() const;

  QPointer<TimelineCanvas> canvas_;
  RowKey key_;
};

bool AccessibleRow::holdsSelection() const {
  const SpanRef current = canvas_->scene().selection().currentSpan();
  return key_.kind == RowKind::Track && current.valid() && current.track == key_.track;
}

QString AccessibleRow::classText() const {
  switch (key_.kind) {
    case RowKind::Process:
      return tr("rank");
    case RowKind::Alike:
      return tr("ranks whose figures are alike");
    case RowKind::Ribbon:
      return tr("overlap of compute and communication");
    case RowKind::Threads:
      return tr("group of host threads");
    case RowKind::Track:
      break;
  }
  const auto& trace = canvas_->scene().trace();
  const QString spans = counted(trace->span_count(key_.track), tr("span"), tr("spans"));
  return trace->tracks()[key_.track].type == TrackType::DeviceStream ? tr("stream, %1").arg(spans)
                                                                     : tr("thread, %1").arg(spans);
}

QString AccessibleRow::text(QAccessible::Text kind) const {
  if (!isValid()) return {};
  auto& scene = canvas_->scene();
  if (kind == QAccessible::Name) return row()->path;
  if (kind == QAccessible::Description) return classText();
  if (kind != QAccessible::Value || !holdsSelection()) return {};
  const SpanRef current = scene.selection().currentSpan();
  const auto span = scene.span(current);
  return span ? span_summary(scene, current, *span) : QString();
}

QAccessible::State AccessibleRow::state() const {
  QAccessible::State state;
  if (!isValid()) {
    state.invalid = true;
    return state;
  }
  const TimelineRow& shown = *row();
  state.selectable = key_.kind == RowKind::Track;
  state.selected = holdsSelection();
  state.expandable = shown.collapsible;
  state.expanded = shown.collapsible && !shown.collapsed;
  state.collapsed = shown.collapsed;
  state.checkable = shown.canPin();
  state.checked = shown.pinned;
  state.offscreen = !canvas_->scene().layout().find(key_);
  state.invisible = state.offscreen;
  return state;
}

QRect AccessibleRow::rect() const {
  const auto* placed = isValid() ? canvas_->scene().layout().find(key_) : nullptr;
  if (!placed) return {};
  const int top = canvas_->scene().layout().top(*placed);
  const QRect lanes = canvas_->lanesRect();
  const QRect rect(lanes.left(), lanes.top() + top, lanes.width(),
                   placed->y + placed->height - top);
  return {canvas_->mapToGlobal(rect.topLeft()), rect.size()};
}

QStringList AccessibleRow::actionNames() const {
  QStringList names;
  if (!isValid()) return names;
  if (row()->collapsible) names << toggleAction();
  if (row()->canPin()) names << pressAction();
  return names;
}

void AccessibleRow::doAction(const QString& name) {
  if (!isValid()) return;
  auto& scene = canvas_->scene();
  if (name == toggleAction()) scene.rows().toggle(key_);
  if (name == pressAction()) scene.reveal(key_);
}

/// The canvas, with a child for each row.
class AccessibleTimeline : public AccessibleChart {
 public:
  explicit AccessibleTimeline(TimelineCanvas* canvas)
      : AccessibleChart(canvas, QAccessible::Tree), canvas_(canvas) {}
  ~AccessibleTimeline() override {
    for (const auto& [key, id] : ids_) QAccessible::deleteAccessibleInterface(id);
  }

  int childCount() const override { return static_cast<int>(keys().size()); }
  QAccessibleInterface* child(int index) const override {
    const auto all = keys();
    if (index < 0 || static_cast<std::size_t>(index) >= all.size()) return nullptr;
    return rowInterface(all[static_cast<std::size_t>(index)]);
  }
  QAccessibleInterface* childAt(int x, int y) const override {
    const QPoint pos = canvas_->mapFromGlobal(QPoint(x, y)) - canvas_->lanesRect().topLeft();
    const RowHit hit = canvas_->scene().layout().at(pos.y());
    return pos.y() >= 0 && hit.row ? rowInterface(hit.row->key) : nullptr;
  }
  int indexOfChild(const QAccessibleInterface* child) const override {
    for (int i = 0; i < childCount(); ++i)
      if (this->child(i) == child) return i;
    return -1;
  }

 private:
  std::vector<RowKey> keys() const {
    std::vector<RowKey> keys;
    const auto& rows = canvas_->scene().rows();
    for (const auto* list : {&rows.pinned(), &rows.rows()})
      for (const auto& row : *list) keys.push_back(row.key);
    return keys;
  }
  QAccessibleInterface* rowInterface(const RowKey& key) const {
    const auto found = ids_.find(key);
    if (found != ids_.end()) return QAccessible::accessibleInterface(found->second);
    auto* made = new AccessibleRow(canvas_, key);
    ids_[key] = QAccessible::registerAccessibleInterface(made);
    return made;
  }

  TimelineCanvas* canvas_;
  mutable std::map<RowKey, QAccessible::Id> ids_;
};

QAccessibleInterface* make_accessible(const QString&, QObject* object) {
  auto* canvas = qobject_cast<TimelineCanvas*>(object);
  return canvas ? new AccessibleTimeline(canvas) : nullptr;
}

}  // namespace

void install_timeline_accessibility() {
  static const bool installed = [] {
    QAccessible::installFactory(make_accessible);
    return true;
  }();
  (void)installed;
}

}  // namespace moescope
