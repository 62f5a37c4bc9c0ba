// The report: what a trace says about overlap and SMs, as one self-contained file.
#pragma once

#include <QString>
#include <functional>
#include <vector>

#include "core/analysis/spans/statistics.h"
#include "views/headline/headline_tile.h"
#include "views/plot/chart.h"
#include "views/report/compare_section.h"
#include "views/workspace/documents/trace_document.h"

namespace moescope {

/// A section beside those of the trace.
struct ReportTable {
  QString title;
  QStringList notes;  ///< paragraphs above the table
  QStringList header;
  std::vector<QStringList> rows;
};

struct ReportInput {
  TracePtr trace;  ///< null: the report has charts and tables only
  AnalysisPtr analysis;
  QStringList files;
  std::vector<TileText> headline;  ///< the answers, before everything else
  ReportComparison comparison;     ///< below them, where something is compared
  SelectionStatistics statistics;  ///< of the whole trace
  std::vector<Chart*> charts;
  std::vector<ReportTable> tables;
  QString date;  ///< shown in the report
};

/// The report as HTML without any reference to another file. Texts from the trace are escaped.
QString report_html(const ReportInput& input);
/// Writes the report; .html or .pdf. Throws Error (unknown suffix, cannot write).
void write_report(const ReportInput& input, const QString& path);

}  // namespace moescope
