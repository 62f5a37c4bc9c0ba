// Where nodes, GPUs and slots of one layer lie on the plan board.
#pragma once

#include <QRectF>
#include <QSizeF>
#include <Qt>
#include <vector>

#include "views/common/qt_words.h"

namespace moescope {

struct BoardShape {
  int gpus = 1, nodes = 1, slots_per_gpu = 0;
  int slot_count() const { return gpus * slots_per_gpu; }
  int gpus_per_node() const { return gpus / nodes; }
  friend bool operator==(const BoardShape&, const BoardShape&) = default;
};

/// Nodes flow in rows over the given width; inside a node GPUs form columns of at most eight, and a
/// GPU is a label, its slots in lines of equal length (at most kSlotsPerLine, fewer where the width
/// is less) and a bar for its load. A folded node is a heading and a bar for each of its GPUs; an
/// open one among folded nodes has rows of its own.
class BoardLayout {
 public:
  static constexpr int kSlotsPerLine = 16;
  /// Below this zoom the experts in the slots cannot be read.
  static constexpr qreal kReadableZoom = 0.68;

  BoardLayout() = default;
  /// @param width pixels to fill; the board becomes wider where not even four slots fit in a line
  /// @param zoom 1 draws a slot 37 x 22 pixels
  /// @param stretch of the widths of labels, slots and bars
  /// @param folded [node]; empty: none is
  BoardLayout(BoardShape shape, qreal width, qreal zoom, qreal stretch = 1,
              std::vector<char> folded = {});
  /// The largest layout that `room` holds, as wide as it can be; the smallest zoom where it holds
  /// none.
  static BoardLayout fitted(BoardShape shape, QSizeF room, const std::vector<char>& folded = {});

  const BoardShape& shape() const { return shape_; }
  qreal zoom() const { return zoom_; }
  /// Pixels of the text in slots and labels.
  qreal textSize() const;
  QSizeF size() const { return size_; }
  bool folded(int node) const {
    return !folded_.empty() && folded_[static_cast<std::size_t>(node)] != 0;
  }
  /// Some node is folded.
  bool anyFolded() const;
  QRectF node(int node) const { return nodes_[static_cast<std::size_t>(node)]; }
  QRectF heading(int node) const;
  QRectF gpu(int gpu) const;  ///< label, slots and bar; of a folded node: its bar
  QRectF label(int gpu) const;
  QRectF bar(int gpu) const;
  QRectF slot(int slot) const;      ///< empty in a folded node
  int slotAt(QPointF point) const;  ///< -1 between slots
  int gpuAt(QPointF point) const;
  int nodeAt(QPointF point) const;
  /// The slot next to `slot` for an arrow key, Home or End; `slot` itself at the edge.
  int neighbour(int slot, Qt::Key key) const;

 private:
  void measureGpu(qreal inner);
  void placeGrid(qreal width);
  void placeFolded(qreal width);
  qreal wide(qreal pixels) const { return pixels * zoom_ * stretch_; }
  QPointF origin(int gpu) const;

  BoardShape shape_;
  qreal zoom_ = 1, stretch_ = 1, gpu_width_ = 0, gpu_height_ = 0;
  int per_line_ = 1, gpu_columns_ = 1, gpu_rows_ = 1;
  qreal node_width_ = 0, node_height_ = 0;
  std::vector<char> folded_;
  std::vector<QRectF> nodes_;
  QSizeF size_;
};

}  // namespace moescope
