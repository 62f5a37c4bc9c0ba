// Where nodes, GPUs and slots of one layer lie on the plan board.
#pragma once

#include <QRectF>
#include <QSizeF>
#include <Qt>

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
/// is less) and a bar for its load.
class BoardLayout {
 public:
  static constexpr int kSlotsPerLine = 16;

  BoardLayout() = default;
  /// @param width pixels to fill; the board becomes wider where not even four slots fit in a line
  /// @param zoom 1 draws a slot 37 x 22 pixels
  BoardLayout(BoardShape shape, qreal width, qreal zoom);

  const BoardShape& shape() const { return shape_; }
  qreal zoom() const { return zoom_; }
  QSizeF size() const;
  QRectF node(int node) const;  ///< with its heading
  QRectF heading(int node) const;
  QRectF gpu(int gpu) const;  ///< label, slots and bar
  QRectF label(int gpu) const;
  QRectF bar(int gpu) const;
  QRectF slot(int slot) const;
  int slotAt(QPointF point) const;  ///< -1 between slots
  int gpuAt(QPointF point) const;
  /// The slot next to `slot` for an arrow key, Home or End; `slot` itself at the edge.
  int neighbour(int slot, Qt::Key key) const;

 private:
  int columnsOfGpus() const { return gpu_columns_; }
  QPointF origin(int gpu) const;

  BoardShape shape_;
  qreal zoom_ = 1, gpu_width_ = 0, gpu_height_ = 0;
  int per_line_ = 1, gpu_columns_ = 1, gpu_rows_ = 1, node_columns_ = 1;
  qreal node_width_ = 0, node_height_ = 0;
};

}  // namespace moescope
