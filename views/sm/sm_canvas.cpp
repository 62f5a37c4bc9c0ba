#include "views/sm/sm_canvas.h"

#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

#include "views/sm/sm_view.h"

namespace moescope {

SmCanvas::SmCanvas(SmView& view, ViewContext& context)
    : QWidget(&view), view_(view), context_(context) {
  setMouseTracking(true);
  setMinimumSize(240, 140);
  setObjectName("smCanvas");
  setAccessibleName(tr("SM allocation over time"));
}

void SmCanvas::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const Theme& theme = Theme::of(palette());
  painter.fillRect(rect(), theme.background);
  plot_ = paint_sm_chart(painter, rect(), view_.chartInput(), theme);
}

TimeNs SmCanvas::timeAt(qreal x) const {
  const TimeRange range = context_.range();
  const double share = (x - plot_.left()) / std::max(plot_.width(), 1.0);
  return range.begin +
         static_cast<TimeNs>(std::llround(share * static_cast<double>(range.length())));
}

void SmCanvas::mouseMoveEvent(QMouseEvent* event) {
  if (plot_.isEmpty()) return;
  const qreal x = event->position().x();
  if ((event->buttons() & Qt::LeftButton) != 0) {
    const double share = (press_x_ - x) / std::max(plot_.width(), 1.0);
    const auto shift =
        static_cast<TimeNs>(std::llround(share * static_cast<double>(press_range_.length())));
    context_.setRange({press_range_.begin + shift, press_range_.end + shift});
  }
  if (x >= plot_.left() && x <= plot_.right()) context_.setCursor(timeAt(x));
}

void SmCanvas::mousePressEvent(QMouseEvent* event) {
  press_x_ = event->position().x();
  press_range_ = context_.range();
}

void SmCanvas::mouseDoubleClickEvent(QMouseEvent*) {
  context_.fit();
}

void SmCanvas::wheelEvent(QWheelEvent* event) {
  if (plot_.isEmpty()) return;
  context_.zoom(std::pow(0.8, event->angleDelta().y() / 120.0), timeAt(event->position().x()));
  event->accept();
}

void SmCanvas::leaveEvent(QEvent*) {
  context_.setCursor({});
}

SmGrid::SmGrid(QWidget* parent) : QWidget(parent) {
  setObjectName("smGrid");
  setMinimumSize(180, 90);
  setToolTip(tr("Each cell is one SM; filled where at least one block ran at the cursor"));
}

void SmGrid::show(const Trace* trace, const SmAllocation* allocation, std::optional<TimeNs> time) {
  blocks_.clear();
  message_.clear();
  if (trace == nullptr || allocation == nullptr) {
    message_ = tr("No device to show.");
  } else if (trace->sm_records().empty()) {
    message_ =
        tr("This trace does not record which block ran on which SM, so single SMs cannot be shown. "
           "A block trace of Nsight Systems or a recording of the runtime has them.");
  } else if (!time) {
    message_ = tr("Point at a time to see its SMs.");
  } else {
    blocks_.assign(static_cast<std::size_t>(std::max(allocation->sm_count, 0)), 0);
    for (const SmRecord& record : trace->sm_records()) {
      if (record.start > *time) break;  // sorted by start
      if (record.end > *time && record.process == allocation->key.process &&
          record.device == allocation->key.device && record.sm < blocks_.size()) {
        ++blocks_[record.sm];
      }
    }
  }
  setAccessibleDescription(message_);
  update();
}

void SmGrid::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const Theme& theme = Theme::of(palette());
  painter.setPen(theme.text);
  if (blocks_.empty()) {
    painter.drawText(rect().adjusted(6, 4, -6, -4),
                     Qt::AlignLeft | Qt::AlignVCenter | Qt::TextWordWrap, message_);
    return;
  }
  const int columns =
      std::max(1, static_cast<int>(std::ceil(std::sqrt(static_cast<double>(blocks_.size()) * 2))));
  const int rows = (static_cast<int>(blocks_.size()) + columns - 1) / columns;
  const qreal cell = std::min((width() - 8.0) / columns, (height() - 8.0) / rows);
  for (int i = 0; i < static_cast<int>(blocks_.size()); ++i) {
    const QRectF box(4 + (i % columns) * cell, 4 + (i / columns) * cell, cell - 1, cell - 1);
    const bool busy = blocks_[static_cast<std::size_t>(i)] > 0;
    painter.setPen(theme.muted_text);
    painter.setBrush(busy ? theme.ribbon_compute : theme.background);
    painter.drawRect(box);
  }
}

}  // namespace moescope
