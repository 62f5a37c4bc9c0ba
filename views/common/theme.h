// Colours and second cues: one visual language for every view, light and dark.
#pragma once

#include <QBrush>
#include <QColor>
#include <QIcon>
#include <QPalette>

#include "core/analysis/spans/classify.h"

namespace moescope {

/// The colours of one appearance. A class keeps its colour everywhere, exports included.
struct Theme {
  bool dark = false;
  QColor background, alternate, text, muted_text, grid, cursor, selection;
  /// Exposed communication has a colour that no class has, the loudest; hidden communication is
  /// muted.
  QColor ribbon_compute, ribbon_both, ribbon_exposed;

  static const Theme& light();
  static const Theme& dark_theme();
  /// Light or dark by the lightness of a palette (Qt 6.4 has no colour scheme hint).
  static const Theme& of(const QPalette& palette);

  QColor color(SpanClass c) const;
  /// Fill of a class; waiting communication is hatched over the class colour.
  QBrush brush(SpanClass c, bool waits) const;
  /// Text colour that is readable on `fill`.
  static QColor text_on(const QColor& fill);
};

/// A small square of `fill` for lists and menus, sharp at two device pixels per point.
QIcon class_swatch(const QBrush& fill, const QColor& border);

/// Word for the user: "attention", "dense GEMM", "shared expert", ...
QString class_label(SpanClass c, bool waits = false);

}  // namespace moescope
