// Everything known of one span as a tree of properties and values.
#pragma once

#include <QStandardItemModel>

#include "views/common/document.h"

namespace moescope {

class DetailsModel : public QStandardItemModel {
  Q_OBJECT

 public:
  static constexpr int kRuleRole = Qt::UserRole + 1;  ///< int: rule that the row names
  static constexpr int kSpanRole = Qt::UserRole + 2;  ///< SpanRef: span that the row leads to

  explicit DetailsModel(QObject* parent = nullptr) : QStandardItemModel(parent) {}
  /// Shows `span` of the document's trace; an invalid one empties the model.
  void show(const Document& document, SpanRef span);
  /// "name<TAB>value" lines with indentation by depth.
  QString toText() const;

 private:
  void addTimes(const Span& span);
  void addClass(const Document& document, const Span& span);
  void addLaunch(const Trace& trace, const Span& span);
  void addArguments(const Trace& trace, SpanRef ref);
};

}  // namespace moescope

Q_DECLARE_METATYPE(moescope::SpanRef)
