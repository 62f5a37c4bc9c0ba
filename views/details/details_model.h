// What is known of the selection as a tree of properties and values.
#pragma once

#include <QStandardItemModel>
#include <functional>

#include "views/details/span_rows.h"

namespace moescope {

class DetailsModel : public QStandardItemModel {
  Q_OBJECT

 public:
  explicit DetailsModel(QObject* parent = nullptr) : QStandardItemModel(parent) {}
  /// Replaces all rows by those that `fill` adds.
  void show(const std::function<void(const FactRows&)>& fill);
  void showSpan(const SpanDetails& details, TimeRange visible);
  /// The visible range moved: sets the duration of the shown span against it.
  void setVisible(TimeRange visible);
  /// "name<TAB>value" lines with indentation by depth.
  QString toText() const;

 private:
  std::optional<Span> span_;  ///< shown
};

}  // namespace moescope
