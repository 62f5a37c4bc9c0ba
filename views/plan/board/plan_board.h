// The board of one layer: nodes > GPUs > slots, edited by dragging, keys and a context menu.
#pragma once

#include <QAbstractScrollArea>
#include <QSpinBox>
#include <optional>
#include <set>
#include <vector>

#include "views/plan/board/board_layout.h"
#include "views/plan/board/board_paint.h"
#include "views/plan/edit/plan_editor.h"

namespace moescope {

class PlanBoard : public QAbstractScrollArea {
  Q_OBJECT

 public:
  explicit PlanBoard(PlanEditor& editor, QWidget* parent = nullptr);
  ~PlanBoard() override;

  PlanDocument& document() const { return editor_.document(); }
  int layer() const { return layer_; }
  void setLayer(int layer);
  const std::vector<int>& selected() const { return selected_; }
  int current() const { return current_; }
  /// Expert of the current slot; -1 when there is none.
  int currentExpert() const;
  /// Makes `slot` current and the whole selection, and scrolls to it.
  void select(int slot);
  void selectAll();
  /// The next slot with `expert`, after the current one; false when the layer has none.
  bool findExpert(int expert);

  qreal zoom() const { return zoom_; }
  void setZoom(qreal zoom);
  /// Fills the room, also when it changes, until another zoom is chosen: the state at first.
  /// Nodes are folded when their slots could not be read otherwise.
  void zoomToFit();
  /// Nodes can be folded and opened.
  bool folds() const { return folds_; }
  /// Opens a folded node, or folds an open one; nothing where the whole board is readable.
  void toggleNode(int node);

  /// Picks the selection up: arrow keys move it, Return drops it (swap), Ctrl+Return copies.
  void pickUp();
  bool carrying() const { return drag_.has_value() && drag_->by_keys; }
  bool dragging() const { return drag_.has_value(); }
  /// What the drag at hand would do, with the imbalance it leads to.
  const QString& dragText() const { return drag_text_; }
  /// Opens a field on the current slot for the id of another expert.
  void enterExpert();

  const BoardLayout& boardLayout() const { return layout_; }
  BoardPicture picture() const;
  /// Slot under a point of the viewport; -1 between slots.
  int slotAt(QPoint point) const;
  /// In viewport coordinates.
  QRect slotRect(int slot) const;
  bool shown() const;  ///< there is a layer to draw

 Q_SIGNALS:
  void selectionChanged();
  void hovered(int slot);
  void dragTextChanged(const QString& text);
  void menuRequested(const QPoint& global);
  void layerStepRequested(int step);

 protected:
  bool viewportEvent(QEvent* event) override;
  bool event(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void keyReleaseEvent(QKeyEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;
  void changeEvent(QEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  struct Drag {
    std::vector<int> sources;
    int grabbed = -1, target = -1;
    bool copy = false, by_keys = false;
    std::optional<double> before;  ///< imbalance when it began
    std::vector<char> barred;      ///< [slot] where a drop is refused
    QString objection;             ///< why it would be at the target
  };
  void refresh();
  void relayout();
  void openNodeOf(int slot);
  QPointF toBoard(QPoint point) const;
  void ensureVisible(int slot);
  void setSelection(std::vector<int> slots, int current);
  void click(int slot, Qt::KeyboardModifiers modifiers);
  void startDrag(int slot, bool by_keys);
  void dragTo(int target, bool copy);
  void endDrag(bool drop);
  void dragHint();
  void dragCursor();
  void pressedMove(QPoint point, Qt::KeyboardModifiers modifiers);
  void rubberTo(QPoint point);
  bool carryKey(QKeyEvent* event);
  bool moveKey(QKeyEvent* event);
  void paintMessage(QPainter& painter, const QString& text);
  QString tipAt(QPoint point) const;

  PlanEditor& editor_;
  BoardLayout layout_;
  int layer_ = 0, current_ = -1, hovered_ = -1, anchor_ = -1;
  qreal zoom_ = 1;
  bool fit_ = true, folds_ = false;
  std::set<int> open_;  ///< nodes that are not folded
  std::vector<int> selected_, before_rubber_;
  std::optional<Drag> drag_;
  QString drag_text_;
  std::optional<QPoint> press_;  ///< of the left button, viewport
  int press_slot_ = -1;
  std::optional<QRectF> rubber_;
  QSpinBox* field_ = nullptr;
};

/// What the colours and marks of the board mean.
class BoardLegend : public QWidget {
  Q_OBJECT

 public:
  explicit BoardLegend(PlanBoard& board, QWidget* parent = nullptr);
  QSize sizeHint() const override { return {300, heightForWidth(300)}; }
  bool hasHeightForWidth() const override { return true; }
  int heightForWidth(int width) const override;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  void refresh();

  PlanBoard& board_;
};

}  // namespace moescope
