#include "views/steps/steps_model.h"

#include <QApplication>
#include <QFont>
#include <array>

#include "core/analysis/steps/step_standing.h"
#include "views/common/theme.h"
#include "views/common/units.h"

namespace moescope {

void StepsModel::setSteps(TraceStepsPtr steps) {
  beginResetModel();
  steps_ = std::move(steps);
  outlier_.clear();
  medians_.clear();
  if (steps_) {
    outlier_.resize(steps_->steps.size());
    for (const std::size_t i : steps_->outliers()) outlier_[i] = true;
    for (const StepTimes& times : step_times(*steps_)) medians_[times.phase] = times.p50;
  }
  endResetModel();
}

const TraceStep* StepsModel::step(int row) const {
  if (!steps_ || row < 0 || row >= rowCount()) return nullptr;
  return &steps_->steps[static_cast<std::size_t>(row)];
}

int StepsModel::rowOf(std::uint64_t number) const {
  const auto row = steps_ ? step_of_number(*steps_, number) : std::nullopt;
  return row ? static_cast<int>(*row) : -1;
}

int StepsModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() || !steps_ ? 0 : static_cast<int>(steps_->steps.size());
}

int StepsModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : ColumnCount;
}

/// By how much a step is longer than the median of its phase, %.
double StepsModel::over(const TraceStep& step) const {
  const auto median = static_cast<double>(std::max<TimeNs>(medians_.at(step.phase), 1));
  return 100 * (static_cast<double>(step.range.length()) - median) / median;
}

QVariant StepsModel::number(const TraceStep& step, int column) const {
  switch (column) {
    case Number:
      return QVariant::fromValue<qulonglong>(step.number);
    case Phase:
      return QString::fromStdString(step.phase);
    case Begin:
      return QVariant::fromValue<qlonglong>(step.range.begin);
    case Time:
      return QVariant::fromValue<qlonglong>(step.range.length());
    case Over:
      return over(step);
    case Exposed:
      return QVariant::fromValue<qlonglong>(step.exposed());
    default:
      return step.compute_imbalance().value_or(0);
  }
}

QString StepsModel::text(const TraceStep& step, int column) const {
  switch (column) {
    case Number:
      return QString::number(step.number);
    case Phase:
      return QString::fromStdString(step.phase);
    case Begin:
      return format_time(step.range.begin);
    case Time:
      return format_time(step.range.length());
    case Over:
      return (over(step) > 0 ? QStringLiteral("+") : QString()) + format_percent(over(step));
    case Exposed:
      return format_time(step.exposed());
    default:
      return step.compute_imbalance() ? QString::number(*step.compute_imbalance(), 'f', 2)
                                      : QStringLiteral("–");
  }
}

QVariant StepsModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const TraceStep& step = *this->step(index.row());
  const int column = index.column();
  const bool outlier = outlier_[static_cast<std::size_t>(index.row())];
  if (role == Qt::TextAlignmentRole && column != Phase)
    return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
  if (role == kSortRole) return number(step, column);
  if (role == Qt::DisplayRole) return text(step, column);
  if (role == Qt::ForegroundRole && outlier && (column == Time || column == Over))
    return QVariant::fromValue(Theme::of(QApplication::palette()).ribbon_exposed);
  if (role == Qt::ToolTipRole && outlier && (column == Time || column == Over))
    return tr("An outlier: over three median absolute deviations longer than the median step");
  if (role == Qt::ToolTipRole && (column == Begin || column == Time || column == Exposed))
    return format_time_full(number(step, column).toLongLong());
  return {};
}

QVariant StepsModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) return {};
  const std::array<QString, ColumnCount> titles = {tr("Step"),     tr("Phase"),       tr("Begin"),
                                                   tr("Time"),     tr("Over median"), tr("Exposed"),
                                                   tr("Imbalance")};
  const std::array<QString, ColumnCount> tips = {
      tr("Number, as the source counts"),
      tr("Prefill or decode, where the source says"),
      tr("From the start of the trace"),
      tr("From the first begin to the last end on any device"),
      tr("Time over the median of the steps of this phase"),
      tr("Exposed communication, sum over the devices"),
      tr("Compute of the busiest device over the mean of the devices")};
  const auto i = static_cast<std::size_t>(section);
  if (role == Qt::DisplayRole) return titles[i];
  return role == Qt::ToolTipRole ? QVariant(tips[i]) : QVariant();
}

}  // namespace moescope
