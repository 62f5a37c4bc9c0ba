// Overlap summary: bars and figures per device and per scope, and where communication is exposed.
#pragma once

#include <QComboBox>
#include <QTableWidget>
#include <QWidget>
#include <vector>

#include "views/common/chart.h"
#include "views/common/document.h"
#include "views/common/job.h"
#include "views/common/view_context.h"
#include "views/overlap/overlap_chart.h"

namespace moescope {

class OverlapCanvas;

class OverlapView : public QWidget, public Chart {
  Q_OBJECT

 public:
  OverlapView(Document& document, ViewContext& context, QWidget* parent = nullptr);

  QString chartName() const override { return QStringLiteral("overlap"); }
  void paintChart(QPainter& painter, QSize size, const Theme& theme) override;
  /// The table of figures of what is shown, units in the header.
  QString csv() const override;
  QString tableTsv(const QTableWidget& table) const;
  OverlapChartInput chartInput() const;

  /// Cuts the figures to the shared range, by a background job.
  void showVisibleRange() { window_->setCurrentIndex(VisibleRange); }
  bool busy() const { return job_.running(); }

 public Q_SLOTS:
  void showNextExposed();
  void showPreviousExposed();

 Q_SIGNALS:
  void figuresChanged();  ///< after the figures of a range or selection arrived

 private:
  enum Window { WholeTrace, VisibleRange, SelectedArea };
  struct Exposed {
    DeviceKey key;
    TimeRange range;
  };

  void buildTables();
  void addActions();
  void reload();
  void refreshWindow();
  void fillFigures();
  void fillScopes();
  void fillExposed();
  void goTo(const Exposed& exposed);
  bool shows(const DeviceKey& key) const;

  Document& document_;
  ViewContext& context_;
  JobRunner job_;
  TracePtr trace_;  ///< what is drawn; replaced only when its analysis is complete
  AnalysisPtr analysis_;
  std::vector<DeviceOverlap> window_figures_;
  std::optional<TimeRange> shown_window_;  ///< what window_figures_ are cut to
  std::vector<Exposed> exposed_;           ///< by start
  QComboBox* window_;
  OverlapCanvas* canvas_;
  QTableWidget* figures_;
  QTableWidget* scopes_;
  QTableWidget* exposed_table_;
};

}  // namespace moescope
