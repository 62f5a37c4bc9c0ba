#include "views/alarms/alarms_model.h"

#include <QApplication>
#include <array>
#include <cmath>

#include "views/common/theme.h"
#include "views/common/units.h"

namespace moescope {
namespace {

constexpr double kNsPerSecond = 1e9;

QString seconds(double time) {
  return AlarmsModel::tr("%1 s").arg(time, 0, 'f', 1);
}

}  // namespace

QString alarm_label(AlarmKind kind) {
  switch (kind) {
    case AlarmKind::Imbalance:
      return AlarmsModel::tr("Imbalance of GPUs");
    case AlarmKind::Ttft:
      return AlarmsModel::tr("TTFT, 95th percentile");
    case AlarmKind::Tpot:
      return AlarmsModel::tr("TPOT, 95th percentile");
    case AlarmKind::Drops:
      return AlarmsModel::tr("Dropped records");
    case AlarmKind::HungRanks:
      return AlarmsModel::tr("Ranks that hang");
  }
  return {};
}

QString alarm_value(AlarmKind kind, double value) {
  switch (kind) {
    case AlarmKind::Imbalance:
      return QString::number(value, 'f', 2);
    case AlarmKind::Ttft:
    case AlarmKind::Tpot:
      return format_time(std::llround(value * kNsPerSecond));
    case AlarmKind::Drops:
    case AlarmKind::HungRanks:
      break;
  }
  return format_count(static_cast<quint64>(std::max(0.0, value)));
}

void AlarmsModel::setAlarms(std::vector<Alarm> alarms) {
  beginResetModel();
  alarms_ = std::move(alarms);
  endResetModel();
}

int AlarmsModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(alarms_.size());
}

int AlarmsModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : ColumnCount;
}

QVariant AlarmsModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const Alarm& alarm = alarms_[alarms_.size() - 1 - static_cast<std::size_t>(index.row())];
  const int column = index.column();
  if (role == Qt::TextAlignmentRole && column != Kind)
    return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
  if (role == Qt::ForegroundRole && !alarm.cleared)
    return QVariant::fromValue(Theme::of(QApplication::palette()).ribbon_exposed);
  if (role != Qt::DisplayRole) return {};
  switch (column) {
    case Raised:
      return seconds(alarm.raised);
    case Kind:
      return alarm_label(alarm.kind);
    case Worst:
      return alarm_value(alarm.kind, alarm.worst);
    case Limit:
      return alarm_value(alarm.kind, alarm.limit);
    default:
      return alarm.cleared ? seconds(*alarm.cleared) : tr("still");
  }
}

QVariant AlarmsModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) return {};
  const std::array<QString, ColumnCount> titles = {tr("Since"), tr("Alarm"), tr("Worst"),
                                                   tr("Limit"), tr("Until")};
  const std::array<QString, ColumnCount> tips = {
      tr("Seconds of serving when it was raised"), tr("What was over its limit"),
      tr("Highest value while it lasted"), tr("The limit then"),
      tr("Seconds of serving when it ended")};
  const auto i = static_cast<std::size_t>(section);
  if (role == Qt::DisplayRole) return titles[i];
  return role == Qt::ToolTipRole ? QVariant(tips[i]) : QVariant();
}

}  // namespace moescope
