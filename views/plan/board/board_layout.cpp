#include "views/plan/board/board_layout.h"

#include <QPointF>
#include <algorithm>
#include <cmath>
#include <utility>

namespace moescope {
namespace {

// Pixels at zoom 1.
constexpr qreal kCellWidth = 37, kCellHeight = 22, kCellGap = 2;
constexpr qreal kLabel = 58, kBar = 104, kGpuGap = 12, kRowGap = 2;
constexpr qreal kHeading = 20, kPadding = 8, kNodeGap = 10;
constexpr qreal kFoldedWidth = 150, kFoldedHeight = 44, kFoldedGap = 6;
constexpr int kGpusPerColumn = 8, kLeastSlotsPerLine = 4;

int ceil_div(int a, int b) {
  return (a + b - 1) / b;
}

}  // namespace

BoardLayout::BoardLayout(BoardShape shape, qreal width, qreal zoom, qreal stretch,
                         std::vector<char> folded)
    : shape_(shape), zoom_(zoom), stretch_(stretch), folded_(std::move(folded)) {
  const qreal inner = width - 2 * (kPadding + kNodeGap) * zoom;
  measureGpu(inner);
  const int fit =
      std::max(1, static_cast<int>((inner + kGpuGap * zoom) / (gpu_width_ + kGpuGap * zoom)));
  const bool any = anyFolded();
  gpu_columns_ = any ? std::min(fit, shape.gpus_per_node())
                     : std::clamp(ceil_div(shape.gpus_per_node(), kGpusPerColumn), 1, fit);
  gpu_rows_ = ceil_div(shape.gpus_per_node(), gpu_columns_);
  node_width_ =
      gpu_columns_ * gpu_width_ + (gpu_columns_ - 1) * kGpuGap * zoom + 2 * kPadding * zoom;
  node_height_ = gpu_rows_ * gpu_height_ + (kHeading + kPadding) * zoom;
  any ? placeFolded(width) : placeGrid(width);
}

/// @param inner the width inside a node
void BoardLayout::measureGpu(qreal inner) {
  const qreal cell = wide(kCellWidth) + kCellGap * zoom_;
  const int room = static_cast<int>((inner - wide(kLabel + kBar)) / cell);
  const int longest = std::clamp(room, kLeastSlotsPerLine, kSlotsPerLine);
  const int lines = std::max(1, ceil_div(shape_.slots_per_gpu, longest));
  per_line_ = std::max(1, ceil_div(shape_.slots_per_gpu, lines));
  gpu_width_ = wide(kLabel + kBar) + per_line_ * cell;
  gpu_height_ = (lines * (kCellHeight + kCellGap) + kRowGap) * zoom_;
}

void BoardLayout::placeGrid(qreal width) {
  const qreal gap = kNodeGap * zoom_;
  const int columns =
      std::clamp(static_cast<int>((width - gap) / (node_width_ + gap)), 1, shape_.nodes);
  for (int n = 0; n < shape_.nodes; ++n)
    nodes_.emplace_back(gap + n % columns * (node_width_ + gap),
                        gap + n / columns * (node_height_ + gap), node_width_, node_height_);
  size_ = {columns * (node_width_ + gap) + gap,
           ceil_div(shape_.nodes, columns) * (node_height_ + gap) + gap};
}

/// Folded nodes stand beside each other, as many as fit; an open one begins a row and ends it.
void BoardLayout::placeFolded(qreal width) {
  const qreal gap = kFoldedGap * zoom_;
  const int columns =
      std::clamp(static_cast<int>((width - gap) / (wide(kFoldedWidth) + gap)), 1, shape_.nodes);
  const qreal tile = (width - gap) / columns - gap, height = kFoldedHeight * zoom_;
  qreal y = gap, right = 0;
  int column = 0;
  const auto next_row = [&] {
    if (column > 0) y += height + gap;
    column = 0;
  };
  for (int n = 0; n < shape_.nodes; ++n) {
    if (!folded(n)) {
      next_row();
      nodes_.emplace_back(gap, y, node_width_, node_height_);
      y += node_height_ + gap;
    } else {
      if (column == columns) next_row();
      nodes_.emplace_back(gap + column++ * (tile + gap), y, tile, height);
    }
    right = std::max(right, nodes_.back().right());
  }
  next_row();
  size_ = {right + gap, y};
}

BoardLayout BoardLayout::fitted(BoardShape shape, QSizeF room, const std::vector<char>& folded) {
  constexpr qreal kMostZoom = 1.3, kLeastZoom = 0.3, kStep = 0.02;
  constexpr qreal kNarrowest = 0.66, kWidest = 1.6, kStretchStep = 0.02;
  const auto fits = [room](const BoardLayout& layout) {
    return layout.size().width() <= room.width() + 0.5 &&
           layout.size().height() <= room.height() + 0.5;
  };
  for (qreal zoom = kMostZoom; zoom >= kLeastZoom; zoom -= kStep)
    for (const qreal narrow : {1.0, 0.9, 0.8, 0.72, kNarrowest}) {
      BoardLayout best(shape, room.width(), zoom, narrow, folded);
      if (!fits(best)) continue;
      for (qreal stretch = narrow; stretch <= kWidest; stretch += kStretchStep) {
        BoardLayout wider(shape, room.width(), zoom, stretch, folded);
        if (!fits(wider)) break;
        best = std::move(wider);
      }
      return best;
    }
  return {shape, room.width(), kLeastZoom, 1, folded};
}

qreal BoardLayout::textSize() const {
  constexpr qreal kText = 11, kMostOfHeight = 0.62, kMostOfWidth = 0.4;
  return std::min({kText * std::max(zoom_, 1.0), kMostOfHeight * kCellHeight * zoom_,
                   kMostOfWidth * wide(kCellWidth)});
}

bool BoardLayout::anyFolded() const {
  return std::any_of(folded_.begin(), folded_.end(), [](char folded) { return folded != 0; });
}

QRectF BoardLayout::heading(int n) const {
  const QRectF box = node(n);
  const qreal padding = std::min(kPadding * zoom_, box.width() / 4);
  return {box.left() + padding, box.top(), box.width() - 2 * padding, kHeading * zoom_};
}

QPointF BoardLayout::origin(int gpu) const {
  const QRectF box = node(gpu / shape_.gpus_per_node());
  const int inside = gpu % shape_.gpus_per_node();
  return {box.left() + kPadding * zoom_ + inside / gpu_rows_ * (gpu_width_ + kGpuGap * zoom_),
          box.top() + kHeading * zoom_ + inside % gpu_rows_ * gpu_height_};
}

QRectF BoardLayout::gpu(int gpu) const {
  const int n = gpu / shape_.gpus_per_node();
  if (!folded(n)) return {origin(gpu), QSizeF(gpu_width_, gpu_height_ - kRowGap * zoom_)};
  const QRectF row = node(n).adjusted(kFoldedGap * zoom_, kHeading * zoom_, -kFoldedGap * zoom_,
                                      -kFoldedGap * zoom_);
  const qreal width = row.width() / shape_.gpus_per_node();
  return {row.left() + gpu % shape_.gpus_per_node() * width, row.top(), width, row.height()};
}

QRectF BoardLayout::label(int gpu) const {
  return {origin(gpu), QSizeF(wide(kLabel), kCellHeight * zoom_)};
}

QRectF BoardLayout::bar(int gpu) const {
  const QRectF box = this->gpu(gpu);
  if (folded(gpu / shape_.gpus_per_node())) return box;
  const qreal width = wide(kBar) - 6 * zoom_;
  return {box.right() - width, box.top(), width, kCellHeight * zoom_};
}

QRectF BoardLayout::slot(int slot) const {
  const int gpu = slot / shape_.slots_per_gpu;
  if (folded(gpu / shape_.gpus_per_node())) return {};
  const int inside = slot % shape_.slots_per_gpu;
  const QPointF from = origin(gpu);
  return {from.x() + wide(kLabel) + inside % per_line_ * (wide(kCellWidth) + kCellGap * zoom_),
          from.y() + inside / per_line_ * (kCellHeight + kCellGap) * zoom_, wide(kCellWidth),
          kCellHeight * zoom_};
}

int BoardLayout::nodeAt(QPointF point) const {
  for (std::size_t n = 0; n < nodes_.size(); ++n)
    if (nodes_[n].contains(point)) return static_cast<int>(n);
  return -1;
}

int BoardLayout::gpuAt(QPointF point) const {
  if (shape_.slots_per_gpu == 0) return -1;
  const int n = nodeAt(point);
  if (n < 0) return -1;
  const int first = n * shape_.gpus_per_node();
  if (folded(n)) {
    for (int g = first; g < first + shape_.gpus_per_node(); ++g)
      if (gpu(g).contains(point)) return g;
    return -1;
  }
  const QPointF inside = point - node(n).topLeft() - QPointF(kPadding * zoom_, kHeading * zoom_);
  const int across = static_cast<int>(std::floor(inside.x() / (gpu_width_ + kGpuGap * zoom_)));
  const int down = static_cast<int>(std::floor(inside.y() / gpu_height_));
  const int local = across * gpu_rows_ + down;
  if (inside.x() < 0 || inside.y() < 0 || across >= gpu_columns_ || down >= gpu_rows_ ||
      local >= shape_.gpus_per_node())
    return -1;
  return first + local;
}

int BoardLayout::slotAt(QPointF point) const {
  const int g = gpuAt(point);
  if (g < 0 || folded(g / shape_.gpus_per_node())) return -1;
  const QPointF inside = point - origin(g) - QPointF(wide(kLabel), 0);
  const qreal width = wide(kCellWidth) + kCellGap * zoom_;
  const int across = static_cast<int>(std::floor(inside.x() / width));
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
  // From and into a folded node the way is by number; it is opened then.
  if (slot(from).isEmpty())
    return std::clamp(from + static_cast<int>(sign), 0, shape_.slot_count() - 1);
  const QPointF at = slot(from).center();
  int best = from;
  qreal nearest = 1e18;
  for (int s = 0; s < shape_.slot_count(); ++s) {
    const QRectF box = slot(s);
    if (box.isEmpty()) continue;
    const QPointF offset = box.center() - at;
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
