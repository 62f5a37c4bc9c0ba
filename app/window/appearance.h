// Light and dark: one palette each for the whole program.
#pragma once

#include <QString>

namespace moescope {

/// Applies "light", "dark" or "system" (what the desktop set before the program changed it).
void apply_appearance(const QString& theme);

}  // namespace moescope
