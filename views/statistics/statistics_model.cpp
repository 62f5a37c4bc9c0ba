#include "views/statistics/statistics_model.h"

#include <QApplication>
#include <array>
#include <cmath>

#include "views/common/theme.h"
#include "views/common/units.h"
#include "views/timeline/spans/label_text.h"

namespace moescope {
namespace {

TimeNs time_of(const DurationStatistics& d, int column) {
  switch (column) {
    case StatisticsModel::Total:
      return d.total;
    case StatisticsModel::Mean:
      return static_cast<TimeNs>(std::llround(d.mean()));
    case StatisticsModel::Min:
      return d.min;
    default:
      return d.max;
  }
}

}  // namespace

void StatisticsModel::setStatistics(TracePtr trace, SelectionStatistics statistics) {
  beginResetModel();
  trace_ = std::move(trace);
  statistics_ = std::move(statistics);
  endResetModel();
}

void StatisticsModel::setByClass(bool by_class) {
  beginResetModel();
  by_class_ = by_class;
  endResetModel();
}

void StatisticsModel::setWhole(TimeNs whole) {
  if (whole == whole_) return;
  whole_ = whole;
  if (rowCount() > 0) Q_EMIT dataChanged(index(0, Share), index(rowCount() - 1, Share));
}

int StatisticsModel::rowCount(const QModelIndex& parent) const {
  if (parent.isValid() || statistics_.all.count == 0) return 0;
  return static_cast<int>(by_class_ ? statistics_.classes.size() : statistics_.names.size());
}

int StatisticsModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : ColumnCount;
}

const DurationStatistics& StatisticsModel::durations(int row) const {
  const auto i = static_cast<std::size_t>(row);
  return by_class_ ? statistics_.classes[i].second : statistics_.names[i].durations;
}

ClassifiedName StatisticsModel::classified(int row) const {
  const auto i = static_cast<std::size_t>(row);
  if (!by_class_) return statistics_.names[i].classified;
  return {statistics_.classes[i].first, false, -1};
}

QString StatisticsModel::className(int row) const {
  const ClassifiedName c = classified(row);
  return class_label(c.span_class, c.waits);
}

QString StatisticsModel::name(int row) const {
  if (by_class_) return tr("all");
  const auto text = trace_->strings()[statistics_.names[static_cast<std::size_t>(row)].name];
  return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

SpanRef StatisticsModel::longest(int row) const {
  return by_class_ ? SpanRef{} : statistics_.names[static_cast<std::size_t>(row)].longest;
}

QVariant StatisticsModel::swatch(int column, int row) const {
  if (column != (by_class_ ? Class : Name)) return {};
  const ClassifiedName c = classified(row);
  const Theme& theme = Theme::of(QApplication::palette());
  return class_swatch(theme.brush(c.span_class, c.waits), theme.muted_text);
}

QVariant StatisticsModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const int row = index.row(), column = index.column();
  if (role == Qt::TextAlignmentRole && column >= Count)
    return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
  if (role == kHostRole) return classified(row).span_class == SpanClass::Host;
  if (role == Qt::DecorationRole && column <= Name) return swatch(column, row);
  if (role != Qt::DisplayRole && role != Qt::ToolTipRole && role != kSortRole) return {};
  if (role == Qt::ToolTipRole && column <= Name)
    return tr("%1 (%2)").arg(name(row), className(row));
  if (column == Class) return className(row);
  if (column == Name && role == Qt::DisplayRole && !by_class_)
    return short_name(trace_->strings()[statistics_.names[static_cast<std::size_t>(row)].name]);
  if (column == Name) return name(row);
  const DurationStatistics& d = durations(row);
  if (column == Count)
    return role == kSortRole ? QVariant::fromValue<qulonglong>(d.count)
                             : QVariant(format_count(d.count));
  if (column == Share) {
    const double share =
        whole_ > 0 ? 100.0 * static_cast<double>(d.total) / static_cast<double>(whole_) : 0;
    return role == kSortRole ? QVariant(share) : QVariant(format_percent(share));
  }
  const TimeNs time = time_of(d, column);
  if (role == kSortRole) return QVariant::fromValue<qlonglong>(time);
  return role == Qt::ToolTipRole ? format_time_full(time) : format_time(time);
}

QVariant StatisticsModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) return {};
  const std::array<QString, ColumnCount> titles = {tr("Class"), tr("Name"),  tr("Count"),
                                                   tr("Total"), tr("Share"), tr("Mean"),
                                                   tr("Min"),   tr("Max")};
  const std::array<QString, ColumnCount> tips = {tr("Class by the first rule that matches"),
                                                 tr("Name of the spans"),
                                                 tr("Number of spans"),
                                                 tr("Sum of durations; spans that overlap add up"),
                                                 tr("Total / the totals of all rows shown"),
                                                 tr("Total / count"),
                                                 tr("Shortest duration"),
                                                 tr("Longest duration")};
  const auto i = static_cast<std::size_t>(section);
  if (role == Qt::DisplayRole) return titles[i];
  return role == Qt::ToolTipRole ? QVariant(tips[i]) : QVariant();
}

void StatisticsOrder::setShown(Shown shown) {
  if (shown == shown_) return;
  shown_ = shown;
  invalidateFilter();
}

bool StatisticsOrder::filterAcceptsRow(int row, const QModelIndex& parent) const {
  if (shown_ == Shown::All) return true;
  const bool host = sourceModel()->index(row, 0, parent).data(StatisticsModel::kHostRole).toBool();
  return host == (shown_ == Shown::Host);
}

}  // namespace moescope
