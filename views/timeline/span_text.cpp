#include "views/timeline/span_text.h"

#include <QCoreApplication>
#include <algorithm>

#include "core/analysis/spans/gpu_work.h"
#include "views/common/positions.h"
#include "views/common/units.h"
#include "views/timeline/spans/label_text.h"

namespace moescope {
namespace {

constexpr qsizetype kShortName = 60, kMaxName = 160, kWholeName = 600;

QString tr(const char* text) {
  return QCoreApplication::translate("Timeline", text);
}

QString utf8(std::string_view s) {
  return QString::fromUtf8(s.data(), static_cast<qsizetype>(s.size()));
}

QString elided(QString name, qsizetype most) {
  if (name.size() > most) name = name.left(most - 1) + QChar(0x2026);
  return name;
}

/// "dispatch (waiting)" or "host (CUDA runtime call)"; `with_rule`: "dispatch, rule 4: deep_ep".
QString class_text(TimelineScene& scene, const Span& span, bool with_rule) {
  const auto& analysis = scene.document().analysis();
  if (!analysis || !analysis->classes)
    return tr("%1, not classified yet").arg(QString::fromLatin1(to_string(span.kind)));
  const auto name = analysis->classes->of(span.kind, span.name);
  QString text = class_label(name.span_class, name.waits);
  if (span.kind != SpanKind::Kernel)
    return tr("%1 (%2)").arg(text, QString::fromLatin1(to_string(span.kind)));
  if (!with_rule) return text;
  const auto& rules = analysis->classes->rules().rules;
  if (name.rule < 0 || static_cast<std::size_t>(name.rule) >= rules.size())
    return tr("%1, no rule matched").arg(text);
  const auto& rule = rules[static_cast<std::size_t>(name.rule)];
  return tr("%1, rule %2: %3").arg(text).arg(name.rule + 1).arg(utf8(rule.pattern));
}

QString line(const QString& label, const QString& value) {
  return "<tr><td>" + label.toHtmlEscaped() + "&nbsp;&nbsp;</td><td>" + value.toHtmlEscaped() +
         "</td></tr>";
}

}  // namespace

/// Most of what is asked: how long, what, how much of what is seen. The Inspector has the rest.
QString span_tooltip(TimelineScene& scene, SpanRef ref, const Span& span, bool full) {
  const auto name = scene.trace()->strings()[span.name];
  const QString label = short_name(name);
  const TimeRange visible = scene.selection().range();
  const TimeNs seen =
      std::max<TimeNs>(0, std::min(span.end(), visible.end) - std::max(span.start, visible.begin));
  QString text = QStringLiteral("<b>%1</b> %2<br>%3")
                     .arg(format_time(span.duration), elided(label, kShortName).toHtmlEscaped(),
                          class_text(scene, span, full).toHtmlEscaped());
  if (visible.length() > 0)
    text += tr(", %1 of the visible range")
                .arg(format_percent(100.0 * static_cast<double>(seen) /
                                    static_cast<double>(visible.length())));
  if (!full) {
    text += "<br>" + utf8(scene.trace()->path(ref.track)).toHtmlEscaped();
    const bool cut = label != utf8(name) || label.size() > kShortName;
    return cut ? text + "<br><i>" + tr("Shift shows the full name.") + "</i>" : text;
  }
  return text + "<table>" + line(tr("Name"), elided(utf8(name), kWholeName)) +
         line(tr("Start"),
              tr("%1 (%2)").arg(format_time(span.start), format_time_full(span.start))) +
         line(tr("Duration"), format_time_full(span.duration)) +
         line(tr("Track"), utf8(scene.trace()->path(ref.track))) + "</table>";
}

QString span_summary(TimelineScene& scene, SpanRef ref, const Span& span) {
  return tr("%1, %2, %3 long, at %4, on %5")
      .arg(elided(utf8(scene.trace()->strings()[span.name]), kMaxName),
           class_text(scene, span, true), format_time(span.duration), format_time(span.start),
           utf8(scene.trace()->path(ref.track)));
}

QString timeline_summary(TimelineScene& scene) {
  if (!scene.hasTrace()) return tr("No trace is open.");
  const Trace& trace = *scene.trace();
  const auto& selection = scene.selection();
  QString text =
      tr("%1 of %2, %3, in %4. Visible range %5, whole trace %6.")
          .arg(counted(trace.tracks().size(), tr("stream or thread"), tr("streams and threads")),
               counted(trace.processes().size(), tr("rank"), tr("ranks")),
               counted(trace.span_count(), tr("span"), tr("spans")),
               counted(scene.rows().allRows().size(), tr("row"), tr("rows")),
               format_range(selection.range()), format_range(selection.full()));
  if (const auto& area = selection.area())
    text += QLatin1Char(' ') + tr("Marked: %1.").arg(format_range(area->range));
  const SpanRef current = selection.currentSpan();
  if (const auto span = current.valid() ? scene.span(current) : std::nullopt)
    text += QLatin1Char(' ') + tr("Selected: %1.").arg(span_summary(scene, current, *span));
  if (const auto& flow = selection.tokenFlow(); flow && !flow->hops.empty())
    text += QLatin1Char(' ') + tr("Arrows show the way of its tokens over %1.")
                                   .arg(counted(flow->ranks, tr("rank"), tr("ranks")));
  if (selection.found()) text += QLatin1Char(' ') + tr("Spans that were not found are pale.");
  return text;
}

QString row_tooltip(const TimelineScene& scene, const TimelineRow& row) {
  QString text = "<b>" + row.path.toHtmlEscaped() + "</b>";
  if (row.key.kind == RowKind::Track && scene.trace())
    text += "<br>" + counted(scene.trace()->span_count(row.key.track), tr("span"), tr("spans"));
  if (row.lanes < row.lane_total)
    text +=
        "<br>" + tr("%1 of %2 levels shown; click to show all").arg(row.lanes).arg(row.lane_total);
  if (row.ribbon)
    text += "<br>" + tr("How much of each moment %1 computes, communicates, or both. What hangs "
                        "from the top is exposed: communication with no compute beside it.")
                         .arg(QString::fromStdString(device_text(*scene.trace(), *row.ribbon)));
  return text;
}

QString ribbon_tooltip(const TimelineScene& scene, const TimelineRow& row, TimeNs time) {
  const auto it = row.ribbon ? scene.ribbons().find(*row.ribbon) : scene.ribbons().end();
  if (it == scene.ribbons().end())
    return tr("The overlap of this device is shown when the analysis is done.");
  static const char* const kNames[] = {"idle (no compute, no communication)", "compute only",
                                       "compute and communication", "communication only (exposed)"};
  const auto state = it->second.at(time);
  const TimeRange full = scene.selection().full(), stretch = it->second.stretch(time);
  const TimeNs length = std::min(stretch.end, full.end) - std::max(stretch.begin, full.begin);
  return "<b>" + tr(kNames[static_cast<std::size_t>(state)]) + "</b><table>" +
         line(tr("For"), tr("%1 (%2)").arg(format_time(length), format_time_full(length))) +
         line(tr("Device"), row.path) + "</table>" + tr("Click to mark this stretch.");
}

}  // namespace moescope
