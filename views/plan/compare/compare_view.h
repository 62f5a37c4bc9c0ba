// Two plans beside each other: imbalance before, after and at best, and what must be copied.
#pragma once

#include <QComboBox>
#include <QLabel>
#include <QTableView>
#include <QToolButton>
#include <QWidget>
#include <vector>

#include "core/placement/plan_diff.h"
#include "views/plot/chart.h"
#include "views/workspace/documents/plan_document.h"

namespace moescope {

class CompareLayersModel;
class CompareCopiesModel;

class CompareView : public QWidget, public Chart {
  Q_OBJECT

 public:
  explicit CompareView(PlanDocument& document, QWidget* parent = nullptr);

  QString chartName() const override { return QStringLiteral("plan-compare"); }
  void paintChart(QPainter& painter, QSize size, const Theme& theme) override;
  /// Layers with their figures, then an empty line and the copies of all layers.
  QString csv() const override;
  QString summary() const override;

  void setLayer(int layer);
  /// Compares with the plan in `file`; reports when it does not fit.
  void compareWith(const QString& file);

 Q_SIGNALS:
  void layerChosen(int layer);
  void message(const QString& text);

 protected:
  void showEvent(QShowEvent* event) override;

 private:
  void markStale();
  void refresh();
  void showSummary();
  QString chartTitle() const;
  QWidget* makeBar();
  void chooseFile();

  PlanDocument& document_;
  CompareLayersModel* layers_;
  CompareCopiesModel* copies_;
  QTableView *layer_table_, *copy_table_;
  QLabel *before_, *summary_, *copy_heading_;
  int layer_ = 0;
  bool stale_ = true;
};

}  // namespace moescope
