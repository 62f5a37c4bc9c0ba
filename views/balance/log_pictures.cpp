#include "views/balance/log_pictures.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "views/load/number_text.h"

namespace moescope {
namespace {

using Index = std::size_t;

QString tr(const char* text) {
  return QCoreApplication::translate("BalanceLog", text);
}

/// Each value divided by the mean of the whole matrix.
LoadMatrix over_matrix_mean(const LoadMatrix& waits) {
  double sum = 0, count = 0;
  for (const double value : waits.values)
    if (!std::isnan(value)) sum += value, ++count;
  LoadMatrix m = waits;
  for (double& value : m.values)
    value = sum > 0 ? value * count / sum : std::numeric_limits<double>::quiet_NaN();
  return m;
}

}  // namespace

std::vector<LogGroup> log_groups(const BalanceLog& log) {
  std::vector<LogGroup> groups;
  for (const BalanceSeries& series : log.series) {
    auto found = std::find_if(groups.begin(), groups.end(), [&](const LogGroup& group) {
      return group.engine == series.engine && group.measure == series.measure;
    });
    if (found == groups.end()) found = groups.insert(found, {series.engine, series.measure, {}});
    found->series.push_back(&series);
  }
  return groups;
}

SeriesPicturePtr log_picture(const BalanceLog& log, const LogGroup& group) {
  auto picture = std::make_shared<SeriesPicture>();
  std::map<std::int64_t, std::int64_t> step_of_line;
  for (const BalanceSeries* series : group.series)
    for (const LoggedBalance& point : series->points) step_of_line[point.line] = point.step;
  std::vector<std::int64_t> lines, steps;
  for (const auto& [line, step] : step_of_line) {
    lines.push_back(line);
    steps.push_back(step);
  }
  const auto place_of = [&lines](std::int64_t line) {
    return static_cast<Index>(std::lower_bound(lines.begin(), lines.end(), line) - lines.begin());
  };
  picture->title = tr("Balance as %1 logged it").arg(QString::fromStdString(group.engine));
  picture->note = QString::fromStdString(group.measure);
  picture->x_name = tr("Step");
  picture->y_name = group.series.front()->higher_is_better ? tr("mean / max") : tr("max / mean");
  picture->base = group.series.front()->higher_is_better ? 0 : 1;
  picture->places = static_cast<int>(lines.size());
  picture->x_label = [steps](int place) {
    return QString::number(steps[static_cast<Index>(place)]);
  };
  constexpr ChartSeries::Role roles[] = {ChartSeries::Role::Now, ChartSeries::Role::Worst,
                                         ChartSeries::Role::Selected, ChartSeries::Role::Extra};
  for (Index i = 0; i < group.series.size(); ++i) {
    ChartSeries drawn{QString::fromStdString(group.series[i]->name),
                      ChartSeries::Style::Line,
                      roles[i % std::size(roles)],
                      {}};
    drawn.values.assign(lines.size(), std::numeric_limits<double>::quiet_NaN());
    for (const LoggedBalance& point : group.series[i]->points)
      drawn.values[place_of(point.line)] = point.value;
    picture->series.push_back(std::move(drawn));
  }
  for (const BalanceEvent& event : log.events) {
    const auto place = std::min(place_of(event.line), lines.size() - 1);
    picture->events.push_back({static_cast<int>(place), QString::fromStdString(event.text)});
  }
  return picture;
}

HeatPicturePtr wait_picture(const WaitLog& log, int index) {
  const WaitMatrix& matrix = log.matrices[static_cast<Index>(index)];
  auto picture = std::make_shared<HeatPicture>();
  picture->values = over_matrix_mean(matrix.values);
  picture->title = tr("Waiting between ranks");
  picture->note = tr("%1; outlined: rows and columns over %2 x, cells over %3 x the mean")
                      .arg(QString::fromStdString(matrix.time))
                      .arg(kSlowLine)
                      .arg(kSlowCell);
  picture->value_name = tr("Wait / mean of the matrix");
  const auto rank = [](int i) { return QString::number(i); };
  picture->rows = {tr("Rank that waits"), rank};
  picture->columns = {tr("Rank waited for"), rank};
  for (const SlowPart& part : slow_parts(matrix.values))
    picture->marks.push_back({part.waiting, part.awaited});
  finish_heat_picture(*picture, HeatScale::Relative);
  return picture;
}

QStringList slow_texts(const WaitMatrix& matrix) {
  QStringList texts;
  for (const SlowPart& part : slow_parts(matrix.values)) {
    const QString name = QString::fromLatin1(to_string(part.kind).data());
    const QString times = number_text(part.times_mean, 1);
    switch (part.kind) {
      case SlowPart::Kind::CompSlow:
        texts << tr("%1: all wait for rank %2, %3 x the mean (it sends late)")
                     .arg(name)
                     .arg(part.awaited)
                     .arg(times);
        break;
      case SlowPart::Kind::MixedSlow:
        texts << tr("%1: rank %2 waits for all, %3 x the mean (it is early, or hot experts congest "
                    "it)")
                     .arg(name)
                     .arg(part.waiting)
                     .arg(times);
        break;
      case SlowPart::Kind::CommSlow:
        texts << tr("%1: rank %2 waits for rank %3, %4 x the mean (the path between them)")
                     .arg(name)
                     .arg(part.waiting)
                     .arg(part.awaited)
                     .arg(times);
        break;
    }
  }
  return texts;
}

QString wait_cell_text(const WaitMatrix& matrix, int row, int column) {
  const double value = matrix.values.at(row, column);
  if (std::isnan(value)) return tr("rank %1 printed no waits").arg(row);
  return tr("rank %1 waits for rank %2: %3 (sum over warps, no wall time), %4 x mean")
      .arg(row)
      .arg(column)
      .arg(number_text(value, 0), number_text(over_matrix_mean(matrix.values).at(row, column), 2));
}

}  // namespace moescope
