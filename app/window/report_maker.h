// The report of a whole trace with the charts of the window, drawn without a window.
#pragma once

#include <QString>

#include "core/analysis/statistics.h"
#include "views/common/document.h"

namespace moescope {

/// Writes the report of `document`, which must be analysed; .html or .pdf. `statistics` are those
/// of the whole trace. Needs a QApplication; to be called on its thread. Throws Error.
void write_trace_report(const Document& document, SelectionStatistics statistics,
                        const QString& path);

}  // namespace moescope
