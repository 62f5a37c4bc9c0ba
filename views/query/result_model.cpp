#include "views/query/result_model.h"

#include <algorithm>

#include "views/common/units.h"

namespace moescope {
namespace {

constexpr std::int64_t kPositionBits = 32;  // spans.span = track * 2^32 + position in the track

QString shown(const QueryValue& value) {
  if (const auto* real = std::get_if<double>(&value)) return QString::number(*real, 'g', 6);
  const std::string text = to_text(value);
  return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size())).simplified();
}

QVariant sortable(const QueryValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value))
    return QVariant::fromValue<qlonglong>(*integer);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return QString::fromStdString(to_text(value));
}

}  // namespace

void ResultModel::setResult(QueryResult result) {
  beginResetModel();
  result_ = std::move(result);
  endResetModel();
}

std::optional<std::int64_t> ResultModel::number(int row, const char* column) const {
  const auto it = std::find(result_.columns.begin(), result_.columns.end(), column);
  if (it == result_.columns.end()) return std::nullopt;
  const auto& value = result_.rows[static_cast<std::size_t>(row)]
                                  [static_cast<std::size_t>(it - result_.columns.begin())];
  const auto* integer = std::get_if<std::int64_t>(&value);
  return integer != nullptr ? std::optional(*integer) : std::nullopt;
}

SpanRef ResultModel::span(int row) const {
  const auto id = number(row, "span");
  if (!id || *id < 0) return {};
  return {static_cast<TrackId>(*id >> kPositionBits), static_cast<std::uint32_t>(*id)};
}

TimeRange ResultModel::time(int row) const {
  const auto begin = number(row, "start"), end = number(row, "end");
  if (!begin) return {};
  return {*begin, end.value_or(*begin + 1)};
}

int ResultModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(result_.rows.size());
}

int ResultModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(result_.columns.size());
}

QVariant ResultModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const QueryValue& value =
      result_.rows[static_cast<std::size_t>(index.row())][static_cast<std::size_t>(index.column())];
  const bool text = std::holds_alternative<std::string>(value);
  if (role == Qt::TextAlignmentRole && !text)
    return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
  if (role == kSortRole) return sortable(value);
  if (role == Qt::DisplayRole) return shown(value);
  if (role == Qt::ToolTipRole) return QString::fromStdString(to_text(value)).left(2000);
  return {};
}

QVariant ResultModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (role != Qt::DisplayRole) return {};
  if (orientation == Qt::Vertical) return section + 1;
  return QString::fromStdString(result_.columns[static_cast<std::size_t>(section)]);
}

}  // namespace moescope
