// SM allocation of the device that the SM view shows, as a strip of the timeline.
#pragma once

#include "views/plot/time_track.h"

namespace moescope {

class SmView;

class SmTrack : public TimeTrack {
  Q_OBJECT

 public:
  SmTrack(SmView& view, Selection& selection, QWidget* parent = nullptr);
  QString title() const override;
  QString note() const override;
  bool hasData() const override;
  QString summary() const override;

 protected:
  TimeAxis paintPicture(QPainter& painter, const QRectF& area, const Theme& theme) override;
  QString readout(QPointF pos) const override;

 private:
  SmView& view_;
};

}  // namespace moescope
