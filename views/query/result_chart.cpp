#include "views/query/result_chart.h"

#include <optional>

#include "views/common/theme.h"

namespace moescope {
namespace {

constexpr std::size_t kMostBars = 40;

std::optional<double> number_of(const QueryValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return std::nullopt;
}

/// The first column after the first whose values are numbers.
std::optional<std::size_t> value_column(const QueryResult& result) {
  for (std::size_t column = 1; column < result.columns.size(); ++column) {
    bool numbers = !result.rows.empty();
    for (const auto& row : result.rows) numbers = numbers && number_of(row[column]).has_value();
    if (numbers) return column;
  }
  return std::nullopt;
}

QString label_of(const QueryValue& value) {
  constexpr qsizetype kLongest = 24;
  const QString text = QString::fromStdString(to_text(value));
  return text.size() <= kLongest ? text : text.left(kLongest - 1) + QChar(0x2026);
}

}  // namespace

ResultChart::ResultChart(QWidget* parent) : QCustomPlot(parent) {
  setObjectName("queryChart");
  setAccessibleName(tr("Chart of the result"));
  setInteractions({QCP::iRangeDrag, QCP::iRangeZoom});
}

bool ResultChart::draw(const QueryResult& result) {
  clearPlottables();
  const auto column = value_column(result);
  if (!column) return false;
  const bool ordered = std::all_of(result.rows.begin(), result.rows.end(),
                                   [](const auto& row) { return number_of(row[0]).has_value(); });
  xAxis->setLabel(QString::fromStdString(result.columns[0]));
  yAxis->setLabel(QString::fromStdString(result.columns[*column]));
  if (ordered) {
    QCPGraph* graph = addGraph();
    for (const auto& row : result.rows)
      graph->addData(*number_of(row[0]), *number_of(row[*column]));
    xAxis->setTicker(QSharedPointer<QCPAxisTicker>(new QCPAxisTicker));
    xAxis->setTickLabelRotation(0);
  } else {
    auto* bars = new QCPBars(xAxis, yAxis);
    const QSharedPointer<QCPAxisTickerText> names(new QCPAxisTickerText);
    for (std::size_t i = 0; i < std::min(result.rows.size(), kMostBars); ++i) {
      bars->addData(static_cast<double>(i), *number_of(result.rows[i][*column]));
      names->addTick(static_cast<double>(i), label_of(result.rows[i][0]));
    }
    xAxis->setTicker(names);
    xAxis->setTickLabelRotation(40);
  }
  rescaleAxes();
  if (yAxis->range().lower > 0) yAxis->setRangeLower(0);
  applyTheme();
  return true;
}

void ResultChart::applyTheme() {
  const Theme& theme = Theme::of(palette());
  setBackground(theme.background);
  for (QCPAxis* axis : {xAxis, yAxis}) {
    axis->setBasePen(QPen(theme.muted_text));
    axis->setTickPen(QPen(theme.muted_text));
    axis->setSubTickPen(QPen(theme.grid));
    axis->setTickLabelColor(theme.text);
    axis->setLabelColor(theme.text);
    axis->grid()->setPen(QPen(theme.grid));
    axis->setTickLabelFont(font());
    axis->setLabelFont(font());
  }
  for (int i = 0; i < plottableCount(); ++i) {
    plottable(i)->setPen(QPen(theme.color(SpanClass::Attention), 1.5));
    if (qobject_cast<QCPBars*>(plottable(i)) != nullptr)
      plottable(i)->setBrush(theme.color(SpanClass::Attention));
  }
  replot(QCustomPlot::rpQueuedReplot);
}

void ResultChart::changeEvent(QEvent* event) {
  QCustomPlot::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) applyTheme();
}

}  // namespace moescope
