#include "views/report/report.h"

#include <QBuffer>
#include <QFileInfo>
#include <QPageLayout>
#include <QPdfWriter>
#include <QTextDocument>
#include <algorithm>

#include "core/analysis/overlap/losses.h"
#include "core/analysis/overlap/paced_links.h"
#include "core/error.h"
#include "core/version.h"
#include "views/common/theme.h"
#include "views/common/units.h"
#include "views/overlap/figures.h"
#include "views/plot/chart_paint.h"
#include "views/report/headline_section.h"
#include "views/sm/sm_chart.h"

namespace moescope {
namespace {

constexpr QSize kChartSize(1000, 420);
constexpr std::size_t kKernelsPerClass = 10;
constexpr std::size_t kPairs = 20;

/// Makes the HTML of one picture.
using ImageOf = std::function<QString(Chart&)>;

const char* const kStyle = R"(
body{font-family:sans-serif;max-width:1100px;margin:24px auto;padding:0 16px;color:#1B1F24;background:#FFFFFF}
table{border-collapse:collapse;margin:8px 0 16px}th,td{padding:3px 8px;border-bottom:1px solid #DDE1E6;text-align:left;vertical-align:top}
td.n,th.n{text-align:right;white-space:nowrap}div.wide{overflow-x:auto}img{max-width:100%;height:auto}
.name{overflow-wrap:anywhere}.muted{color:#5B6570}
@media (prefers-color-scheme: dark){body{color:#E6E9ED;background:#1B1E23}th,td{border-color:#363C44}.muted{color:#9AA5B1}}
)";

QString text_of(const std::string& text) {
  return QString::fromStdString(text).toHtmlEscaped();
}

QString cell(const QString& escaped, bool number = false) {
  return number ? "<td class=\"n\" align=\"right\">" + escaped + "</td>"
                : "<td>" + escaped + "</td>";
}

/// In the unit that fits; pointing at it shows the nanoseconds.
QString time_cell(TimeNs ns) {
  return "<td class=\"n\" align=\"right\" title=\"" + format_time_full(ns) + "\">" +
         format_time(ns) + "</td>";
}

QString row(const QString& name, const QString& escaped) {
  return "<tr><th>" + name + "</th><td>" + escaped + "</td></tr>\n";
}

QString list_of(const QStringList& escaped) {
  return escaped.isEmpty() ? QStringLiteral("none") : escaped.join("<br>");
}

QString files_section(const QStringList& files) {
  QStringList escaped;
  for (const QString& file : files) escaped << file.toHtmlEscaped();
  return "<h2>What was opened</h2>\n<table>\n" + row("Files", list_of(escaped)) + "</table>\n";
}

QString table_section(const ReportTable& table) {
  QString html = "<h2>" + table.title.toHtmlEscaped() + "</h2>\n";
  for (const QString& note : table.notes) html += "<p>" + note.toHtmlEscaped() + "</p>\n";
  html += "<div class=\"wide\"><table>\n<tr>";
  for (const QString& name : table.header)
    html += "<th class=\"n\">" + name.toHtmlEscaped() + "</th>";
  html += "</tr>\n";
  for (const QStringList& fields : table.rows) {
    html += "<tr>";
    for (const QString& field : fields) html += cell(field.toHtmlEscaped(), true);
    html += "</tr>\n";
  }
  return html + "</table></div>\n";
}

QString opened_section(const ReportInput& input) {
  const TraceInfo& info = input.trace->info();
  QStringList files, skipped, warnings, alignments, devices, processes, lost;
  for (const LossSummary& loss : summarise(input.trace->losses()))
    lost << text_of(describe(loss, *input.trace));
  if (!lost.isEmpty()) lost << "Figures and charts know only what was recorded.";
  for (const QString& file : input.files) files << file.toHtmlEscaped();
  for (const auto& [reason, count] : info.skipped) {
    skipped << text_of(reason) + ": " + format_count(count);
  }
  for (const std::string& warning : info.warnings) warnings << text_of(warning);
  for (const ClockAlignment& a : info.alignments) {
    const auto file = static_cast<std::size_t>(a.file);
    alignments << QString("%1: offset %2, residual %3, from %4 matched collectives (%5)")
                      .arg(file < info.files.size() ? text_of(info.files[file])
                                                    : QString::number(a.file),
                           format_time_full(a.offset), format_time_full(a.residual))
                      .arg(a.matched_collectives)
                      .arg(text_of(a.method));
  }
  for (const Process& process : input.trace->processes()) processes << text_of(process.label);
  for (const DeviceOverlap& device : input.analysis->overlap) {
    devices << device_label(*input.trace, device.key).toHtmlEscaped();
  }
  const QString links = with_window_units(paced_links_text(info)).toHtmlEscaped();
  return "<h2>What was opened</h2>\n<table>\n" + row("Files", list_of(files)) +
         (links.isEmpty() ? QString() : row("Links", links)) + row("Format", text_of(info.format)) +
         row("Producer", info.producer.empty() ? "not recorded" : text_of(info.producer)) +
         row("Ranks and processes", list_of(processes)) +
         row("Devices with GPU work", list_of(devices)) +
         row("Events read", format_count(info.events)) +
         row("Spans", format_count(input.trace->span_count())) +
         row("Skipped events", list_of(skipped)) +
         (lost.isEmpty() ? QString() : row("Lost by the recording", list_of(lost))) +
         row("Warnings", list_of(warnings)) +
         row("Clock alignment",
             alignments.isEmpty() ? "not needed: one clock" : list_of(alignments)) +
         "</table>\n";
}

QString figure_headers() {
  QString html;
  for (const FigureDefinition& d : figure_definitions()) {
    html += "<th class=\"n\" title=\"" + d.definition.toHtmlEscaped() + "\">" +
            d.label.toHtmlEscaped() + "</th>";
  }
  return html;
}

QString figure_cells(const OverlapFigures& figures) {
  QString html;
  for (const FigureDefinition& d : figure_definitions()) {
    const QString full = figure_text(d, figures);
    const auto value = d.value(figures);
    html += d.unit == QLatin1String("ns") && value ? time_cell(static_cast<TimeNs>(*value))
                                                   : cell(full, true);
  }
  return html;
}

QString overlap_section(const ReportInput& input) {
  QString html = "<h2>Overlap per device</h2>\n<div class=\"wide\"><table>\n<tr><th>Device</th>" +
                 figure_headers() + "</tr>\n";
  for (const DeviceOverlap& device : input.analysis->overlap) {
    html += "<tr>" + cell(device_label(*input.trace, device.key).toHtmlEscaped()) +
            figure_cells(device.figures) + "</tr>\n";
  }
  html += "</table></div>\n<h2>Overlap per scope</h2>\n";
  if (input.analysis->scopes.empty()) {
    return html +
           "<p>The trace names no annotations, layers, micro-batches or phases around GPU "
           "work.</p>\n";
  }
  html +=
      "<div class=\"wide\"><table>\n<tr><th>Kind</th><th>Scope</th><th>Device</th><th "
      "class=\"n\">Occurrences</th>" +
      figure_headers() + "</tr>\n";
  for (const ScopeOverlap& scope : input.analysis->scopes) {
    html += "<tr>" + cell(text_of(scope.kind)) + cell(text_of(scope.name)) +
            cell(device_label(*input.trace, scope.key).toHtmlEscaped()) +
            cell(format_count(scope.windows), true) + figure_cells(scope.figures) + "</tr>\n";
  }
  return html + "</table></div>\n";
}

QString pairs_table(const SmAllocation& sm, const QString& many) {
  std::vector<std::pair<std::pair<int, int>, TimeNs>> pairs(sm.time_at.begin(), sm.time_at.end());
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  QString html = "<table>\n<tr><th class=\"n\">Comm " + many + "</th><th class=\"n\">Compute " +
                 many + "</th><th class=\"n\">Time</th></tr>\n";
  for (std::size_t i = 0; i < std::min(kPairs, pairs.size()); ++i) {
    html += "<tr>" + cell(QString::number(pairs[i].first.first), true) +
            cell(QString::number(pairs[i].first.second), true) + time_cell(pairs[i].second) +
            "</tr>\n";
  }
  html += "</table>\n";
  if (pairs.size() > kPairs) {
    html += QString("<p class=\"muted\">%1 shorter pairs are left out.</p>\n")
                .arg(pairs.size() - kPairs);
  }
  return html;
}

QString sm_section(const ReportInput& input) {
  const auto& all = input.analysis->sm;
  const ProcessorNames title =
      all.empty() ? ProcessorNames{"SM", "SMs"} : processor_names(*input.trace, all.front().key);
  QString html = "<h2>" + title.allocation() + "</h2>\n";
  if (all.empty()) {
    return html + "<p>" + sm_missing_text(input.trace.get(), false).toHtmlEscaped() + "</p>\n";
  }
  for (const SmAllocation& sm : all) {
    QStringList caveats;
    for (const std::string& caveat : sm.caveats) caveats << text_of(caveat);
    const ProcessorNames names = processor_names(*input.trace, sm.key);
    const auto held = [&](const char* what) {
      return QString("%1 (%2 x ns)").arg(what, names.one);
    };
    const auto amount = [](std::int64_t ns) { return format_count(static_cast<quint64>(ns)); };
    html +=
        "<h3>" + device_label(*input.trace, sm.key).toHtmlEscaped() + "</h3>\n<table>\n" +
        row("Method", (sm.method == SmMethod::Inferred ? QString::fromUtf8("• ") : QString()) +
                          sm_method_text(sm.method).toHtmlEscaped()) +
        row("Caveats", list_of(caveats)) + row(names.many, QString::number(sm.sm_count)) +
        row(held("Communication"), amount(sm.comm_sm_ns)) +
        row(held("Compute"), amount(sm.compute_sm_ns)) + row(held("Free"), amount(sm.free_sm_ns)) +
        row(QString("Demand above the %1 count").arg(names.one), format_time(sm.oversubscribed)) +
        row("Split exact", format_time(sm.exact)) + "</table>\n" + pairs_table(sm, names.many);
  }
  return html;
}

QString kernels_section(const ReportInput& input) {
  QString html =
      "<h2>Longest kernels by class</h2>\n<div class=\"wide\"><table>\n<tr><th>Class</th>"
      "<th>Kernel, copy or fill</th><th class=\"n\">Count</th><th class=\"n\">Total</th><th "
      "class=\"n\">Mean</th><th class=\"n\">Min</th><th "
      "class=\"n\">Max</th></tr>\n";
  for (int c = 0; c < kSpanClassCount; ++c) {
    std::size_t shown = 0;
    for (const NameStatistics& name : input.statistics.names) {
      if (!is_gpu_work(name.kind) || static_cast<int>(name.classified.span_class) != c) continue;
      if (++shown > kKernelsPerClass) break;
      const DurationStatistics& d = name.durations;
      html += "<tr>" +
              cell(class_label(name.classified.span_class, name.classified.waits).toHtmlEscaped()) +
              "<td class=\"name\">" + text_of(std::string(input.trace->strings()[name.name])) +
              "</td>" + cell(format_count(d.count), true) + time_cell(d.total) +
              time_cell(static_cast<TimeNs>(d.mean() + 0.5)) + time_cell(d.min) + time_cell(d.max) +
              "</tr>\n";
    }
  }
  return html + "</table></div>\n";
}

QString glossary() {
  QString html = "<h2>What the figures mean</h2>\n<table>\n";
  for (const FigureDefinition& d : figure_definitions()) {
    html += row(d.label.toHtmlEscaped() + " (<code>" + d.key.toHtmlEscaped() + "</code>)",
                d.definition.toHtmlEscaped());
  }
  html += row("SM x ns", "SMs held times the time for which they were held") +
          row("Demand above the SM count",
              "Time in which the kernels that ran asked for more SMs than the device has") +
          row("Total, mean, min, max", "Of the durations; overlapping spans add up") +
          row(QString::fromUtf8("•"), "Marks what is inferred and not recorded");
  return html + "</table>\n";
}

/// File names without their folders; the last section has the paths.
QString names_of(const QStringList& files) {
  QStringList names;
  for (const QString& file : files) names << QFileInfo(file).fileName().toHtmlEscaped();
  return names.join(", ");
}

/// What to know before the figures are believed: warnings of the reader, losses of the recording.
QString caveats_of(const ReportInput& input) {
  if (!input.trace) return {};
  QStringList caveats;
  for (const std::string& warning : input.trace->info().warnings) caveats << text_of(warning);
  for (const LossSummary& loss : summarise(input.trace->losses()))
    caveats << text_of(describe(loss, *input.trace));
  return caveats.isEmpty() ? QString() : "<p>" + caveats.join("<br>") + "</p>\n";
}

QString html_with(const ReportInput& input, const ImageOf& image) {
  QString html =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<meta "
      "name=\"viewport\" content=\"width=device-width\">\n<title>MoEscope "
      "report</title>\n<style>" +
      QString::fromUtf8(kStyle) + headline_style() +
      "</style></head><body>\n<h1>MoEscope report</h1>\n";
  html += "<p class=\"muted\">Made with MoEscope " + QString::fromStdString(program_version()) +
          " on " + input.date.toHtmlEscaped() + ", from " + names_of(input.files) + "</p>\n" +
          headline_section(input.headline) + caveats_of(input) + compare_section(input.comparison);
  for (Chart* chart : input.charts) html += "<p>" + image(*chart) + "</p>\n";
  for (const ReportTable& table : input.tables) html += table_section(table);
  if (input.trace) html += overlap_section(input) + sm_section(input) + kernels_section(input);
  html += input.trace ? opened_section(input) + glossary() : files_section(input.files);
  return html + "</body></html>\n";
}

QString data_uri(Chart& chart, const Theme& theme) {
  QByteArray bytes;
  QBuffer buffer(&bytes);
  buffer.open(QIODevice::WriteOnly);
  render_chart(chart, kChartSize, theme, 2).save(&buffer, "PNG");
  return "data:image/png;base64," + QString::fromLatin1(bytes.toBase64());
}

QByteArray report_pdf(const ReportInput& input) {
  QTextDocument document;
  const QString html = html_with(input, [&](Chart& chart) {
    const QString url = "chart:" + chart.chartName();
    document.addResource(QTextDocument::ImageResource, QUrl(url),
                         render_chart(chart, kChartSize, Theme::light(), 2));
    return "<img src=\"" + url + "\" width=\"1000\" height=\"420\">";
  });
  QByteArray bytes;
  QBuffer buffer(&bytes);
  buffer.open(QIODevice::WriteOnly);
  QPdfWriter writer(&buffer);
  writer.setTitle("MoEscope report");
  writer.setCreator("MoEscope " + QString::fromStdString(program_version()));
  writer.setPageLayout(QPageLayout(QPageSize(QPageSize::A3), QPageLayout::Landscape,
                                   QMarginsF(12, 12, 12, 12), QPageLayout::Millimeter));
  writer.setResolution(96);
  QFont font = document.defaultFont();
  font.setPointSizeF(7);
  document.setDefaultFont(font);
  document.setPageSize(QSizeF(writer.width(), writer.height()));
  document.setHtml(html);
  document.print(&writer);
  return bytes;
}

}  // namespace

QString report_html(const ReportInput& input) {
  return html_with(input, [](Chart& chart) {
    return "<picture><source media=\"(prefers-color-scheme: dark)\" srcset=\"" +
           data_uri(chart, Theme::dark_theme()) + "\"><img alt=\"" +
           chart.chartName().toHtmlEscaped() + " chart\" width=\"1000\" height=\"420\" src=\"" +
           data_uri(chart, Theme::light()) + "\"></picture>";
  });
}

void write_report(const ReportInput& input, const QString& path) {
  const QString suffix = QFileInfo(path).suffix().toLower();
  if (suffix == "html" || suffix == "htm")
    return write_file_whole(path, report_html(input).toUtf8());
  if (suffix == "pdf") return write_file_whole(path, report_pdf(input));
  throw Error(path.toStdString(), {}, "a report is HTML or PDF",
              "use a name that ends in .html or .pdf");
}

}  // namespace moescope
