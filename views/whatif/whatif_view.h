// What a step would take with another unit, machine, plan or rule: settings, bars, sweeps.
#pragma once

#include <QComboBox>
#include <QLabel>
#include <QProgressBar>
#include <QScrollArea>
#include <QSplitter>
#include <QTemporaryDir>
#include <QTimer>
#include <QToolButton>
#include <QWidget>
#include <memory>
#include <optional>

#include "views/common/job.h"
#include "views/plot/chart.h"
#include "views/whatif/whatif_answer.h"
#include "views/whatif/whatif_canvas.h"
#include "views/whatif/whatif_form.h"
#include "views/workspace/workspace.h"

namespace moescope {

class WhatIfView : public QWidget, public Chart {
  Q_OBJECT

 public:
  explicit WhatIfView(Workspace& workspace, QWidget* parent = nullptr);

  const WhatIf& settings() const { return settings_; }
  void setSettings(const WhatIf& settings);
  const WhatIfBase& base() const { return base_; }
  /// Back to what is open.
  void reset();
  void sweep(SweepOver over);
  void openAsTimeline();
  const StepBarsPicture& bars() const { return bars_->picture(); }
  const SweepPicture& sweepPicture() const { return curve_->picture(); }
  /// What is wrong with the settings, or to be known of the answer; "" when nothing is.
  QString problem() const;
  bool busy() const;
  JobRunner& sweepJob() { return sweep_job_; }
  JobRunner& timelineJob() { return timeline_job_; }

  QString chartName() const override { return QStringLiteral("what-if"); }
  void paintChart(QPainter& painter, QSize size, const Theme& theme) override;
  /// The bars, then an empty line and the sweep.
  QString csv() const override;
  QString summary() const override;

 Q_SIGNALS:
  /// A trace of the step was written; it is to be held against the open one, or opened.
  void timelineWanted(const QString& file);

 protected:
  void showEvent(QShowEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  QWidget* makeSide();
  QWidget* makeBars();
  QWidget* makeSweep();
  void addActions();
  void connectDocuments();
  void baseChanged();
  void traceChanged();
  void later();
  void refresh();
  void measure();
  void showPicture();
  QString awaited() const;
  void showForm();
  void startSweep();
  void takeSwept(double value);
  void showSweep(std::optional<Sweep> sweep, const QString& of = {});
  QString sweepInvitation() const;
  SweepOver chosenSweep() const;

  Workspace& workspace_;
  WhatIfBase base_;
  WhatIf settings_;
  std::shared_ptr<UnitPlans> plans_ = std::make_shared<UnitPlans>();
  WhatIfAnswerPtr base_answer_, answer_;
  WhatIfMeasured measured_;
  std::string measured_phase_;  ///< that was looked for
  QSplitter* charts_ = nullptr;
  QScrollArea* side_ = nullptr;
  WhatIfForm* form_ = nullptr;
  StepBarsCanvas* bars_ = nullptr;
  SweepCanvas* curve_ = nullptr;
  QLabel *assumed_ = nullptr, *problem_ = nullptr, *reason_ = nullptr;
  QComboBox* over_ = nullptr;
  QToolButton *sweep_ = nullptr, *cancel_ = nullptr;
  QProgressBar* progress_ = nullptr;
  QAction *reset_action_ = nullptr, *sweep_action_ = nullptr, *timeline_action_ = nullptr;
  QTimer delay_;
  std::optional<QTemporaryDir> folder_;  ///< of traces that were asked for
  int traces_ = 0;
  bool stale_ = true, base_stale_ = true, measure_stale_ = true;
  JobRunner job_, measure_job_, sweep_job_, timeline_job_;
};

}  // namespace moescope
