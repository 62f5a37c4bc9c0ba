// The log of alarms, newest first.
#pragma once

#include <QAbstractTableModel>

#include "core/node/alarms.h"

namespace moescope {

/// "Imbalance of GPUs", "TTFT, 95th percentile", ...
QString alarm_label(AlarmKind kind);
/// "1.82", "850 ms", "3".
QString alarm_value(AlarmKind kind, double value);

class AlarmsModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { Raised, Kind, Worst, Limit, Cleared, ColumnCount };

  explicit AlarmsModel(QObject* parent = nullptr) : QAbstractTableModel(parent) {}
  void setAlarms(std::vector<Alarm> alarms);

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  std::vector<Alarm> alarms_;  ///< oldest first
};

}  // namespace moescope
