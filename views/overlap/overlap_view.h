// Overlap summary: bars and figures per device and per scope, and where communication is exposed.
#pragma once

#include <QLabel>
#include <QTabWidget>
#include <QTableWidget>
#include <QWidget>
#include <vector>

#include "views/common/job.h"
#include "views/overlap/exposed_table.h"
#include "views/overlap/overlap_chart.h"
#include "views/plot/chart.h"
#include "views/workspace/documents/trace_document.h"
#include "views/workspace/selection.h"

namespace moescope {

class OverlapCanvas;

class OverlapView : public QWidget, public Chart {
  Q_OBJECT

 public:
  OverlapView(TraceDocument& document, Selection& selection, QWidget* parent = nullptr);

  QString chartName() const override { return QStringLiteral("overlap"); }
  void paintChart(QPainter& painter, QSize size, const Theme& theme) override;
  /// The table of figures of what is shown, units in the header.
  QString csv() const override;
  QString summary() const override { return overlap_summary(chartInput()); }
  OverlapChartInput chartInput() const;

  bool busy() const { return job_.running() || exposed_->busy(); }

 public Q_SLOTS:
  void showNextExposed();
  void showPreviousExposed();

 Q_SIGNALS:
  void figuresChanged();  ///< after the figures of a range or selection arrived

 protected:
  void showEvent(QShowEvent* event) override;

 private:
  void buildTables();
  void buildTabs();
  void addActions();
  void reload();
  void fillTables();
  void refreshScope();
  void showWindow(const std::optional<AreaSelection>& window,
                  std::shared_ptr<const OverlapResults> cut);
  /// Of what is shown: the whole trace, or what it is cut to.
  const std::vector<DeviceOverlap>& overlap() const;
  const std::vector<DeviceActivity>& activity() const;
  const std::vector<ScopeOverlap>& scopes() const;
  void fillFigures();
  void fillScopes();
  /// Lists and steps through the exposed communication of these only.
  void showExposed(std::vector<Exposed> intervals, const QString& of);
  void goToLongest();
  void showExposedOfDevice(int row);
  void showExposedOfScope(int row);
  void goTo(const Exposed& exposed);
  std::optional<TimeNs> position() const;
  bool shows(const DeviceKey& key) const;

  TraceDocument& document_;
  Selection& selection_;
  JobRunner job_;
  bool stale_ = false;  ///< an analysis came while the view was hidden
  bool again_ = false;  ///< the range moved on while its figures were computed
  TracePtr trace_;      ///< what is drawn; replaced only when its analysis is complete
  AnalysisPtr analysis_;
  std::shared_ptr<const OverlapResults> cut_;  ///< null: all of analysis_ is shown
  std::optional<AreaSelection> shown_window_;  ///< what cut_ is cut to
  std::optional<TimeNs> stepped_;  ///< begin of the exposed interval that was shown last
  QLabel* scope_;                  ///< what all figures are of
  OverlapCanvas* canvas_;
  QTabWidget* tabs_;
  QTableWidget* figures_;
  QTableWidget* scopes_;
  ExposedTable* exposed_;
};

}  // namespace moescope
