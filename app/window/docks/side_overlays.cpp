#include "app/window/docks/side_overlays.h"

#include <QEvent>
#include <QTimer>
#include <algorithm>

namespace moescope {
namespace {

constexpr int kMost = 400;        // px of width
constexpr int kShare = 40;        // of the room at most, %
constexpr int kEdge = 2;          // px
constexpr int kLeastHeight = 80;  // px of one dock

QFrame* make_edge(QMainWindow& window) {
  auto* edge = new QFrame(&window);
  edge->setAutoFillBackground(true);
  edge->setBackgroundRole(QPalette::Mid);
  edge->setAttribute(Qt::WA_TransparentForMouseEvents);
  edge->hide();
  return edge;
}

}  // namespace

SideOverlays::SideOverlays(QMainWindow& window, QObject* parent)
    : QObject(parent),
      window_(window),
      left_edge_(make_edge(window)),
      right_edge_(make_edge(window)) {
  window_.installEventFilter(this);
}

void SideOverlays::add(QDockWidget& dock, Qt::DockWidgetArea side) {
  parts_.push_back({&dock, side, false, false});
  dock.installEventFilter(this);
}

void SideOverlays::clear() {
  parts_.clear();
  on_ = false;
}

bool SideOverlays::has(const QDockWidget& dock) const {
  return std::any_of(parts_.begin(), parts_.end(),
                     [&](const Part& part) { return part.dock == &dock && part.lifted; });
}

void SideOverlays::lift() {
  on_ = true;
  for (Part& part : parts_) {
    if (part.lifted || part.dock->isFloating()) continue;
    part.shown = !part.dock->isHidden();
    part.lifted = true;
    window_.removeDockWidget(part.dock);  // hides it; it stays a child of the window
    part.dock->setFeatures(QDockWidget::DockWidgetClosable);
    part.dock->setAutoFillBackground(true);
  }
  place();
}

void SideOverlays::settle() {
  on_ = false;
  for (Part& part : parts_) {
    if (!part.lifted) continue;
    part.lifted = false;
    part.dock->setFeatures(QDockWidget::DockWidgetClosable | QDockWidget::DockWidgetMovable |
                           QDockWidget::DockWidgetFloatable);
    part.dock->setAutoFillBackground(false);
    part.dock->hide();
    window_.addDockWidget(part.side, part.dock);
    part.dock->setVisible(part.shown);
  }
  left_edge_->hide();
  right_edge_->hide();
}

/// Where docks of the layout stand above the bottom: overlays leave the tabs below free.
QRect SideOverlays::room() const {
  QRect all, top;
  for (auto* dock : window_.findChildren<QDockWidget*>(QString(), Qt::FindDirectChildrenOnly)) {
    if (dock->isHidden() || dock->isFloating() || has(*dock)) continue;
    if (dock->visibleRegion().isEmpty() && dock->geometry().right() <= 0) continue;  // behind
    all |= dock->geometry();
    if (window_.dockWidgetArea(dock) == Qt::TopDockWidgetArea) top |= dock->geometry();
  }
  return (top.isValid() ? top : all) & window_.rect();
}

void SideOverlays::place() {
  if (!on_) return;
  placeSide(Qt::LeftDockWidgetArea, *left_edge_);
  placeSide(Qt::RightDockWidgetArea, *right_edge_);
}

void SideOverlays::placeSide(Qt::DockWidgetArea side, QFrame& edge) {
  std::vector<QDockWidget*> shown;
  for (const Part& part : parts_)
    if (part.lifted && part.side == side && !part.dock->isHidden()) shown.push_back(part.dock);
  edge.setVisible(!shown.empty());
  if (shown.empty()) return;
  const QRect place = room();
  int width = std::min(kMost * std::max(1, window_.fontMetrics().height() / 14),
                       place.width() * kShare / 100);
  for (const QDockWidget* dock : shown) width = std::max(width, dock->minimumSizeHint().width());
  width = std::min(width, place.width());
  const int left = side == Qt::LeftDockWidgetArea ? place.left() : place.right() + 1 - width;
  const int count = static_cast<int>(shown.size());
  for (int i = 0; i < count; ++i) {
    const int top = place.height() * i / count, bottom = place.height() * (i + 1) / count;
    QDockWidget& dock = *shown[static_cast<std::size_t>(i)];
    dock.setGeometry(left, place.top() + top, width, std::max(bottom - top, kLeastHeight));
    dock.raise();
  }
  edge.setGeometry(side == Qt::LeftDockWidgetArea ? left + width : left - kEdge, place.top(), kEdge,
                   place.height());
  edge.raise();
}

bool SideOverlays::eventFilter(QObject* watched, QEvent* event) {
  if (!on_) return false;
  const QEvent::Type type = event->type();
  const bool moved = type == QEvent::Resize || type == QEvent::LayoutRequest;
  const bool seen = type == QEvent::Show || type == QEvent::Hide;
  // Later: the window places its docks first.
  if (watched == &window_ ? moved : seen) QTimer::singleShot(0, this, &SideOverlays::place);
  return false;
}

}  // namespace moescope
