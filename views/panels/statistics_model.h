// Rows of the statistics table: one a class or one a name, and the whole selection first.
#pragma once

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>

#include "core/analysis/statistics.h"

namespace moescope {

class StatisticsModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { Class, Name, Count, Total, Mean, Min, Max, ColumnCount };
  static constexpr int kSortRole = Qt::UserRole;      ///< raw value: number of ns, or text
  static constexpr int kHostRole = Qt::UserRole + 1;  ///< bool: not work of a GPU

  explicit StatisticsModel(QObject* parent = nullptr) : QAbstractTableModel(parent) {}
  void setStatistics(TracePtr trace, SelectionStatistics statistics);
  void setByClass(bool by_class);

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
  /// The longest span of a row; invalid for class rows.
  SpanRef longest(int row) const;

 private:
  const DurationStatistics& durations(int row) const;
  ClassifiedName classified(int row) const;
  QString className(int row) const;
  QString name(int row) const;
  QVariant swatch(int column, int row) const;

  TracePtr trace_;
  SelectionStatistics statistics_;
  bool by_class_ = false;
};

/// Sorts by what the user asked for, work of the GPUs always before that of the host.
class StatisticsOrder : public QSortFilterProxyModel {
  Q_OBJECT

 public:
  using QSortFilterProxyModel::QSortFilterProxyModel;

 protected:
  bool lessThan(const QModelIndex& left, const QModelIndex& right) const override;
};

}  // namespace moescope
