#include "views/report/report.h"

#include <QBuffer>
#include <QFileInfo>
#include <QPageLayout>
#include <QPdfWriter>
#include <QTextDocument>
#include <algorithm>

#include "core/analysis/overlap/losses.h"
#include "core/analysis/overlap/paced_links.h"
#include "core/analysis/spans/kernel_label.h"
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
constexpr std::size_t kPairs = 12;
constexpr std::size_t kScopes = 40;  // those with the most exposed communication

/// Makes the HTML of one picture.
using ImageOf = std::function<QString(Chart&)>;

// Prints on A4 across: titles stay with what follows, no row or picture is cut, titles of columns
// come again on every page, and dark colours are for screens only.
const char* const kStyle = R"(
body{font-family:sans-serif;max-width:1100px;margin:24px auto;padding:0 16px;color:#1B1F24;background:#FFFFFF}
table{border-collapse:collapse;margin:8px 0 16px}th,td{padding:3px 8px;border-bottom:1px solid #DDE1E6;text-align:left;vertical-align:top}
thead th{border-bottom:2px solid #B8C0C8;vertical-align:bottom}
td.n,th.n{text-align:right}td.n{white-space:nowrap}div.wide{overflow-x:auto}img{max-width:100%;height:auto}
.name{overflow-wrap:anywhere}.muted{color:#5B6570}.bad{color:#D6006C}
.caveats{border-left:4px solid #EE7733;padding:2px 12px;margin:12px 0}.caveats ul{margin:4px 0;padding-left:18px}
summary{cursor:pointer;padding:3px 0}
@media screen and (prefers-color-scheme: dark){body{color:#E6E9ED;background:#1B1E23}th,td{border-color:#363C44}.muted{color:#9AA5B1}.bad{color:#FF4F9A}}
@page{size:A4 landscape;margin:12mm}
@media print{body{max-width:none;margin:0;padding:0;font-size:9pt}h1{font-size:16pt}h2{font-size:12pt;break-after:avoid}h3,summary{break-after:avoid}
img{max-height:86mm;width:auto}table{font-size:7.5pt}th,td{padding:2px 4px}.x{display:none}thead{display:table-header-group}tr,img,.cards,.caveats{break-inside:avoid}div.wide{overflow:visible}}
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

/// A table whose first row comes again on every printed page; `head` and `body` are rows.
QString table_of(const QString& head, const QString& body) {
  return "<div class=\"wide\"><table>\n<thead>" + head + "</thead>\n<tbody>" + body +
         "</tbody></table></div>\n";
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
  QString head = "<tr>", body;
  for (const QString& name : table.header)
    head += "<th class=\"n\">" + name.toHtmlEscaped() + "</th>";
  for (const QStringList& fields : table.rows) {
    body += "<tr>";
    for (const QString& field : fields) body += cell(field.toHtmlEscaped(), true);
    body += "</tr>\n";
  }
  return html + table_of(head + "</tr>", body);
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

/// Counts are for a screen: a page has no room for them beside the times.
QString class_of(const FigureDefinition& definition) {
  return definition.unit.isEmpty() ? QStringLiteral("n x") : QStringLiteral("n");
}

QString figure_headers() {
  QString html;
  for (const FigureDefinition& d : figure_definitions()) {
    html += "<th class=\"" + class_of(d) + "\" title=\"" + d.definition.toHtmlEscaped() + "\">" +
            d.label.toHtmlEscaped() + "</th>";
  }
  return html;
}

QString figure_cells(const OverlapFigures& figures) {
  QString html;
  for (const FigureDefinition& d : figure_definitions()) {
    const auto value = d.value(figures);
    if (value && d.unit == QLatin1String("ns"))
      html += time_cell(static_cast<TimeNs>(*value));
    else if (value && d.unit == QLatin1String("%"))
      html += "<td class=\"n\" align=\"right\" title=\"" + figure_text(d, figures) + "\">" +
              format_percent(*value) + "</td>";
    else
      html +=
          "<td class=\"" + class_of(d) + "\" align=\"right\">" + figure_text(d, figures) + "</td>";
  }
  return html;
}

template <typename Item>
std::vector<const Item*> worst_first(const std::vector<Item>& items) {
  std::vector<const Item*> order;
  for (const Item& item : items) order.push_back(&item);
  std::stable_sort(order.begin(), order.end(), [](const Item* a, const Item* b) {
    return a->figures.exposed > b->figures.exposed;
  });
  return order;
}

QString scopes_table(const ReportInput& input) {
  const auto order = worst_first(input.analysis->scopes);
  QString body;
  for (std::size_t i = 0; i < std::min(kScopes, order.size()); ++i) {
    const ScopeOverlap& scope = *order[i];
    body += "<tr>" + cell(text_of(scope.kind).replace(QLatin1Char('_'), QLatin1Char('-'))) +
            cell(text_of(scope.name)) +
            cell(device_label(*input.trace, scope.key).toHtmlEscaped()) +
            cell(format_count(scope.windows), true) + figure_cells(scope.figures) + "</tr>\n";
  }
  QString html =
      table_of("<tr><th>Kind</th><th>Scope</th><th>Device</th><th class=\"n\">Occurrences</th>" +
                   figure_headers() + "</tr>",
               body);
  if (order.size() > kScopes)
    html += QString("<p class=\"muted\">The %1 with the most exposed communication, of %2.</p>\n")
                .arg(kScopes)
                .arg(order.size());
  return html;
}

QString overlap_section(const ReportInput& input) {
  QString body;
  for (const DeviceOverlap* device : worst_first(input.analysis->overlap))
    body += "<tr>" + cell(device_label(*input.trace, device->key).toHtmlEscaped()) +
            figure_cells(device->figures) + "</tr>\n";
  const QString html = "<h2>Overlap per device, the worst first</h2>\n" +
                       table_of("<tr><th>Device</th>" + figure_headers() + "</tr>", body) +
                       "<h2>Overlap per layer, micro-batch, phase and annotation</h2>\n";
  if (input.analysis->scopes.empty())
    return html +
           "<p>The trace names no annotations, layers, micro-batches or phases around GPU "
           "work.</p>\n";
  return html + scopes_table(input);
}

QString pairs_table(const SmAllocation& sm, const QString& many) {
  std::vector<std::pair<std::pair<int, int>, TimeNs>> pairs(sm.time_at.begin(), sm.time_at.end());
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  QString body;
  for (std::size_t i = 0; i < std::min(kPairs, pairs.size()); ++i)
    body += "<tr>" + cell(QString::number(pairs[i].first.first), true) +
            cell(QString::number(pairs[i].first.second), true) + time_cell(pairs[i].second) +
            "</tr>\n";
  QString html =
      table_of("<tr><th class=\"n\">Communication " + many + "</th><th class=\"n\">Compute " +
                   many + "</th><th class=\"n\">Time</th></tr>",
               body);
  if (pairs.size() > kPairs)
    html += QString("<p class=\"muted\">%1 shorter pairs are left out.</p>\n")
                .arg(pairs.size() - kPairs);
  return html;
}

/// Mean over the device's range, which three figures of "SM x ns" do not tell a reader.
QString held_cell(std::int64_t sm_ns, const SmAllocation& sm) {
  const auto length = static_cast<double>(std::max<TimeNs>(sm.range.length(), 1));
  return "<td class=\"n\" align=\"right\" title=\"" + format_count(static_cast<quint64>(sm_ns)) +
         " x ns\">" + QString::number(static_cast<double>(sm_ns) / length, 'f', 1) + "</td>";
}

QString sm_section(const ReportInput& input) {
  const auto& all = input.analysis->sm;
  const ProcessorNames names =
      all.empty() ? ProcessorNames{"SM", "SMs"} : processor_names(*input.trace, all.front().key);
  QString html = "<h2>" + names.allocation() + "</h2>\n";
  if (all.empty())
    return html + "<p>" + sm_missing_text(input.trace.get(), false).toHtmlEscaped() + "</p>\n";
  QString body;
  QStringList caveats;
  for (const SmAllocation& sm : all) {
    for (const std::string& caveat : sm.caveats)
      if (!caveats.contains(text_of(caveat))) caveats << text_of(caveat);
    body += "<tr>" + cell(device_label(*input.trace, sm.key).toHtmlEscaped()) +
            cell((sm.method == SmMethod::Inferred ? QString::fromUtf8("• ") : QString()) +
                 sm_method_text(sm.method).toHtmlEscaped()) +
            cell(QString::number(sm.sm_count), true) + held_cell(sm.comm_sm_ns, sm) +
            held_cell(sm.compute_sm_ns, sm) + held_cell(sm.free_sm_ns, sm) +
            time_cell(sm.oversubscribed) + time_cell(sm.exact) + "</tr>\n";
  }
  html += table_of("<tr><th>Device</th><th>Method</th><th class=\"n\">" + names.many +
                       "</th><th class=\"n\">Communication, mean " + names.many +
                       "</th><th class=\"n\">Compute, mean</th><th class=\"n\">Free, mean</th>"
                       "<th class=\"n\">Demand above the count</th><th class=\"n\">Split "
                       "exact</th></tr>",
                   body);
  for (const QString& caveat : caveats) html += "<p class=\"muted\">" + caveat + "</p>\n";
  for (const SmAllocation& sm : all)
    html += "<details" + QString(all.size() == 1 ? " open" : "") + "><summary>" +
            device_label(*input.trace, sm.key).toHtmlEscaped() + ": time with so many " +
            names.many + " held</summary>\n" + pairs_table(sm, names.many) + "</details>\n";
  return html;
}

QString kernels_section(const ReportInput& input) {
  QString body;
  for (int c = 0; c < kSpanClassCount; ++c) {
    std::size_t shown = 0;
    for (const NameStatistics& name : input.statistics.names) {
      if (!is_gpu_work(name.kind) || static_cast<int>(name.classified.span_class) != c) continue;
      if (++shown > kKernelsPerClass) break;
      const DurationStatistics& d = name.durations;
      const auto whole = input.trace->strings()[name.name];
      body += "<tr>" +
              cell(class_label(name.classified.span_class, name.classified.waits).toHtmlEscaped()) +
              "<td class=\"name\" title=\"" + text_of(std::string(whole)) + "\">" +
              text_of(kernel_label(whole)) + "</td>" + cell(format_count(d.count), true) +
              time_cell(d.total) + time_cell(static_cast<TimeNs>(d.mean() + 0.5)) +
              time_cell(d.min) + time_cell(d.max) + "</tr>\n";
    }
  }
  return "<h2>Longest kernels by class</h2>\n" +
         table_of(
             "<tr><th>Class</th><th>Kernel, copy or fill</th><th class=\"n\">Count</th><th "
             "class=\"n\">Total</th><th class=\"n\">Mean</th><th class=\"n\">Min</th><th "
             "class=\"n\">Max</th></tr>",
             body) +
         "<p class=\"muted\">Names are short; pointing at one shows the whole.</p>\n";
}

QString glossary() {
  QString html = "<h2>What the figures mean</h2>\n<table>\n";
  for (const FigureDefinition& d : figure_definitions()) {
    html += row(d.label.toHtmlEscaped() + " (<code>" + d.key.toHtmlEscaped() + "</code>)",
                d.definition.toHtmlEscaped());
  }
  html +=
      row("Mean SMs", "SMs held times the time for which they were held, over the device's range") +
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

/// What to know before the figures are believed: warnings of the reader, losses of the recording,
/// what is inferred or paced.
QString caveats_of(const ReportInput& input) {
  if (!input.trace) return {};
  QStringList caveats;
  for (const std::string& warning : input.trace->info().warnings) caveats << text_of(warning);
  for (const LossSummary& loss : summarise(input.trace->losses()))
    caveats << text_of(describe(loss, *input.trace));
  if (const QString links = with_window_units(paced_links_text(input.trace->info()));
      !links.isEmpty())
    caveats << links.toHtmlEscaped();
  for (const SmAllocation& sm : input.analysis->sm)
    for (const std::string& caveat : sm.caveats)
      if (!caveats.contains(text_of(caveat))) caveats << text_of(caveat);
  if (caveats.isEmpty()) return {};
  return "<div class=\"caveats\"><b>Know before you rely on it</b><ul><li>" +
         caveats.join("</li>\n<li>") + "</li></ul></div>\n";
}

QString scope_of(const ReportInput& input) {
  if (!input.trace) return {};
  const auto devices = input.analysis->overlap.size();
  return "<p class=\"muted\">All figures are of the whole trace, " +
         format_time(input.trace->range().length()) + ", " + counted(devices, "device", "devices") +
         ", unless a section says otherwise.</p>\n";
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
          headline_section(input.headline) + scope_of(input) + caveats_of(input) +
          compare_section(input.comparison);
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
    return "<picture><source media=\"screen and (prefers-color-scheme: dark)\" srcset=\"" +
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
