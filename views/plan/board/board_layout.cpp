#include "views/plan/board/board_layout.h"

#include <QPointF>
#include <algorithm>
#include <cmath>

namespace moescope {
namespace {

// Pixels at zoom 1.
constexpr qreal kCellWidth = 37, kCellHeight = 22, kCellGap = 2;
constexpr qreal kLabel = 58, kBar = 104, kGpuGap = 12, kRowGap = 4;
constexpr qreal kHeading = 20, kPadding = 8, kNodeGap = 10;
constexpr int kGpusPerColumn = 8, kLeastSlotsPerLine = 4;

int ceil_div(int a, int b) {
  return (a + b - 1) / b;
}

}  // namespace

BoardLayout::BoardLayout(BoardShape shape, qreal width, qreal zoom) : shape_(shape), zoom_(zoom) {
  const qreal inner = width - 2 * (kPadding + kNodeGap) * zoom;
  const int room = static_cast<int>((inner / zoom - kLabel - kBar) / (kCellWidth + kCellGap));
  const int longest = std::clamp(room, kLeastSlotsPerLine, kSlotsPerLine);
  const int lines = std::max(1, ceil_div(shape.slots_per_gpu, longest));
  per_line_ = std::max(1, ceil_div(shape.slots_per_gpu, lines));
  gpu_width_ = (kLabel + per_line_ * (kCellWidth + kCellGap) + kBar) * zoom;
  gpu_height_ = (lines * (kCellHeight + kCellGap) + kRowGap) * zoom;
  const int fit =
      std::max(1, static_cast<int>((inner + kGpuGap * zoom) / (gpu_width_ + kGpuGap * zoom)));
  gpu_columns_ = std::clamp(ceil_div(shape.gpus_per_node(), kGpusPerColumn), 1, fit);
  gpu_rows_ = ceil_div(shape.gpus_per_node(), gpu_columns_);
  node_width_ =
      gpu_columns_ * gpu_width_ + (gpu_columns_ - 1) * kGpuGap * zoom + 2 * kPadding * zoom;
  node_height_ = gpu_rows_ * gpu_height_ + (kHeading + kPadding) * zoom;
  node_columns_ =
      std::clamp(static_cast<int>((width - kNodeGap * zoom) / (node_width_ + kNodeGap * zoom)), 1,
                 shape.nodes);
}

QSizeF BoardLayout::size() const {
  const int rows = ceil_div(shape_.nodes, node_columns_);
  const qreal gap = kNodeGap * zoom_;
  return {node_columns_ * (node_width_ + gap) + gap, rows * (node_height_ + gap) + gap};
}

QRectF BoardLayout::node(int node) const {
  const qreal gap = kNodeGap * zoom_;
  return {gap + node % node_columns_ * (node_width_ + gap),
          gap + node / node_columns_ * (node_height_ + gap), node_width_, node_height_};
}

QRectF BoardLayout::heading(int n) const {
  const QRectF box = node(n);
  return {box.left() + kPadding * zoom_, box.top(), box.width() - 2 * kPadding * zoom_,
          kHeading * zoom_};
}

QPointF BoardLayout::origin(int gpu) const {
  const QRectF box = node(gpu / shape_.gpus_per_node());
  const int inside = gpu % shape_.gpus_per_node();
  return {box.left() + kPadding * zoom_ + inside / gpu_rows_ * (gpu_width_ + kGpuGap * zoom_),
          box.top() + kHeading * zoom_ + inside % gpu_rows_ * gpu_height_};
}

QRectF BoardLayout::gpu(int gpu) const {
  return {origin(gpu), QSizeF(gpu_width_, gpu_height_ - kRowGap * zoom_)};
}

QRectF BoardLayout::label(int gpu) const {
  return {origin(gpu), QSizeF(kLabel * zoom_, kCellHeight * zoom_)};
}

QRectF BoardLayout::bar(int gpu) const {
  const QRectF box = this->gpu(gpu);
  return {box.right() - kBar * zoom_ + 6 * zoom_, box.top(), (kBar - 6) * zoom_,
          kCellHeight * zoom_};
}

QRectF BoardLayout::slot(int slot) const {
  const int inside = slot % shape_.slots_per_gpu;
  const QPointF from = origin(slot / shape_.slots_per_gpu);
  return {from.x() + (kLabel + inside % per_line_ * (kCellWidth + kCellGap)) * zoom_,
          from.y() + inside / per_line_ * (kCellHeight + kCellGap) * zoom_, kCellWidth * zoom_,
          kCellHeight * zoom_};
}

int BoardLayout::gpuAt(QPointF point) const {
  if (shape_.slots_per_gpu == 0) return -1;
  const qreal gap = kNodeGap * zoom_;
  const int column = static_cast<int>(std::floor((point.x() - gap) / (node_width_ + gap)));
  const int row = static_cast<int>(std::floor((point.y() - gap) / (node_height_ + gap)));
  const int n = row * node_columns_ + column;
  if (column < 0 || column >= node_columns_ || row < 0 || n >= shape_.nodes) return -1;
  const QPointF inside = point - node(n).topLeft() - QPointF(kPadding * zoom_, kHeading * zoom_);
  const int across = static_cast<int>(std::floor(inside.x() / (gpu_width_ + kGpuGap * zoom_)));
  const int down = static_cast<int>(std::floor(inside.y() / gpu_height_));
  const int local = across * gpu_rows_ + down;
  if (inside.x() < 0 || inside.y() < 0 || across >= gpu_columns_ || down >= gpu_rows_ ||
      local >= shape_.gpus_per_node())
    return -1;
  return n * shape_.gpus_per_node() + local;
}

int BoardLayout::slotAt(QPointF point) const {
  const int g = gpuAt(point);
  if (g < 0) return -1;
  const QPointF inside = point - origin(g) - QPointF(kLabel * zoom_, 0);
  const int across = static_cast<int>(std::floor(inside.x() / ((kCellWidth + kCellGap) * zoom_)));
  const int line = static_cast<int>(std::floor(inside.y() / ((kCellHeight + kCellGap) * zoom_)));
  const int local = line * per_line_ + across;
  if (inside.x() < 0 || inside.y() < 0 || across >= per_line_ || local >= shape_.slots_per_gpu)
    return -1;
  const int found = g * shape_.slots_per_gpu + local;
  return slot(found).contains(point) ? found : -1;
}

int BoardLayout::neighbour(int from, Qt::Key key) const {
  if (shape_.slot_count() == 0) return from;
  if (key == Qt::Key_Home) return 0;
  if (key == Qt::Key_End) return shape_.slot_count() - 1;
  const bool horizontal = key == Qt::Key_Left || key == Qt::Key_Right;
  const qreal sign = key == Qt::Key_Right || key == Qt::Key_Down ? 1 : -1;
  const QPointF at = slot(from).center();
  int best = from;
  qreal nearest = 1e18;
  for (int s = 0; s < shape_.slot_count(); ++s) {
    const QPointF offset = slot(s).center() - at;
    const qreal along = sign * (horizontal ? offset.x() : offset.y());
    const qreal aside = std::abs(horizontal ? offset.y() : offset.x());
    const qreal cost = along + aside * (horizontal ? 1000 : 3);
    if (along < 1 || cost >= nearest) continue;
    nearest = cost;
    best = s;
  }
  // At the end of a line the next GPU follows.
  const bool other_line = std::abs(slot(best).center().y() - at.y()) > 1;
  if (horizontal && (best == from || other_line))
    return std::clamp(from + static_cast<int>(sign), 0, shape_.slot_count() - 1);
  return best;
}

}  // namespace moescope
