// The rows of a query.
#pragma once

#include <QAbstractTableModel>

#include "core/query/query_result.h"
#include "core/trace/types.h"

namespace moescope {

class ResultModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  static constexpr int kSortRole = Qt::UserRole;

  explicit ResultModel(QObject* parent = nullptr) : QAbstractTableModel(parent) {}
  void setResult(QueryResult result);
  const QueryResult& result() const { return result_; }
  /// The span that a row is about: by a column "span"; invalid when there is none.
  SpanRef span(int row) const;
  /// The time that a row is about: columns "start" and "end", or "start" alone; empty for none.
  TimeRange time(int row) const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  std::optional<std::int64_t> number(int row, const char* column) const;

  QueryResult result_;
};

}  // namespace moescope
