// Counters of the trace (GPU metrics, memory, clocks) over time, as a strip of the timeline.
#pragma once

#include <set>

#include "views/common/job.h"
#include "views/plot/time_track.h"
#include "views/workspace/documents/trace_document.h"

namespace moescope {

/// Each series is drawn from 0 to its own highest value. The first few are shown until the user
/// chooses others in the context menu.
class CounterTrack : public TimeTrack {
  Q_OBJECT

 public:
  CounterTrack(TraceDocument& document, Selection& selection, QWidget* parent = nullptr);
  QString note() const override;
  bool hasData() const override;
  QString summary() const override;
  /// Indices into the counters of the trace, in their order.
  const std::set<std::size_t>& shown() const { return shown_; }
  void setShown(std::size_t series, bool shown);
  bool busy() const { return job_.running(); }

  static constexpr std::size_t kShownAtFirst = 3;

 protected:
  TimeAxis paintPicture(QPainter& painter, const QRectF& area, const Theme& theme) override;
  QString readout(QPointF pos) const override;
  void contextMenuEvent(QContextMenuEvent* event) override;

 private:
  void reload();
  const std::vector<CounterSeries>& series() const;
  QString nameOf(const CounterSeries& series) const;

  TraceDocument& document_;
  TracePtr read_;  ///< the trace whose counters are in memory and drawn
  std::set<std::size_t> shown_;
  std::vector<double> highest_;  ///< of each series; at least the smallest number above 0
  JobRunner job_;
};

}  // namespace moescope
