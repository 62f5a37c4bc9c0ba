// Throughput of the serving engine and the requests that missed their targets, as a strip of the
// timeline.
#pragma once

#include "views/plot/time_track.h"

namespace moescope {

class RequestsView;

class RequestsTrack : public TimeTrack {
  Q_OBJECT

 public:
  RequestsTrack(RequestsView& view, Selection& selection, QWidget* parent = nullptr);
  QString note() const override;
  bool hasData() const override;
  QString summary() const override;

 protected:
  TimeAxis paintPicture(QPainter& painter, const QRectF& area, const Theme& theme) override;
  QString readout(QPointF pos) const override;

 private:
  RequestsView& view_;
};

}  // namespace moescope
