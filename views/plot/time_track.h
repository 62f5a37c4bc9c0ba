// A strip below the lanes of the timeline: a quantity over the same times, on the same pixels.
#pragma once

#include "views/plot/panel.h"
#include "views/plot/time_canvas.h"

namespace moescope {

class TimeTrack : public TimeCanvas {
  Q_OBJECT

 public:
  /// `id`: one word, for the action that shows and hides it.
  TimeTrack(const QString& id, const QString& title, Selection& selection, QWidget* parent);

  QString id() const { return id_; }
  virtual QString title() const { return title_; }
  /// What stands under the title beside the strip: what it is of, and its scale.
  virtual QString note() const = 0;
  /// False where there is nothing to draw: the strip takes no room then.
  virtual bool hasData() const = 0;

 Q_SIGNALS:
  void dataChanged();  ///< hasData() or note() may be different now

 protected:
  /// Data arrived or went: draws it and lets the timeline know.
  void setChanged();
  /// Times fill the whole width, as the lanes above do.
  TimeAxis wholeWidth(const QRectF& area, const QPainter& painter) const;
  /// Makes `panel`, of times.plot(), show `low` to `high` over these times without labels: the
  /// scale stands beside the strip.
  static void prepareStrip(PlotPanel& panel, const TimeAxis& times, double low, double high);
  TimeRange visible() const { return selection_.range(); }

 private:
  QString id_, title_;
  Selection& selection_;
};

}  // namespace moescope
