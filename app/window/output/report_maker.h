// The report of what is open with the charts of the window, drawn without a window.
#pragma once

#include <QString>

#include "core/analysis/spans/statistics.h"
#include "views/report/compare_section.h"
#include "views/workspace/documents/load_document.h"
#include "views/workspace/documents/trace_document.h"

namespace moescope {

/// Writes the report of `document`, which must be analysed or without a trace, and of all sets of
/// `loads`; .html or .pdf. `statistics` are those of the whole trace. Needs a QApplication; to be
/// called on its thread. Throws Error.
/// @param comparison with what the subject is held against, when it is
void write_report_of(const TraceDocument& document, const LoadDocument& loads,
                     SelectionStatistics statistics, const QString& path,
                     const ReportComparison& comparison = {});

}  // namespace moescope
