#include "views/plan/board/plan_board.h"

#include <QHelpEvent>
#include <QPainter>
#include <QScrollBar>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "views/plan/board/plan_board_accessible.h"

namespace moescope {
namespace {
constexpr qreal kLeastZoom = 0.3, kMostZoom = 3;
constexpr qreal kScrolledZoom = 0.9;  // of a board that does not fit
}  // namespace

PlanBoard::PlanBoard(PlanEditor& editor, QWidget* parent)
    : QAbstractScrollArea(parent), editor_(editor) {
  install_plan_accessibility();
  setObjectName("planBoard");
  setAccessibleName(tr("Plan board"));
  setAccessibleDescription(
      tr("Slots of one layer by node and GPU. Arrow keys move, M picks up, Return drops."));
  setFocusPolicy(Qt::StrongFocus);
  setFrameShape(QFrame::NoFrame);
  setMinimumSize(220, 70);
  viewport()->setMouseTracking(true);
  PlanDocument& doc = document();
  connect(&doc, &PlanDocument::replaced, this, [this] {
    endDrag(false);
    layer_ = 0;
    open_.clear();
    fit_ = true;
    setSelection({}, -1);
    refresh();
  });
  for (const auto signal :
       {&PlanDocument::changed, &PlanDocument::figuresChanged, &PlanDocument::constraintsChanged})
    connect(&doc, signal, this, &PlanBoard::refresh);
  refresh();
}

PlanBoard::~PlanBoard() {
  endDrag(false);
}

bool PlanBoard::shown() const {
  return !document().empty() && layer_ < document().plan().layers() &&
         document().state().slots_per_gpu(layer_) > 0;
}

void PlanBoard::setLayer(int layer) {
  if (document().empty() || layer < 0 || layer >= document().plan().layers() || layer == layer_)
    return;
  endDrag(false);
  layer_ = layer;
  const int slots = shown() ? board_shape(document().state(), layer_).slot_count() : 0;
  std::erase_if(selected_, [&](int s) { return s >= slots; });
  if (current_ >= slots) current_ = -1;
  refresh();
  Q_EMIT selectionChanged();
}

void PlanBoard::refresh() {
  relayout();
  viewport()->update();
}

void PlanBoard::relayout() {
  if (!shown()) {
    layout_ = {};
    horizontalScrollBar()->setRange(0, 0);
    verticalScrollBar()->setRange(0, 0);
    return;
  }
  const BoardShape shape = board_shape(document().state(), layer_);
  // Slots stay under the pointer while it drags one, whatever the room does.
  if (press_ && layout_.shape() == shape) return;
  const QSizeF room = viewport()->size();
  BoardLayout fitted = BoardLayout::fitted(shape, room);
  folds_ = shape.nodes > 1 && fitted.zoom() < BoardLayout::kReadableZoom;
  std::vector<char> folded;
  if (folds_) {
    folded.assign(static_cast<std::size_t>(shape.nodes), 1);
    for (const int n : open_)
      if (n < shape.nodes) folded[static_cast<std::size_t>(n)] = 0;
    if (fit_) fitted = BoardLayout::fitted(shape, room, folded);
  }
  // What does not fit at a readable size scrolls.
  const bool readable = fitted.zoom() >= BoardLayout::kReadableZoom;
  if (fit_) zoom_ = readable ? fitted.zoom() : kScrolledZoom;
  layout_ = fit_ && readable ? std::move(fitted)
                             : BoardLayout(shape, room.width(), zoom_, 1, std::move(folded));
  const QSizeF size = layout_.size();
  const auto range = [](QScrollBar* bar, qreal whole, int page) {
    bar->setRange(0, std::max(0, static_cast<int>(std::ceil(whole)) - page));
    bar->setPageStep(page);
    bar->setSingleStep(24);
  };
  range(horizontalScrollBar(), size.width(), viewport()->width());
  range(verticalScrollBar(), size.height(), viewport()->height());
}

void PlanBoard::setZoom(qreal zoom) {
  zoom = std::clamp(zoom, kLeastZoom, kMostZoom);
  if (zoom == zoom_) return;
  zoom_ = zoom;
  fit_ = false;
  refresh();
  if (current_ >= 0) ensureVisible(current_);
}

void PlanBoard::zoomToFit() {
  fit_ = true;
  refresh();
}

void PlanBoard::toggleNode(int node) {
  if (!folds_ || node < 0) return;
  if (open_.erase(node) == 0) open_.insert(node);
  refresh();
}

void PlanBoard::openNodeOf(int slot) {
  const BoardShape& shape = layout_.shape();
  const int node = slot / shape.slots_per_gpu / shape.gpus_per_node();
  if (!layout_.folded(node)) return;
  open_.insert(node);
  refresh();
}

QPointF PlanBoard::toBoard(QPoint point) const {
  return QPointF(point) + QPointF(horizontalScrollBar()->value(), verticalScrollBar()->value());
}

int PlanBoard::slotAt(QPoint point) const {
  return shown() ? layout_.slotAt(toBoard(point)) : -1;
}

QRect PlanBoard::slotRect(int slot) const {
  if (!shown() || layout_.slot(slot).isEmpty()) return {};
  return layout_.slot(slot)
      .translated(-horizontalScrollBar()->value(), -verticalScrollBar()->value())
      .toAlignedRect();
}

void PlanBoard::ensureVisible(int slot) {
  if (!shown() || slot < 0) return;
  openNodeOf(slot);
  const QRectF box = layout_.slot(slot).adjusted(-30, -24, 30, 24);
  const auto scroll = [](QScrollBar* bar, qreal from, qreal to, int page) {
    if (from < bar->value()) bar->setValue(static_cast<int>(from));
    if (to > bar->value() + page) bar->setValue(static_cast<int>(to) - page);
  };
  scroll(horizontalScrollBar(), box.left(), box.right(), viewport()->width());
  scroll(verticalScrollBar(), box.top(), box.bottom(), viewport()->height());
}

int PlanBoard::currentExpert() const {
  if (!shown() || current_ < 0) return -1;
  return slot_value(document().plan(), layer_, current_).expert;
}

void PlanBoard::setSelection(std::vector<int> slots, int current) {
  std::sort(slots.begin(), slots.end());
  slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
  selected_ = std::move(slots);
  current_ = current;
  viewport()->update();
  Q_EMIT selectionChanged();
  if (current_ >= 0) notify_slot_focus(this, current_);
}

void PlanBoard::select(int slot) {
  if (!shown() || slot < 0 || slot >= layout_.shape().slot_count()) return;
  anchor_ = slot;
  setSelection({slot}, slot);
  ensureVisible(slot);
}

void PlanBoard::selectAll() {
  std::vector<int> all(static_cast<std::size_t>(shown() ? layout_.shape().slot_count() : 0));
  for (std::size_t s = 0; s < all.size(); ++s) all[s] = static_cast<int>(s);
  setSelection(std::move(all), std::max(current_, 0));
}

bool PlanBoard::findExpert(int expert) {
  if (!shown() || expert < 0 || expert >= document().plan().num_experts) return false;
  const auto& hosts = document().state().hosts(layer_, expert);
  if (hosts.empty()) return false;
  const auto next = std::upper_bound(hosts.begin(), hosts.end(), current_);
  select(next == hosts.end() ? hosts.front() : *next);
  return true;
}

BoardPicture PlanBoard::picture() const {
  BoardPicture picture;
  picture.state = &document().state();
  picture.before = document().before();
  picture.constraints = &document().constraints();
  picture.layer = layer_;
  picture.selected = selected_;
  picture.current = hasFocus() ? current_ : -1;
  if (hovered_ >= 0 && hovered_ < layout_.shape().slot_count())
    picture.expert = slot_value(document().plan(), layer_, hovered_).expert;
  else
    picture.expert = currentExpert();
  if (drag_) {
    picture.source = drag_->grabbed;
    picture.target = drag_->target;
    picture.copy = drag_->copy;
    picture.barred = drag_->barred;
  }
  if (rubber_) picture.rubber = *rubber_;
  return picture;
}

void PlanBoard::paintEvent(QPaintEvent* event) {
  QPainter painter(viewport());
  const Theme& theme = Theme::of(palette());
  painter.fillRect(event->rect(), theme.background);
  if (document().empty()) {
    paintMessage(
        painter,
        tr("No plan is open.\n\nOpen a plan file, make one from the open loads "
           "(Plan > New plan from loads), or attach to a cluster to see the running plan."));
    return;
  }
  if (!shown()) {
    const auto& problems = document().state().problems(layer_);
    paintMessage(painter,
                 tr("This layer cannot be shown as slots of GPUs: %1.\n\nSolve a full plan, or "
                    "choose another layer.")
                     .arg(problems.empty() ? tr("it has no slots")
                                           : QString::fromStdString(problems.front().text)));
    return;
  }
  painter.translate(-horizontalScrollBar()->value(), -verticalScrollBar()->value());
  paint_board(painter, layout_, picture(), theme,
              QRectF(toBoard(event->rect().topLeft()), QSizeF(event->rect().size())));
}

void PlanBoard::paintMessage(QPainter& painter, const QString& text) {
  painter.setPen(Theme::of(palette()).muted_text);
  painter.drawText(viewport()->rect().adjusted(24, 24, -24, -24),
                   Qt::AlignCenter | Qt::TextWordWrap, text);
}

void PlanBoard::resizeEvent(QResizeEvent* event) {
  QAbstractScrollArea::resizeEvent(event);
  relayout();
}

void PlanBoard::changeEvent(QEvent* event) {
  QAbstractScrollArea::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) viewport()->update();
}

QString PlanBoard::tipAt(QPoint point) const {
  if (!shown()) return {};
  const QPointF at = toBoard(point);
  if (const int slot = layout_.slotAt(at); slot >= 0) return slot_text(picture(), slot);
  const int gpu = layout_.gpuAt(at);
  if (gpu < 0) return {};
  return gpu_text(picture(), gpu) +
         tr("\nThe bar is the GPU's load against the mean of the live GPUs (line); dotted: the "
            "lowest the heaviest GPU can be with this many slots.");
}

bool PlanBoard::viewportEvent(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    auto* help = static_cast<QHelpEvent*>(event);
    QToolTip::showText(help->globalPos(), tipAt(help->pos()), this);
    return true;
  }
  if (event->type() == QEvent::Leave && hovered_ >= 0) {
    hovered_ = -1;
    viewport()->update();
    Q_EMIT hovered(-1);
  }
  return QAbstractScrollArea::viewportEvent(event);
}

BoardLegend::BoardLegend(PlanBoard& board, QWidget* parent) : QWidget(parent), board_(board) {
  setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  for (const auto signal :
       {&PlanDocument::changed, &PlanDocument::figuresChanged, &PlanDocument::replaced})
    connect(&board.document(), signal, this, &BoardLegend::refresh);
  connect(&board, &PlanBoard::selectionChanged, this, &BoardLegend::refresh);
  connect(&board, &PlanBoard::dragTextChanged, this, &BoardLegend::refresh);
}

/// The text changes with the layer and while dragging, and may need another line.
void BoardLegend::refresh() {
  updateGeometry();
  update();
}

int BoardLegend::heightForWidth(int width) const {
  const QFontMetricsF metrics(font());
  if (!board_.shown()) return static_cast<int>(metrics.height()) + 6;
  return static_cast<int>(std::ceil(board_legend_height(metrics, width - 16, board_.picture()))) +
         4;
}

void BoardLegend::paintEvent(QPaintEvent*) {
  if (!board_.shown()) return;
  QPainter painter(this);
  paint_board_legend(painter, QRectF(rect()).adjusted(8, 2, -8, -2), board_.picture(),
                     Theme::of(palette()));
}

}  // namespace moescope
