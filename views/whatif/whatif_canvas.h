// The two charts of the view on screen: bars of steps, and a sweep.
#pragma once

#include <QStringList>
#include <QWidget>

#include "views/plot/summary.h"
#include "views/whatif/step_bars.h"
#include "views/whatif/sweep_curve.h"

namespace moescope {

class StepBarsCanvas : public QWidget, public Summarised {
  Q_OBJECT

 public:
  explicit StepBarsCanvas(QWidget* parent = nullptr);
  void setPicture(StepBarsPicture picture);
  const StepBarsPicture& picture() const { return picture_; }
  /// What the answer rests on, shown beside the bars by the tooltip.
  void setNotes(const QStringList& notes) { notes_ = notes; }
  /// Where the parts of the bars are, after they were painted.
  const std::vector<StepBarPart>& parts() const { return parts_; }
  QString summary() const override { return step_bars_summary(picture_); }
  QSize sizeHint() const override { return {420, 190}; }

 protected:
  void paintEvent(QPaintEvent* event) override;
  bool event(QEvent* event) override;

 private:
  StepBarsPicture picture_;
  QStringList notes_;
  std::vector<StepBarPart> parts_;
};

/// Hover shows the figures of a value; a click on it asks for it.
class SweepCanvas : public QWidget, public Summarised {
  Q_OBJECT

 public:
  explicit SweepCanvas(QWidget* parent = nullptr);
  void setPicture(SweepPicture picture);
  const SweepPicture& picture() const { return picture_; }
  const SweepPlaces& places() const { return places_; }
  QString summary() const override { return sweep_summary(picture_); }
  QSize sizeHint() const override { return {420, 200}; }

 Q_SIGNALS:
  void valueChosen(double value);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  bool event(QEvent* event) override;

 private:
  SweepPicture picture_;
  SweepPlaces places_;
};

}  // namespace moescope
