// The overlap figures as the user reads them: one label, unit and definition for every place.
#pragma once

#include <QString>
#include <vector>

#include "core/analysis/overlap/overlap.h"

namespace moescope {

struct FigureDefinition {
  QString label;       ///< "Exposed communication"
  QString key;         ///< name in analyze --json: "exposed_comm_ns"
  QString unit;        ///< "ns", "%", "" for counts
  QString definition;  ///< tooltip and glossary
  /// Value of the figure; nullopt where it does not apply.
  std::optional<double> (*value)(const OverlapFigures&);
};

/// All figures in the order of tables.
const std::vector<FigureDefinition>& figure_definitions();
/// "4,190,000 ns", "96.3064 %", "36"; an em dash where the figure does not apply.
QString figure_text(const FigureDefinition& definition, const OverlapFigures& figures);
/// The plain number for CSV and TSV, empty where it does not apply.
QString figure_number(const FigureDefinition& definition, const OverlapFigures& figures);

}  // namespace moescope
