// The headline in the words and units of the window.
#pragma once

#include <QString>
#include <utility>
#include <vector>

#include "core/loads/load_headline.h"
#include "views/headline/headline_tile.h"
#include "views/headline/trace_answer.h"

namespace moescope {

/// All of them, by name, in the order in which they stand; those without a value too.
std::vector<std::pair<QString, TileText>> trace_tiles(const TraceAnswer& answer,
                                                      const Trace& trace);
std::vector<std::pair<QString, TileText>> load_tiles(const LoadHeadline& loads);

}  // namespace moescope
