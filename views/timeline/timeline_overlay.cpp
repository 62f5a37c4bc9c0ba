#include "views/timeline/timeline_overlay.h"

#include <QPainterPath>
#include <algorithm>
#include <cmath>

#include "views/common/units.h"
#include "views/plot/crosshair.h"
#include "views/timeline/loss_marks.h"
#include "views/workspace/documents/notes_model.h"

namespace moescope {

TimelineOverlay::TimelineOverlay(TimelineScene& scene, TimelineInteraction& interaction)
    : scene_(scene), interaction_(interaction), theme_(Theme::light()) {}

void TimelineOverlay::paint(QPainter& painter) {
  painter.save();
  painter.translate(area_.topLeft());
  if (!scene_.hasTrace() || scene_.layout().placed().empty()) {
    drawEmptyState(painter);
    painter.restore();
    return;
  }
  const QRect lanes(QPoint(0, 0), area_.size());
  painter.save();
  painter.setClipRect(lanes, Qt::IntersectClip);
  paint_losses(painter, *scene_.trace(), scene_.layout(), scene_.map(), theme_);
  drawMarkedRow(painter);
  if (const auto& area = interaction_.draggedArea())
    drawArea(painter, *area);
  else if (scene_.selection().area())
    drawArea(painter, *scene_.selection().area());
  const TimeAxis axis = scene_.axis();
  if (const auto& zoom = interaction_.draggedZoom()) paint_zoom_range(painter, axis, *zoom, theme_);
  drawFlow(painter);
  drawTokenFlow(painter);
  drawSelection(painter);
  drawMeasure(painter);
  painter.restore();
  drawNotes(painter);
  // The plate lies on the axis; without one at the top of the lanes.
  const double plate = area_.top() > 0 ? -area_.top() / 2.0 : painter.fontMetrics().height() * 0.6;
  paint_crosshair(painter, axis, scene_.selection().cursor(), plate, theme_);
  if (const int pinned = scene_.layout().pinnedHeight(); pinned > 0) {
    painter.setPen(QPen(theme_.muted_text, 1));
    painter.drawLine(QLineF(0, pinned, area_.width(), pinned));
  }
  painter.restore();
}

void TimelineOverlay::drawEmptyState(QPainter& painter) {
  QString text;
  if (!scene_.trace())
    text =
        tr("No trace is open.\nOpen or drop a PyTorch profiler or Nsight Systems file to see "
           "its timeline.");
  else if (!scene_.hasTrace())
    text = tr("This trace has no spans, so there is nothing to draw.");
  else if (scene_.selection().processFilter())
    text = tr("The rank filter leaves no rows. Choose all ranks to see them again.");
  else
    text = tr("All rows are hidden. Use \"Show all rows\" to bring them back.");
  painter.setPen(theme_.muted_text);
  painter.drawText(QRect(QPoint(0, 0), area_.size()), Qt::AlignCenter | Qt::TextWordWrap, text);
}

void TimelineOverlay::drawPlate(QPainter& painter, QPointF centre, const QString& text,
                                const QColor& color) {
  paint_plate(painter, centre, text, color, 0, area_.width());
}

void TimelineOverlay::drawArea(QPainter& painter, const AreaSelection& area) {
  const PixelMap map = scene_.map();
  const double limit = map.width() + 10.0;
  const double x0 = std::clamp(map.x(area.range.begin), -10.0, limit);
  const double x1 = std::clamp(map.x(area.range.end), -10.0, limit);
  QColor fill = theme_.selection;
  fill.setAlpha(50);
  const auto& layout = scene_.layout();
  double bottom = 0;  // of the rows
  for (const auto& placed : layout.placed()) {
    bottom = std::max(bottom, static_cast<double>(placed.y + placed.height));
    const auto& key = placed.row->key;
    const bool in = area.tracks.empty() ||
                    (key.kind == RowKind::Track && std::find(area.tracks.begin(), area.tracks.end(),
                                                             key.track) != area.tracks.end());
    if (!in) continue;
    const double top = layout.top(placed);
    painter.fillRect(QRectF(x0, top, x1 - x0, placed.y + placed.height - top), fill);
  }
  painter.setPen(QPen(theme_.selection, 1));
  painter.drawLine(QPointF(x0, 0), QPointF(x0, area_.height()));
  painter.drawLine(QPointF(x1, 0), QPointF(x1, area_.height()));
  if (x1 < 0 || x0 > map.width()) return;  // out of sight, and so is its length
  const double middle = (std::max(x0, 0.0) + std::min<double>(x1, map.width())) / 2;
  drawPlate(painter, {middle, std::min(bottom + 12, area_.height() - 14.0)},
            format_time(area.range.length()), theme_.selection);
}

void TimelineOverlay::drawMarkedRow(QPainter& painter) {
  if (!marked_row_) return;
  const auto* placed = scene_.layout().find(*marked_row_);
  if (!placed) return;
  painter.setPen(QPen(theme_.selection, 2));
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(QRectF(-2, placed->y, area_.width() + 4, placed->height));
}

void TimelineOverlay::drawSpan(QPainter& painter, SpanRef ref, const QColor& color, double width) {
  const auto span = scene_.span(ref);
  if (!span) return;
  const QRectF rect = scene_.rectOf(*span, ref.track);
  if (rect.isEmpty()) return;
  const auto* placed = scene_.layout().rowOf(ref.track);
  painter.save();
  if (!placed->pinned)
    painter.setClipRect(QRectF(0, scene_.layout().pinnedHeight(), area_.width(), area_.height()),
                        Qt::IntersectClip);
  QPen pen(color, width);
  pen.setJoinStyle(Qt::MiterJoin);
  painter.setPen(pen);
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(rect.adjusted(0, 0, -1, -1));
  painter.restore();
}

void TimelineOverlay::drawSelection(QPainter& painter) {
  const auto& selection = scene_.selection();
  if (selection.hovered().valid()) drawSpan(painter, selection.hovered(), theme_.cursor, 1);
  for (const auto& ref : selection.selectedSpans()) drawSpan(painter, ref, theme_.selection, 2);
}

namespace {

constexpr double kFlagWidth = 9, kFlagHeight = 12;
constexpr double kFlagTop = -13;  ///< on the axis, just above the lanes

/// The notes that a picture of `range` shows.
std::pair<std::size_t, std::size_t> visible_notes(const std::vector<Note>& notes, TimeRange range) {
  const auto first = std::partition_point(
      notes.begin(), notes.end(), [&](const Note& note) { return note.time < range.begin; });
  const auto last = std::partition_point(first, notes.end(),
                                         [&](const Note& note) { return note.time <= range.end; });
  return {static_cast<std::size_t>(first - notes.begin()),
          static_cast<std::size_t>(last - notes.begin())};
}

}  // namespace

void TimelineOverlay::drawNotes(QPainter& painter) {
  const auto& notes = scene_.document().notes().notes();
  const PixelMap map = scene_.map();
  const auto [first, last] = visible_notes(notes, map.range());
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  for (std::size_t i = first; i < last; ++i) {
    const QColor color = note_color(theme_, QString::fromStdString(notes[i].color));
    const double x = std::floor(map.x(notes[i].time)) + 0.5;
    const auto* placed = notes[i].track ? scene_.layout().rowOf(*notes[i].track) : nullptr;
    // A note of one row ends there; others cross all rows.
    const double bottom = placed ? placed->y + placed->height : area_.height();
    QColor line = color;
    line.setAlpha(150);
    painter.setPen(QPen(line, 1, Qt::DashLine));
    painter.drawLine(QPointF(x, kFlagTop), QPointF(x, bottom));
    painter.setPen(Qt::NoPen);
    painter.setBrush(color);
    painter.drawPolygon(QPolygonF({{x, kFlagTop},
                                   {x + kFlagWidth, kFlagTop + kFlagHeight / 3},
                                   {x, kFlagTop + kFlagHeight * 2 / 3}}));
    if (placed) painter.drawEllipse(QPointF(x, bottom - placed->height / 2.0), 3, 3);
    const double next =
        i + 1 < last ? std::floor(map.x(notes[i + 1].time)) : static_cast<double>(area_.width());
    drawNoteText(
        painter, QString::fromStdString(notes[i].text), color,
        QPointF(x + 4, placed ? bottom - placed->height / 2.0 : painter.fontMetrics().height()),
        next - x - 8);
  }
  painter.restore();
}

/// As much of it as there is room for before the next note; the flag's tooltip has all.
void TimelineOverlay::drawNoteText(QPainter& painter, const QString& text, const QColor& color,
                                   QPointF left, double room) {
  constexpr double kMost = 220, kLeast = 36;
  const QFontMetricsF metrics(painter.font());
  if (room < kLeast) return;
  const QString shown = metrics.elidedText(text.section(QLatin1Char('\n'), 0, 0), Qt::ElideRight,
                                           std::min(room, kMost) - 8);
  const QRectF plate(left.x(), left.y() - metrics.height() / 2,
                     metrics.horizontalAdvance(shown) + 8, metrics.height());
  painter.setPen(QPen(color, 1));
  painter.setBrush(theme_.background);
  painter.drawRect(plate);
  painter.setPen(theme_.text);
  painter.drawText(plate, Qt::AlignCenter, shown);
  painter.setPen(Qt::NoPen);
}

QString TimelineOverlay::noteAt(QPointF pos) const {
  if (pos.y() < kFlagTop - 2 || pos.y() > 2) return {};
  const auto& notes = scene_.document().notes().notes();
  const PixelMap map = scene_.map();
  const auto [first, last] = visible_notes(notes, map.range());
  QStringList texts;
  for (std::size_t i = first; i < last && texts.size() < 5; ++i) {
    const double x = map.x(notes[i].time);
    if (pos.x() < x - 3 || pos.x() > x + kFlagWidth + 2) continue;
    texts << "<b>" + format_time(notes[i].time) + "</b> (" + format_time_full(notes[i].time) +
                 ")<br>" + QString::fromStdString(notes[i].text).toHtmlEscaped();
  }
  return texts.join("<br>");
}

void TimelineOverlay::drawMeasure(QPainter& painter) {
  const auto& measure = interaction_.measure();
  if (!measure.active()) return;
  const PixelMap map = scene_.map();
  painter.setPen(QPen(theme_.selection, 1, Qt::DashLine));
  const auto line = [&](TimeNs time) {
    const double x = std::floor(map.x(time));
    painter.drawLine(QPointF(x, 0), QPointF(x, area_.height()));
  };
  if (measure.first()) line(*measure.first());
  if (measure.second()) line(*measure.second());
  const double y = std::clamp(interaction_.pointer().y() - 18, 12.0, area_.height() - 12.0);
  if (!measure.distance()) {
    const double x = measure.first() ? map.x(*measure.first()) : area_.width() / 2.0;
    drawPlate(painter, {x, y}, tr("click the first point"), theme_.selection);
    return;
  }
  const double x0 = map.x(*measure.first()), x1 = map.x(*measure.second());
  const double arrow_y = measure.complete() ? area_.height() / 2.0 : y;
  painter.setPen(QPen(theme_.selection, 1));
  painter.drawLine(QPointF(x0, arrow_y), QPointF(x1, arrow_y));
  const TimeNs distance = std::abs(*measure.distance());
  drawPlate(painter, {(x0 + x1) / 2, arrow_y},
            tr("%1 (%2)").arg(format_time(distance), format_time_full(distance)), theme_.selection);
}

void TimelineOverlay::drawFlow(QPainter& painter) {
  const auto& flow = scene_.flow();
  if (flow.overLimit() && scene_.selection().currentSpan().valid()) {
    painter.setPen(theme_.muted_text);
    painter.drawText(QRectF(8, area_.height() - 22.0, area_.width() - 16.0, 18),
                     Qt::AlignLeft | Qt::AlignVCenter,
                     tr("No flow arrows: the trace has more than %1 spans.")
                         .arg(format_count(FlowLinks::kMaxSpans)));
  }
  if (flow.links().empty()) return;
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setClipRect(QRectF(0, 0, area_.width(), area_.height()), Qt::IntersectClip);
  const auto& tokens = scene_.selection().tokenFlow();
  const bool way = tokens && !tokens->hops.empty();  // says more than which ranks take part
  for (const auto& link : flow.links())
    if (!way || link.kind == FlowLink::Kind::Launch) drawLink(painter, link);
  painter.restore();
}

double TimelineOverlay::xOf(TimeNs time) const {
  const PixelMap map = scene_.map();
  const double limit = 4.0 * map.width();
  return std::clamp(map.x(time), -limit, limit);
}

void TimelineOverlay::drawCurve(QPainter& painter, const Arrow& arrow) {
  const double bend = std::clamp(std::abs(arrow.to.x() - arrow.from.x()) / 2, 12.0, 60.0);
  QPainterPath path(arrow.from);
  path.cubicTo(arrow.from + QPointF(bend, 0), arrow.to - QPointF(arrow.arrives * bend, 0),
               arrow.to);
  painter.setBrush(Qt::NoBrush);
  painter.drawPath(path);
}

namespace {

void draw_head(QPainter& painter, QPointF to) {
  painter.setBrush(painter.pen().color());
  painter.setPen(Qt::NoPen);
  painter.drawPolygon(QPolygonF({to, to + QPointF(-7, -4), to + QPointF(-7, 4)}));
}

}  // namespace

void TimelineOverlay::drawLink(QPainter& painter, const FlowLink& link) {
  const auto from_y = scene_.laneMiddle(link.from.span, link.from.ref.track);
  const auto to_y = scene_.laneMiddle(link.to.span, link.to.ref.track);
  if (!from_y || !to_y) return;
  const bool launch = link.kind == FlowLink::Kind::Launch;
  // A launch leads from the end of the call to the start of its work; ranks meet at the end.
  const QPointF from(xOf(link.from.span.end()), *from_y);
  const QPointF to(xOf(launch ? link.to.span.start : link.to.span.end()), *to_y);
  QPen pen(launch ? theme_.text : theme_.selection, 1.5);
  if (!launch) pen.setStyle(Qt::DashLine);
  painter.setPen(pen);
  drawCurve(painter, {from, to, launch ? 1.0 : -1.0});
  if (launch) return draw_head(painter, to);
  painter.setBrush(pen.color());
  painter.setPen(Qt::NoPen);
  painter.drawEllipse(to, 3, 3);
}

void TimelineOverlay::drawTokenFlow(QPainter& painter) {
  const auto& flow = scene_.selection().tokenFlow();
  if (!flow) return;
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  for (const FlowHop& hop : flow->hops) drawHop(painter, hop);
  painter.restore();
}

/// Tokens leave when their dispatch ends, and are back when the combine ends.
void TimelineOverlay::drawHop(QPainter& painter, const FlowHop& hop) {
  const auto from_y = scene_.laneOrRankMiddle(hop.from.span, hop.from.ref.track);
  const auto to_y = scene_.laneOrRankMiddle(hop.to.span, hop.to.ref.track);
  if (!from_y || !to_y) return;
  const QPointF from(xOf(hop.from.span.end()), *from_y);
  const QPointF to(xOf(hop.back ? hop.to.span.end() : hop.to.span.start), *to_y);
  painter.setPen(QPen(theme_.background, 4));
  drawCurve(painter, {from, to, 1});
  painter.setPen(QPen(theme_.color(hop.back ? SpanClass::Combine : SpanClass::Dispatch), 1.8));
  drawCurve(painter, {from, to, 1});
  draw_head(painter, to);
}

}  // namespace moescope
