// Balance series of engine logs and wait matrices of DeepXTrace as pictures.
#pragma once

#include "views/load/heat/heat_chart.h"
#include "views/load/series_chart.h"
#include "views/workspace/documents/load_document.h"

namespace moescope {

/// The series of one engine and measure: as many as a log has of these.
struct LogGroup {
  std::string engine, measure;
  std::vector<const BalanceSeries*> series;
};
std::vector<LogGroup> log_groups(const BalanceLog& log);
SeriesPicturePtr log_picture(const BalanceLog& log, const LogGroup& group);

/// Wait / mean of the matrix, with slow rows, columns and cells outlined.
HeatPicturePtr wait_picture(const WaitLog& log, int index);
/// "Comp-Slow: rank 4 keeps all others waiting (11.2 x mean)", one a part.
QStringList slow_texts(const WaitMatrix& matrix);
/// "rank 3 waits for rank 4: 7,471,848,921, 9.1 x mean".
QString wait_cell_text(const WaitMatrix& matrix, int row, int column);

}  // namespace moescope
