// Everything known of one span as a tree of properties and values.
#pragma once

#include <QStandardItemModel>

#include "core/analysis/spans/flow.h"
#include "views/workspace/document.h"

namespace moescope {

class DetailsModel : public QStandardItemModel {
  Q_OBJECT

 public:
  static constexpr int kRuleRole = Qt::UserRole + 1;  ///< int: rule that the row names
  static constexpr int kSpanRole = Qt::UserRole + 2;  ///< SpanRef: span that the row leads to

  explicit DetailsModel(QObject* parent = nullptr) : QStandardItemModel(parent) {}
  /// Shows `span` of the document's trace; an invalid one empties the model. `flow`: null while it
  /// is not known yet.
  void show(const Document& document, SpanRef span, const FlowIndex* flow = nullptr);
  /// "name<TAB>value" lines with indentation by depth.
  QString toText() const;

 private:
  void addTimes(const Span& span);
  void addClass(const Document& document, const Span& span);
  void addLaunch(const Trace& trace, const Span& span);
  void addFlow(const Trace& trace, SpanRef ref, const Span& span, const FlowIndex& flow);
  void addSpans(const Trace& trace, const QString& title, const QString& tip,
                const std::vector<SpanRef>& spans);
  void addArguments(const Trace& trace, SpanRef ref);
};

}  // namespace moescope

Q_DECLARE_METATYPE(moescope::SpanRef)
