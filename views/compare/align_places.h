// Steps and layers at which two sides can be laid above each other, and how places are named.
#pragma once

#include <QStringList>

#include "views/compare/compare_work.h"

namespace moescope {

/// Keys of the steps that lie in both sides, in order of time; 2,000 at most.
QStringList common_steps(const ComparedPart& a, const ComparedPart& b);
/// Names of the layers of both, in order; 2,000 at most.
QStringList common_layers(const ComparedPart& a, const ComparedPart& b);
/// A row of a comparison that stands for a step or a layer.
Difference place_row(const char* scope, const QString& key);
/// "step 7", "decode step 7", "layer 3", "the first dispatch".
QString place_words(const Difference& row);

}  // namespace moescope
