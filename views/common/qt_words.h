// Qt makes a macro of the word slots, which core uses as a name. Include this first in headers of
// views that speak of slots; sources of views write Q_SLOTS.
#pragma once

#include <QtGlobal>

#undef slots
