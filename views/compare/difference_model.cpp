#include "views/compare/difference_model.h"

#include <QApplication>
#include <array>
#include <cmath>
#include <limits>

#include "core/analysis/compare/figure_words.h"
#include "views/common/units.h"
#include "views/common/verdict_color.h"

namespace moescope {
namespace {

/// With its sign in front, for differences.
QString with_sign(const QString& text, double value) {
  return value > 0 ? QLatin1Char('+') + text : text;
}

/// Red is worse: more time, less even loads, less of the communication hidden. What is neither
/// better nor worse keeps the colour of text.
QVariant color_of(const Difference& row) {
  const Theme& theme = Theme::of(QApplication::palette());
  const bool uneven = row.figure.find("imbalance") != std::string::npos;
  const bool hidden = row.figure == "overlap_pct";
  const Change worse = uneven ? Change::More : hidden ? Change::Less : Change::Slower;
  const Change better = uneven ? Change::Less : hidden ? Change::More : Change::Faster;
  if (row.change == worse) return QVariant::fromValue(worse_color(theme));
  if (row.change == better) return QVariant::fromValue(better_color(theme));
  return {};
}

QString text_of(const Difference& row, int column) {
  switch (column) {
    case DifferenceModel::Scope:
      return difference_scope(row);
    case DifferenceModel::Of:
      return difference_subject(row);
    case DifferenceModel::Figure:
      return difference_figure(row);
    case DifferenceModel::A:
      return difference_value(row.a, row.unit);
    case DifferenceModel::B:
      return difference_value(row.b, row.unit);
    case DifferenceModel::Delta:
      return with_sign(difference_value(row.delta(), row.unit), row.delta());
    case DifferenceModel::Percent:
      return row.delta_percent()
                 ? with_sign(format_percent(*row.delta_percent()), *row.delta_percent())
                 : QStringLiteral("–");
    case DifferenceModel::Noise:
      return row.noise ? QStringLiteral("±") + difference_value(row.noise, row.unit)
                       : QStringLiteral("–");
    default:
      return difference_verdict(row.change);
  }
}

/// All digits of a time; other units are shown whole.
QVariant full_value(const std::optional<double>& value, FigureUnit unit) {
  if (!value || (unit != FigureUnit::Ns && unit != FigureUnit::SmNs)) return {};
  const QString text = format_time_full(std::llround(*value));
  return unit == FigureUnit::Ns ? text : QString(text).replace(" ns", QStringLiteral(" SM·ns"));
}

/// Names and numbers as they stand in CSV.
QVariant tip_of(const Difference& row, int column) {
  switch (column) {
    case DifferenceModel::Of:
      return QString::fromStdString(row.key);
    case DifferenceModel::Figure:
      return DifferenceModel::tr("%1 in CSV").arg(QString::fromStdString(row.figure));
    case DifferenceModel::A:
      return full_value(row.a, row.unit);
    case DifferenceModel::B:
      return full_value(row.b, row.unit);
    case DifferenceModel::Delta:
      return full_value(row.delta(), row.unit);
    default:
      return {};
  }
}

QVariant sortable(const Difference& row, int column) {
  switch (column) {
    case DifferenceModel::A:
      return row.a.value_or(0);
    case DifferenceModel::B:
      return row.b.value_or(0);
    case DifferenceModel::Delta:
      return std::abs(row.delta());
    case DifferenceModel::Percent:
      return std::abs(row.delta_percent().value_or(std::numeric_limits<double>::infinity()));
    case DifferenceModel::Noise:
      return row.noise.value_or(0);
    default:
      return text_of(row, column);
  }
}

}  // namespace

QString difference_scope(const Difference& row) {
  return QString::fromStdString(row.scope).replace('_', ' ');
}

QString difference_subject(const Difference& row) {
  if (!row.key.empty() || !row.label.empty()) return QString::fromStdString(row.label);
  if (row.scope == "loads") return DifferenceModel::tr("all layers");
  return row.scope == "plan" ? DifferenceModel::tr("whole plan")
                             : DifferenceModel::tr("all devices");
}

QString difference_figure(const Difference& row) {
  return QString::fromStdString(figure_words(row.figure));
}

QString difference_verdict(Change change) {
  switch (change) {
    case Change::Same:
      return DifferenceModel::tr("same");
    case Change::New:
      return DifferenceModel::tr("new");
    case Change::Gone:
      return DifferenceModel::tr("gone");
    case Change::Slower:
      return DifferenceModel::tr("longer");
    case Change::Faster:
      return DifferenceModel::tr("shorter");
    case Change::More:
      return DifferenceModel::tr("more");
    case Change::Less:
      return DifferenceModel::tr("less");
  }
  return {};
}

QString difference_value(const std::optional<double>& value, FigureUnit unit) {
  if (!value) return QStringLiteral("–");
  switch (unit) {
    case FigureUnit::Ns:
      return format_time(std::llround(*value));
    case FigureUnit::Percent:
      return format_percent(*value);
    case FigureUnit::SmNs:
      return format_time(std::llround(*value)).replace(QLatin1Char(' '), QStringLiteral(" SM·"));
    case FigureUnit::Count:
      return QString(*value < 0 ? "-" : "") +
             format_count(static_cast<quint64>(std::llround(std::abs(*value))));
    case FigureUnit::Ratio:
      return QString::number(*value, 'f', 3);
  }
  return {};
}

void DifferenceModel::setComparison(ComparisonPtr comparison) {
  beginResetModel();
  comparison_ = std::move(comparison);
  endResetModel();
}

int DifferenceModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() || !comparison_ ? 0 : static_cast<int>(comparison_->differences.size());
}

int DifferenceModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : ColumnCount;
}

QVariant DifferenceModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const Difference& row = this->row(index.row());
  const int column = index.column();
  if (role == Qt::TextAlignmentRole && column >= A && column <= Noise)
    return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
  if (role == kSortRole) return sortable(row, column);
  if (role == kScopeRole) return QString::fromStdString(row.scope);
  if (role == kSignificantRole) return row.significant;
  if (role == Qt::DisplayRole) return text_of(row, column);
  if (role == Qt::ForegroundRole && column >= Delta) return color_of(row);
  return role == Qt::ToolTipRole ? tip_of(row, column) : QVariant();
}

QVariant DifferenceModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) return {};
  const std::array<QString, ColumnCount> titles = {tr("Scope"), tr("Of"),    tr("Figure"),
                                                   tr("A"),     tr("B"),     tr("Difference"),
                                                   tr("%"),     tr("Noise"), tr("Verdict")};
  const std::array<QString, ColumnCount> tips = {
      tr("What the figure is of"),
      tr("Kernels are matched by name without template arguments"),
      tr("What was counted or measured; the tooltip of a row has its name in CSV"),
      tr("What was before"),
      tr("What is held against it"),
      tr("B - A; red is worse"),
      tr("(B - A) / A"),
      tr("Twice the standard error of what varies from step to step; not known with fewer than "
         "four steps in each trace"),
      tr("Beyond noise and over 1 % of the larger value, or the same")};
  const auto i = static_cast<std::size_t>(section);
  if (role == Qt::DisplayRole) return titles[i];
  return role == Qt::ToolTipRole ? QVariant(tips[i]) : QVariant();
}

void DifferenceFilter::setScope(const QString& scope) {
  scope_ = scope;
  invalidateFilter();
}

void DifferenceFilter::setSignificantOnly(bool only) {
  significant_only_ = only;
  invalidateFilter();
}

bool DifferenceFilter::filterAcceptsRow(int row, const QModelIndex& parent) const {
  const QModelIndex index = sourceModel()->index(row, 0, parent);
  if (!scope_.isEmpty() && index.data(DifferenceModel::kScopeRole).toString() != scope_)
    return false;
  return !significant_only_ || index.data(DifferenceModel::kSignificantRole).toBool() ||
         index.data(DifferenceModel::kScopeRole).toString() == QLatin1String("trace");
}

}  // namespace moescope
