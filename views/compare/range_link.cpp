#include "views/compare/range_link.h"

#include <QScopedValueRollback>

namespace moescope {

RangeLink::RangeLink(Selection& main, Selection& other, QObject* parent)
    : QObject(parent), main_(main), other_(other) {
  connect(&main_, &Selection::rangeChanged, this, &RangeLink::follow);
  connect(&main_, &Selection::fullChanged, this, &RangeLink::follow);
  connect(&other_, &Selection::rangeChanged, this, &RangeLink::lead);
  const auto shifted = [](std::optional<TimeNs> time, TimeNs by) {
    return time ? std::optional(*time + by) : std::nullopt;
  };
  connect(&main_, &Selection::cursorChanged, this,
          [this, shifted] { other_.setCursor(shifted(main_.cursor(), offset_)); });
  connect(&other_, &Selection::cursorChanged, this,
          [this, shifted] { main_.setCursor(shifted(other_.cursor(), -offset_)); });
  connect(&main_, &Selection::selectionChanged, this, [this] { copyArea(main_, other_, offset_); });
  connect(&other_, &Selection::selectionChanged, this,
          [this] { copyArea(other_, main_, -offset_); });
}

TimeRange RangeLink::toOther(TimeRange range) const {
  return {range.begin + offset_, range.end + offset_};
}

TimeRange RangeLink::toMain(TimeRange range) const {
  return {range.begin - offset_, range.end - offset_};
}

void RangeLink::setOffset(TimeNs offset) {
  if (offset == offset_) return;
  offset_ = offset;
  follow();
  Q_EMIT offsetChanged();
}

void RangeLink::reset(TimeRange own) {
  own_ = own;
  {
    const QScopedValueRollback guard(moving_, true);
    other_.reset(own);
  }
  follow();
}

void RangeLink::stop() {
  if (!own_) return;
  own_.reset();
  main_.setReach({});
}

void RangeLink::follow() {
  if (moving_ || !own_) return;
  const QScopedValueRollback guard(moving_, true);
  other_.setReach(toOther(main_.full()));
  main_.setReach(toMain(*own_));
  other_.slideTo(toOther(main_.range()));
}

void RangeLink::lead(TimeRange range) {
  if (moving_ || !own_) return;
  {
    const QScopedValueRollback guard(moving_, true);
    main_.setRange(toMain(range));
  }
  follow();
}

/// Of all tracks there: rows of one trace are not those of the other.
void RangeLink::copyArea(const Selection& from, Selection& to, TimeNs by) {
  if (moving_ || !own_) return;
  const auto& wanted = from.area();
  const auto& now = to.area();
  const TimeRange range =
      wanted ? TimeRange{wanted->range.begin + by, wanted->range.end + by} : TimeRange();
  const bool same = wanted.has_value() == now.has_value() && (!wanted || now->range == range);
  if (same) return;
  const QScopedValueRollback guard(moving_, true);
  to.setArea(wanted ? std::optional(AreaSelection{range, {}}) : std::nullopt);
}

}  // namespace moescope
