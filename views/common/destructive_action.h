// Commands that take something away: undo, close, roll back.
#pragma once

#include <QAction>

namespace moescope {

/// Marks one; the palette lists it last and never makes it the default. Returns `action`.
QAction* mark_destructive(QAction* action);
bool is_destructive(const QAction& action);

}  // namespace moescope
