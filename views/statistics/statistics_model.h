// Rows of the statistics table: one a class or one a name, and the whole selection first.
#pragma once

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>

#include "core/analysis/spans/statistics.h"

namespace moescope {

class StatisticsModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { Class, Name, Count, Total, Share, Mean, Min, Max, ColumnCount };
  static constexpr int kSortRole = Qt::UserRole;      ///< raw value: number of ns, or text
  static constexpr int kHostRole = Qt::UserRole + 1;  ///< bool: not work of a GPU

  explicit StatisticsModel(QObject* parent = nullptr) : QAbstractTableModel(parent) {}
  void setStatistics(TracePtr trace, SelectionStatistics statistics);
  void setByClass(bool by_class);
  /// What shares are of, in ns: the sum of the totals of all rows that are shown.
  void setWhole(TimeNs whole);

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
  const SelectionStatistics& statistics() const { return statistics_; }
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
  TimeNs whole_ = 0;
};

/// Sorts by the column that the user asked for and by nothing else; shows work of the GPUs, of the
/// host, or both.
class StatisticsOrder : public QSortFilterProxyModel {
  Q_OBJECT

 public:
  enum class Shown { Gpu, Host, All };
  using QSortFilterProxyModel::QSortFilterProxyModel;
  void setShown(Shown shown);

 protected:
  bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

 private:
  Shown shown_ = Shown::Gpu;
};

}  // namespace moescope
