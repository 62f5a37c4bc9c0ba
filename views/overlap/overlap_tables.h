// The tables of the overlap view: figures with definitions as tooltips, sorted by number.
#pragma once

#include <QTableWidget>
#include <optional>

#include "core/analysis/overlap/overlap.h"

namespace moescope {

/// A cell that shows a short text and is sorted and copied by its exact value.
class FigureItem : public QTableWidgetItem {
 public:
  /// `exact`: what a copy holds, plain digits in the base unit.
  FigureItem(const QString& text, const QString& exact, std::optional<double> value);
  bool operator<(const QTableWidgetItem& other) const override;
  QString exact() const { return exact_; }

 private:
  QString exact_;
  std::optional<double> value_;
};

/// Rows without a grid that are selected whole and cannot be edited.
void style_table(QTableWidget* table);
/// Names a column; copies of the table name it `copied` (else `label`) with the `unit` of exact
/// values.
void set_figure_header(QTableWidget* table, int column, const QString& label, const QString& tip,
                       const QString& unit, const QString& copied = {});
/// Columns: `first_columns`, then every figure.
void setup_figure_table(QTableWidget* table, const QStringList& first_columns);
void fill_figure_row(QTableWidget* table, int row, const QStringList& first,
                     const OverlapFigures& figures);
/// Header with units and plain numbers in ns, tab-separated.
QString figure_table_tsv(const QTableWidget& table);

}  // namespace moescope
