// Everything known of one span as a tree of properties and values.
#pragma once

#include <QStandardItemModel>

#include "views/details/span_details.h"

namespace moescope {

class DetailsModel : public QStandardItemModel {
  Q_OBJECT

 public:
  static constexpr int kRuleRole = Qt::UserRole + 1;  ///< int: rule that the row names
  static constexpr int kSpanRole = Qt::UserRole + 2;  ///< SpanRef: span that the row leads to

  explicit DetailsModel(QObject* parent = nullptr) : QStandardItemModel(parent) {}
  void show(const SpanDetails& details);
  /// "name<TAB>value" lines with indentation by depth.
  QString toText() const;

 private:
  void addTimes(const Span& span);
  void addClass(const SpanDetails& details);
  void addLaunch(const Trace& trace, const Span& span);
  void addFlow(const SpanDetails& details);
  void addSpans(const Trace& trace, const QString& title, const QString& tip,
                const LinkedSpans& spans);
  void addArguments(const std::string& args);
};

}  // namespace moescope

Q_DECLARE_METATYPE(moescope::SpanRef)
