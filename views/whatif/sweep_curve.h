// A sweep as curves with its optimum marked: what is shown, and its painting.
#pragma once

#include <QPainter>
#include <QString>
#include <optional>
#include <vector>

#include "views/common/qt_words.h"
// Before core, which uses a word of Qt's as a name.
#include "core/simulate/sweep.h"
#include "views/common/theme.h"

namespace moescope {

/// What is drawn; immutable.
struct SweepPicture {
  std::optional<Sweep> sweep;  ///< nullopt: none was made
  QString title;               ///< the settings that it is of
  QString empty_text;          ///< shown without a sweep
};

/// "SMs of communication", "tokens per GPU": what a sweep is over, for axes and choosers.
QString sweep_name(SweepOver over);

/// Where the values of a sweep were painted; empty: nowhere.
struct SweepPlaces {
  QRectF plot;
  int count = 0;
  /// The value that `pos` is nearest to; -1 outside.
  int at(QPointF pos) const;
};
SweepPlaces paint_sweep(QPainter& painter, const QRectF& area, const SweepPicture& picture,
                        const Theme& theme);

/// The optimum and its reason, with what was skipped.
QString sweep_reason(const Sweep& sweep);
/// All figures of a value.
QString sweep_point_text(const Sweep& sweep, std::size_t point);
QString sweep_summary(const SweepPicture& picture);
/// Header and a line a value; "" without a sweep.
QString sweep_table(const SweepPicture& picture);

}  // namespace moescope
