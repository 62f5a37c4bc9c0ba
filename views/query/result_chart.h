// The result of a query as a chart: its first column along the axis, its first column of numbers
// behind that as values.
#pragma once

#include <qcustomplot.h>

#include "core/query/query_result.h"

namespace moescope {

class ResultChart : public QCustomPlot {
  Q_OBJECT

 public:
  explicit ResultChart(QWidget* parent = nullptr);
  /// False when the result has nothing that can be drawn.
  bool draw(const QueryResult& result);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void applyTheme();
};

}  // namespace moescope
