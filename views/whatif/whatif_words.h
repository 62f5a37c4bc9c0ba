// Translation and times, for the parts of the view that are no QObject.
#pragma once

#include <QCoreApplication>
#include <QString>
#include <cmath>

#include "views/common/units.h"

namespace moescope::whatif {

inline QString tr(const char* text) {
  return QCoreApplication::translate("WhatIfView", text);
}

inline QString time(double ns) {
  return format_time(static_cast<TimeNs>(std::llround(ns)));
}

}  // namespace moescope::whatif
