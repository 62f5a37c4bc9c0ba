// The colours of a figure that got worse or better. They never stand alone: a sign or a word says
// so as well.
#pragma once

#include "views/common/theme.h"

namespace moescope {

/// Readable as text on the background of either appearance.
inline QColor worse_color(const Theme& theme) {
  return theme.dark ? QColor(0xFF, 0x8A, 0x80) : QColor(0xB3, 0x1D, 0x1D);
}
inline QColor better_color(const Theme& theme) {
  return theme.dark ? QColor(0x81, 0xD8, 0x9C) : QColor(0x1B, 0x74, 0x38);
}

}  // namespace moescope
