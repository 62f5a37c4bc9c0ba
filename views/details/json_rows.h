// Arguments of a span, as the file has them, as rows.
#pragma once

#include <string>
#include <vector>

#include "views/details/fact_rows.h"

namespace moescope {

/// Nothing for an empty text; a text that is no JSON is one row.
/// @param said arguments that other rows show already
void add_arguments(const FactRows& rows, const std::string& text,
                   const std::vector<std::string>& said);

}  // namespace moescope
