// Rows of property and value in a tree, and what a row leads to.
#pragma once

#include <QMetaType>
#include <QStandardItem>

#include "core/trace/types.h"
#include "views/workspace/model_place.h"
#include "views/workspace/selection.h"

namespace moescope {

/// What activating a row does, in the item of its first column.
enum FactRole {
  kRuleRole = Qt::UserRole + 1,  ///< int: opens the rule
  kSpanRole,                     ///< SpanRef: goes to the span
  kAreaRole,                     ///< AreaSelection: shows and marks the area
  kPlaceRole,                    ///< ModelPlace: selects it in all views
  kShareRole,                    ///< bool: the value changes with the visible range
};

/// Appends rows below one item; cheap to copy.
class FactRows {
 public:
  explicit FactRows(QStandardItem* parent) : parent_(parent) {}

  /// Without a tip the whole value is the tip.
  FactRows add(const QString& name, const QString& value, const QString& tip = {}) const;
  /// Makes the value of the row itself, not of those below it, lead somewhere.
  template <typename Target>
  const FactRows& leadTo(int role, const Target& target) const {
    setTarget(role, QVariant::fromValue(target));
    return *this;
  }
  /// The value follows the visible range.
  void followRange() const { parent_->setData(true, kShareRole); }

 private:
  void setTarget(int role, const QVariant& target) const;
  QStandardItem* value() const;  ///< the item in the second column

  QStandardItem* parent_;  ///< of the rows that are added
};

/// "1.20 ms (34.0 %)"; without a whole only the time.
QString time_of(TimeNs time, TimeNs whole);

}  // namespace moescope

Q_DECLARE_METATYPE(moescope::SpanRef)
Q_DECLARE_METATYPE(moescope::AreaSelection)
Q_DECLARE_METATYPE(moescope::ModelPlace)
