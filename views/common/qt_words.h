// Qt defines a macro named slots, which core uses as a name. Headers of views that use the name
// include this first; sources of views write Q_SLOTS.
#pragma once

#include <QtGlobal>

#undef slots
