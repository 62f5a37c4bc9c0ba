#include "views/plot/chart_paint.h"

#include <QPaintEngine>
#include <algorithm>
#include <cmath>

#include "core/analysis/spans/gpu_work.h"
#include "core/plain_text.h"
#include "views/plot/axis/time_ticks.h"

namespace moescope {
namespace {

constexpr qreal kHatchSpacing = 7;

/// 45 degree lines over `rect`, cut to it by hand: SVG output has no clipping.
void paint_diagonals(QPainter& painter, const QRectF& rect) {
  for (qreal offset = kHatchSpacing; offset < rect.width() + rect.height();
       offset += kHatchSpacing) {
    const qreal from = std::min(offset, rect.height());
    const qreal to = std::min(offset, rect.width());
    painter.drawLine(QPointF(rect.left() + offset - from, rect.top() + from),
                     QPointF(rect.left() + to, rect.top() + offset - to));
  }
}

void paint_dots(QPainter& painter, const QRectF& rect, const QColor& color) {
  for (qreal y = rect.top() + 3; y + 1 < rect.bottom(); y += 6) {
    for (qreal x = rect.left() + 3; x + 1 < rect.right(); x += 6) {
      painter.fillRect(QRectF(x, y, 1.5, 1.5), color);
    }
  }
}

constexpr qreal kSwatch = 14;

/// Where each entry begins, from the top left, and the height of all.
struct LegendPlaces {
  std::vector<QPointF> begin;
  qreal line = 0, height = 0;
};

LegendPlaces legend_places(const QFontMetricsF& metrics, qreal width,
                           const std::vector<LegendEntry>& entries) {
  LegendPlaces places;
  places.line = metrics.height() + 4;
  QPointF at;
  for (const LegendEntry& entry : entries) {
    const qreal needed = kSwatch + 5 + metrics.horizontalAdvance(entry.text);
    if (at.x() > 0 && at.x() + needed > width) at = {0, at.y() + places.line};
    places.begin.push_back(at);
    at.rx() += needed + 14;
  }
  places.height = entries.empty() ? 0 : at.y() + places.line;
  return places;
}

}  // namespace

void paint_filled(QPainter& painter, const QRectF& rect, const QColor& color, Cue cue,
                  const Theme& theme) {
  painter.save();
  painter.fillRect(rect, color);
  const QColor mark = Theme::text_on(color);
  if (cue == Cue::Diagonal) {
    QColor line = mark;
    line.setAlphaF(0.55F);
    painter.setPen(QPen(line, 1));
    paint_diagonals(painter, rect);
  } else if (cue == Cue::Missing) {
    QColor veil = theme.alternate, line = theme.text;
    veil.setAlphaF(0.6F);
    line.setAlphaF(0.5F);
    painter.fillRect(rect, veil);
    // A pattern is much faster than lines, but only pictures of pixels have it.
    if (painter.paintEngine()->type() == QPaintEngine::Raster) {
      painter.fillRect(rect, QBrush(line, Qt::DiagCrossPattern));
    } else {
      painter.setPen(QPen(line, 1));
      paint_diagonals(painter, rect);
      painter.translate(rect.left() + rect.right(), 0);
      painter.scale(-1, 1);  // the same lines leaning the other way
      paint_diagonals(painter, rect);
    }
  } else if (cue == Cue::Dots) {
    paint_dots(painter, rect, mark);
  } else if (cue == Cue::Outline && rect.width() > 2) {
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(theme.text, 2));
    painter.drawRect(rect.adjusted(1, 1, -1, -1));
  }
  painter.restore();
}

void paint_title(QPainter& painter, const QRectF& line, const QString& title, const QString& aside,
                 const Theme& theme) {
  const QFont normal = painter.font();
  QFont bold = normal;
  bold.setBold(true);
  painter.setPen(theme.muted_text);
  painter.drawText(line, Qt::AlignRight | Qt::AlignTop, aside);
  const qreal taken = aside.isEmpty() ? 0 : QFontMetricsF(normal).horizontalAdvance(aside) + 12;
  painter.setFont(bold);
  painter.setPen(theme.text);
  painter.drawText(
      line, Qt::AlignLeft | Qt::AlignTop,
      QFontMetricsF(bold).elidedText(title, Qt::ElideRight, std::max(0.0, line.width() - taken)));
  painter.setFont(normal);
}

qreal paint_heading(QPainter& painter, const QRectF& area, const QString& title,
                    const QString& note, const Theme& theme) {
  paint_title(painter, area, title, {}, theme);
  const QFontMetricsF metrics(painter.font());
  const qreal below = metrics.height() + 2;
  if (note.isEmpty()) return below;
  painter.setPen(theme.muted_text);
  painter.drawText(area.adjusted(0, below, 0, 0), Qt::AlignLeft | Qt::AlignTop,
                   metrics.elidedText(note, Qt::ElideRight, area.width()));
  return below + metrics.height();
}

qreal legend_height(const QFontMetricsF& metrics, qreal width,
                    const std::vector<LegendEntry>& entries) {
  return legend_places(metrics, width, entries).height;
}

qreal paint_legend(QPainter& painter, const QRectF& area, const std::vector<LegendEntry>& entries,
                   const Theme& theme) {
  const QFontMetricsF metrics(painter.font());
  const LegendPlaces places = legend_places(metrics, area.width(), entries);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const LegendEntry& entry = entries[i];
    const QPointF at = area.topLeft() + places.begin[i];
    const QRectF box(at.x(), at.y() + (places.line - 12) / 2, kSwatch, 12);
    paint_filled(painter, box, entry.color, entry.cue, theme);
    painter.setPen(QPen(theme.muted_text, 0.5));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(box);
    painter.setPen(theme.text);
    painter.drawText(QRectF(at.x() + kSwatch + 5, at.y(), area.width(), places.line),
                     Qt::AlignLeft | Qt::AlignVCenter, entry.text);
  }
  return places.height;
}

double nice_step(double length, int count) {
  const double raw = std::max(length, 1e-9) / std::max(count, 1);
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= raw * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

QString device_label(const Trace& trace, const DeviceKey& key) {
  QString text;
  if (key.process < trace.processes().size()) {
    text = QString::fromStdString(trace.processes()[key.process].label) + " > ";
  }
  text += QString::fromStdString(device_word(trace, key));
  const Device* device = find_device(trace, key);
  if (device != nullptr && !device->name.empty()) {
    text += " (" + QString::fromStdString(device->name) + ")";
  }
  return text;
}

QString csv_field(const QString& text) {
  return QString::fromStdString(csv_text_field(text.toStdString()));
}

QString csv_scope(TimeRange shown, TimeRange whole) {
  return shown.begin <= whole.begin && shown.end >= whole.end ? QStringLiteral("whole trace")
                                                              : QStringLiteral("part of the trace");
}

QString csv_scope_line(TimeRange shown, TimeRange whole) {
  return QStringLiteral("# scope: %1, %2 to %3 ns\n")
      .arg(csv_scope(shown, whole))
      .arg(shown.begin)
      .arg(std::min(shown.end, whole.end));
}

QString tsv_field(QString text) {
  text = QString::fromStdString(spreadsheet_text(text.toStdString()));
  return text.replace('\t', ' ').replace('\n', ' ').replace('\r', ' ');
}

QString table_field(const QString& text, QChar separator) {
  return separator == QLatin1Char(',') ? csv_field(text) : tsv_field(text);
}

}  // namespace moescope
