// Light and dark, and the size of texts, for the whole program.
#pragma once

#include <QString>

namespace moescope {

/// Applies "light", "dark" or "system" (what the desktop set before the program changed it).
void apply_appearance(const QString& theme);
/// Applies "small", "normal" (the desktop's) or "large".
void apply_text_size(const QString& size);

}  // namespace moescope
