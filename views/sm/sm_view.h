// SM allocation: SMs over time by class, the SMs at the cursor, time at each (comm, compute) pair.
#pragma once

#include <QComboBox>
#include <QLabel>
#include <QTabWidget>
#include <QTableWidget>
#include <QTimer>
#include <QWidget>

#include "views/common/job.h"
#include "views/plot/chart.h"
#include "views/sm/sm_chart.h"
#include "views/sm/sm_file_chart.h"
#include "views/workspace/documents/trace_document.h"
#include "views/workspace/selection.h"

namespace moescope {

class SmCanvas;
class SmGrid;
class SmPairBars;

class SmView : public QWidget, public Chart {
  Q_OBJECT

 public:
  SmView(TraceDocument& document, Selection& selection, QWidget* parent = nullptr);

  QString chartName() const override { return QStringLiteral("sm"); }
  void paintChart(QPainter& painter, QSize size, const Theme& theme) override;
  /// Steps of the shown devices with units in the header.
  QString csv() const override;
  /// The table of (comm SMs, compute SMs) pairs as TSV with a header.
  QString pairsTsv() const;
  /// Shows every device as a panel of its own.
  void showAllDevices();
  QString summary() const override;
  /// What the SMs of the first device shown do at a time.
  QString textAt(TimeNs time) const;
  /// Input of the picture for the shown devices and the shared range.
  SmChartInput chartInput() const;
  /// What is shown now.
  SmFileChart fileChart() const;
  bool busy() const { return job_.running() || range_delay_.isActive() || times_job_.running(); }

 Q_SIGNALS:
  void dataChanged();  ///< after another analysis is drawn

 protected:
  void showEvent(QShowEvent* event) override;

 private:
  QWidget* makeSide();
  /// Puts what the processors are called into all texts.
  void setNames(const ProcessorNames& names);
  void addActions();
  SmBlocks blocks() const;
  bool hasBlocks() const;
  void reload();
  void show(SmDataPtr made);
  /// Data of the document's analysis now, for a picture that cannot wait for the job.
  void finishLoading();
  void fillDevices();
  bool awaited() const;
  void fillPairs();
  void showTimes();
  void sweepRange();
  void fillTimes(const SmAllocation& allocation, const QString& scope);
  void fillPairTable(const SmAllocation& allocation);
  void showCursor();
  std::vector<const SmDevice*> shownDevices() const;

  TraceDocument& document_;
  Selection& selection_;
  JobRunner job_, times_job_;
  QTimer range_delay_;  ///< not restarted: a range that follows a recording changes all the time
  bool stale_ = false;  ///< an analysis came while the view was hidden
  SmDataPtr data_;      ///< what is drawn; replaced only when its successor is complete
  ProcessorNames names_;
  QWidget* side_ = nullptr;
  QTabWidget* tabs_ = nullptr;
  QComboBox* device_;
  QLabel* method_;
  QLabel* cursor_label_;
  QLabel* scope_;
  SmCanvas* canvas_;
  SmGrid* grid_;
  SmPairBars* bars_;
  std::map<std::pair<int, int>, TimeNs> times_;  ///< as shown
  QTableWidget* pairs_;
};

}  // namespace moescope
