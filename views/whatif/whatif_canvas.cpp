#include "views/whatif/whatif_canvas.h"

#include <QMouseEvent>
#include <algorithm>

#include "views/plot/readout.h"

namespace moescope {

StepBarsCanvas::StepBarsCanvas(QWidget* parent) : QWidget(parent) {
  setObjectName("whatIfBars");
  setAccessibleName(tr("Steps by cause"));
  setMinimumSize(220, 130);
}

void StepBarsCanvas::setPicture(StepBarsPicture picture) {
  picture_ = std::move(picture);
  update();
  summary_changed(*this);
}

void StepBarsCanvas::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const Theme& theme = Theme::of(palette());
  painter.fillRect(rect(), theme.background);
  parts_ = paint_step_bars(painter, rect(), picture_, theme);
}

bool StepBarsCanvas::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  const auto& help = static_cast<const QHelpEvent&>(*event);
  const auto part = std::find_if(parts_.begin(), parts_.end(), [&](const StepBarPart& painted) {
    return painted.area.contains(help.pos());
  });
  if (part == parts_.end() || part->bar >= picture_.bars.size())
    return show_readout(*this, help, notes_.join(QLatin1Char('\n')));
  return show_readout(*this, help, step_part_text(picture_.bars[part->bar], part->cause),
                      part->area);
}

SweepCanvas::SweepCanvas(QWidget* parent) : QWidget(parent) {
  setObjectName("whatIfSweep");
  setAccessibleName(tr("Sweep"));
  setMinimumSize(220, 120);
}

void SweepCanvas::setPicture(SweepPicture picture) {
  picture_ = std::move(picture);
  places_ = {};
  update();
  summary_changed(*this);
}

void SweepCanvas::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const Theme& theme = Theme::of(palette());
  painter.fillRect(rect(), theme.background);
  places_ = paint_sweep(painter, rect(), picture_, theme);
}

void SweepCanvas::mouseReleaseEvent(QMouseEvent* event) {
  const int place = places_.at(event->position());
  if (place < 0 || event->button() != Qt::LeftButton) return;
  Q_EMIT valueChosen(picture_.sweep->points[static_cast<std::size_t>(place)].value);
}

bool SweepCanvas::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  const auto& help = static_cast<const QHelpEvent&>(*event);
  const int place = places_.at(help.pos());
  return show_readout(
      *this, help,
      place < 0 ? QString() : sweep_point_text(*picture_.sweep, static_cast<std::size_t>(place)));
}

}  // namespace moescope
