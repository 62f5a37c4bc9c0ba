// Figures of the plan now, before and at best, and the assumptions that they rest on.
#pragma once

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QSpinBox>
#include <QTableWidget>
#include <QWidget>

#include "views/workspace/documents/plan_document.h"

namespace moescope {

class FiguresPanel : public QWidget {
  Q_OBJECT

 public:
  explicit FiguresPanel(PlanDocument& document, QWidget* parent = nullptr);
  void setLayer(int layer);
  /// Text of a cell: the row by its heading, columns now, before, bound.
  QString cell(const QString& row, int column) const;

 private:
  enum Row {
    Rule,
    Layer,
    BestSplit,
    Mean,
    P95,
    Max,
    Copies,
    Bytes,
    Memory,
    Remote,
    Groups,
    RowCount
  };
  void addRow(Row row, const QString& heading, const QString& tip);
  void set(Row row, int column, const QString& text);
  void refresh();
  void fillLayerRows();
  void fillSummaryRows();
  void fillCostRows();
  QWidget* makeAssumptions();
  void takeAssumptions();
  void showAssumptions();

  PlanDocument& document_;
  int layer_ = 0;
  QTableWidget* table_;
  QLabel* note_;
  QComboBox* model_;
  QDoubleSpinBox *mebibytes_, *room_;
  QSpinBox* redundant_;
  QCheckBox* groups_;
};

}  // namespace moescope
