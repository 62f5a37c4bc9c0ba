// Sample traces that lie beside the program or in its source folder.
#pragma once

#include <QList>
#include <QString>
#include <QStringList>

namespace moescope {

struct Sample {
  QStringList files;
  QString label;
  QString lesson;  ///< what one sees in it
};

/// Every .moetrace of the folder, and its rank files together as one trace. Empty when there are
/// none.
QList<Sample> find_samples();

}  // namespace moescope
