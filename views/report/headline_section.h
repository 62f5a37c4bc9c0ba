// The answers, as the first thing in a report.
#pragma once

#include <QString>
#include <vector>

#include "views/headline/headline_tile.h"

namespace moescope {

/// Cards with caption, value and note; nothing for no tiles. Texts are escaped.
QString headline_section(const std::vector<TileText>& tiles);

/// The style of those cards, for the head of the document.
QString headline_style();

}  // namespace moescope
