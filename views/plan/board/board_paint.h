// The picture of the plan board, for the widget and for exports.
#pragma once

#include <QPainter>
#include <vector>

#include "core/placement/edit/plan_state.h"
#include "core/placement/solve/constraints.h"
#include "views/common/theme.h"
#include "views/plan/board/board_layout.h"

namespace moescope {

/// What one picture of a layer shows.
struct BoardPicture {
  const PlanState* state = nullptr;
  const PlanState* before = nullptr;  ///< what is changed since; null: not shown
  const PlanConstraints* constraints = nullptr;
  int layer = 0;
  std::vector<int> selected;     ///< ascending
  int current = -1;              ///< slot with the keyboard focus
  int expert = -1;               ///< whose replicas are marked
  int source = -1, target = -1;  ///< of a drag; -1: none
  bool copy = false;             ///< the drag copies, it does not swap
  std::vector<char> barred;      ///< [slot] a drop is refused there; empty without a drag
  QRectF rubber;                 ///< null: none
};

BoardShape board_shape(const PlanState& state, int layer);

/// Draws nodes, GPUs, slots and bars that meet `visible`.
void paint_board(QPainter& painter, const BoardLayout& layout, const BoardPicture& picture,
                 const Theme& theme, const QRectF& visible);
/// Colour bar and marks in words, from the top left of `area`; returns the height used.
qreal paint_board_legend(QPainter& painter, const QRectF& area, const BoardPicture& picture,
                         const Theme& theme);
/// The height it takes in an area `width` wide.
qreal board_legend_height(const QFontMetricsF& metrics, qreal width, const BoardPicture& picture);

/// "slot 17 on GPU 1, node 0: expert 200, replica 1 of 3, 5,120 tokens (1.20 x the mean slot)" and
/// what is wrong or fixed there.
QString slot_text(const BoardPicture& picture, int slot);
/// "GPU 3 on node 0: 61,000 tokens, 1.08 x the mean".
QString gpu_text(const BoardPicture& picture, int gpu);

}  // namespace moescope
