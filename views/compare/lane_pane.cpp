#include "views/compare/lane_pane.h"

#include <QHBoxLayout>

#include "views/timeline/lane_scroll.h"

namespace moescope {
namespace {
constexpr int kHeaderWidth = 130;
}

LanePane::LanePane(TraceDocument& document, Selection& selection, const QString& name,
                   QWidget* parent)
    : QWidget(parent),
      scene_(new TimelineScene(document, selection, this)),
      canvas_(new TimelineCanvas(*scene_, this)),
      upper_header_(
          new RowHeader(*scene_, canvas_->interaction(), TimelineCanvas::kAxisHeight, this)),
      lower_header_(new RowHeader(*scene_, canvas_->interaction(), 0, this)),
      scroll_bar_(new QScrollBar(Qt::Vertical, this)) {
  canvas_->setAccessibleName(name);
  auto* line = new QHBoxLayout(this);
  line->setContentsMargins(0, 0, 0, 0);
  line->setSpacing(0);
  for (RowHeader* header : {upper_header_, lower_header_}) {
    header->setFixedWidth(kHeaderWidth);
    line->addWidget(header);
  }
  line->addWidget(canvas_, 1);
  // Its room stays: the lanes of both panes are to lie on the same pixels.
  QSizePolicy policy = scroll_bar_->sizePolicy();
  policy.setRetainSizeWhenHidden(true);
  scroll_bar_->setSizePolicy(policy);
  line->addWidget(scroll_bar_);
  setFocusProxy(canvas_);
  setUpper(true);
  scroll_lanes(*scroll_bar_, *scene_);
  connect(canvas_, &TimelineCanvas::ticksChanged, this, [this] {
    upper_header_->setAxisTitle(
        scene_->hasTrace()
            ? tr("Aligned time (%1)").arg(QString::fromUtf8(canvas_->ticks().unit.symbol))
            : QString());
  });
}

void LanePane::setUpper(bool upper) {
  upper_header_->setVisible(upper);
  lower_header_->setVisible(!upper);
  canvas_->setAxisShown(upper);
}

void LanePane::reveal(SpanRef span) {
  const TracePtr& trace = scene_->trace();
  if (trace && span.track < trace->tracks().size()) scene_->revealTrack(span.track, 0);
}

}  // namespace moescope
