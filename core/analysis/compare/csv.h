// A comparison as CSV.
#pragma once

#include <string>

#include "core/analysis/compare/difference.h"

namespace moescope {

/// "scope,key,figure,..." with its line break: names of the columns of csv_line().
std::string csv_header();
/// One row with its line break. Times are ns; fields that do not apply are empty; texts with commas
/// or quotes are quoted.
std::string csv_line(const Difference& row);
/// All rows below a header.
std::string csv_of(const Comparison& comparison);

}  // namespace moescope
