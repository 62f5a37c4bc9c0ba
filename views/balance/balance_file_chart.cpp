#include "views/balance/balance_file_chart.h"

#include <QCoreApplication>

#include "views/balance/log_pictures.h"
#include "views/load/load_file_chart.h"
#include "views/load/load_pictures.h"
#include "views/plot/chart_paint.h"

namespace moescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("BalanceView", text);
}

BalanceContent content_of(const LoadDocument& document, int layer, Progress& progress) {
  BalanceContent content;
  content.layer = layer;
  content.empty_text = load_missing_text(document);
  if (const LoadsPtr& loads = document.loads()) {
    const auto sums = sum_loads(loads, document.windows(), document.reference());
    if (const auto input = balance_input(document, sums))
      content.figures = make_balance_figures(*input, nullptr, progress);
  }
  if (const BalanceLogPtr& log = document.balanceLog())
    if (const auto groups = log_groups(*log); !groups.empty())
      content.log = log_picture(*log, groups.front());
  if (const WaitLogPtr& waits = document.waitLog()) content.waits = wait_picture(*waits, 0);
  return content;
}

}  // namespace

BalanceFileChart::BalanceFileChart(const LoadDocument& document, int layer, Progress& progress)
    : content_(content_of(document, layer, progress)) {}

void BalanceFileChart::paintChart(QPainter& painter, QSize size, const Theme& theme) {
  QRectF area(QPointF(0, 0), QSizeF(size));
  if (content_.figures && !content_.judged.isEmpty()) {
    const QRectF line =
        area.adjusted(8, area.height() - QFontMetricsF(painter.font()).height() - 6, -8, -4);
    painter.setPen(theme.muted_text);
    painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter, content_.judged);
    area.setBottom(line.top());
  }
  if (!content_.figures) {
    if (content_.waits) {
      const HeatLayout layout = heat_layout(QFontMetricsF(painter.font()), area, *content_.waits);
      paint_heat_chart(painter, layout, *content_.waits, content_.waits->whole(), theme);
    } else if (content_.log) {
      paint_series_chart(painter, area, *content_.log, theme);
    } else {
      paint_empty_text(painter, area, content_.empty_text, theme);
    }
    return;
  }
  const BalanceFigures& figures = *content_.figures;
  const qreal half = area.height() / 2;
  paint_series_chart(painter, area.adjusted(0, 0, 0, -half),
                     *layer_picture(figures, content_.metric), theme);
  const QRectF below = area.adjusted(0, half, 0, 0);
  paint_series_chart(painter, below.adjusted(0, 0, -below.width() / 2, 0),
                     *gpu_picture(figures, content_.layer), theme);
  const SeriesPicturePtr over_time = time_picture(figures, content_.layer);
  paint_series_chart(painter, below.adjusted(below.width() / 2, 0, 0, 0),
                     over_time->places > 1 ? *over_time : *curve_picture(figures), theme);
}

QString BalanceFileChart::csv() const {
  QString text;
  if (content_.figures) {
    const LoadSums& sums = *content_.figures->input.sums;
    QStringList of{load_scope_text(*sums.loads, sums.windows), content_.judged};
    of.removeAll(QString());
    QString last = tr("windows");
    for (const QStringList& row : balance_rows(*content_.figures)) {
      text += row.join(QLatin1Char(',')) + QLatin1Char(',') + last + QLatin1Char('\n');
      last = csv_field(of.join(QStringLiteral(". ")));
    }
    return text;
  }
  if (content_.log) return series_table(*content_.log, QLatin1Char(','));
  if (content_.waits) return heat_text(*content_.waits, QLatin1Char(','));
  return text;
}

QString BalanceFileChart::summary() const {
  if (content_.figures)
    return balance_summary(*content_.figures) + QLatin1Char('\n') +
           series_summary(*layer_picture(*content_.figures, content_.metric));
  if (content_.waits) return heat_summary(*content_.waits);
  return content_.log ? series_summary(*content_.log) : content_.empty_text;
}

ReportTable BalanceFileChart::reportTable() const {
  const BalanceFiguresPtr& figures = content_.figures;
  ReportTable table{tr("Balance of expert loads"), {}, {}, {}};
  if (!figures) return table;
  const LoadSet& loads = *figures->input.sums->loads;
  table.notes << tr("%1 (%2), %3")
                     .arg(QString::fromStdString(loads.source),
                          QString::fromStdString(loads.format),
                          QString::fromStdString(describe(figures->input.now)))
              << balance_summary(*figures);
  if (!content_.judged.isEmpty()) table.notes << content_.judged;
  for (const std::string& note : loads.notes) table.notes << QString::fromStdString(note);
  table.rows = balance_rows(*figures);
  table.header = table.rows.front();
  table.rows.erase(table.rows.begin());
  return table;
}

}  // namespace moescope
