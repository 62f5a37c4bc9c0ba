// Imbalance of the GPUs over the load windows that have times, as a strip of the timeline.
#pragma once

#include "core/loads/balance.h"
#include "views/common/job.h"
#include "views/plot/time_track.h"
#include "views/workspace/documents/load_document.h"

namespace moescope {

class ImbalanceTrack : public TimeTrack {
  Q_OBJECT

 public:
  ImbalanceTrack(LoadDocument& loads, Selection& selection, QWidget* parent = nullptr);
  QString note() const override;
  bool hasData() const override { return !series_.empty(); }
  QString summary() const override;
  bool busy() const { return job_.running(); }

 protected:
  TimeAxis paintPicture(QPainter& painter, const QRectF& area, const Theme& theme) override;
  QString readout(QPointF pos) const override;

 private:
  void reload();
  double highest() const;

  LoadDocument& loads_;
  std::vector<WindowImbalance> series_;  ///< by time
  JobRunner job_;
};

}  // namespace moescope
