// What differs from another trace, load dump or plan, as a section of a report.
#pragma once

#include <QString>
#include <memory>

#include "core/analysis/compare/difference.h"

namespace moescope {

/// What the report holds its subject against.
struct ReportComparison {
  QString a, b;  ///< names: what was before, and the subject of the report
  std::shared_ptr<const Comparison> comparison;
};

/// Causes in words, the figures of the whole, and the parts that changed most; nothing without a
/// comparison. Texts are escaped.
QString compare_section(const ReportComparison& compared);

}  // namespace moescope
