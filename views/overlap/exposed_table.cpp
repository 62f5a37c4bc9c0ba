#include "views/overlap/exposed_table.h"

#include <QApplication>
#include <utility>

#include "views/common/positions.h"
#include "views/common/theme.h"
#include "views/common/units.h"
#include "views/overlap/overlap_tables.h"
#include "views/plot/chart_paint.h"
#include "views/timeline/spans/label_text.h"

namespace moescope {
namespace {

enum Column { Where, Start, Length, Kernel, Layer, MicroBatch, ColumnCount };
constexpr std::size_t kListed = 200;
constexpr double kResolution = 1000;  // ns between distinguishable starts

QString qt(std::string_view text) {
  return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

}  // namespace

ExposedTable::ExposedTable(QWidget* parent) : QTableWidget(0, ColumnCount, parent) {
  setObjectName("overlapExposed");
  setAccessibleName(tr("Longest exposed communication"));
  style_table(this);
  setToolTip(tr("The longest intervals in which only communication ran; activate one to show it"));
  set_figure_header(this, Where, tr("Device"), tr("Device whose compute stood still"), {});
  set_figure_header(this, Length, tr("Length"), tr("How long only communication ran"), "ns");
  set_figure_header(this, Kernel, tr("Communication"),
                    tr("The kernel that ran longest in the interval; \"waits\": it moves nothing "
                       "but waits for other ranks"),
                    {});
  set_figure_header(this, Layer, tr("Layer"), tr("Layer that the trace names there"), {});
  set_figure_header(this, MicroBatch, tr("Micro-batch"),
                    tr("Micro-batch that the trace names there"), {});
  connect(this, &QTableWidget::cellActivated, this, [this](int row) {
    if (static_cast<std::size_t>(row) < shown_.size())
      Q_EMIT chosen(shown_[static_cast<std::size_t>(row)]);
  });
}

void ExposedTable::clear() {
  job_.abandon();
  wanted_ = false;
  trace_ = nullptr;
  analysis_ = nullptr;
  list_ = {};
  shown_.clear();
  setRowCount(0);
}

void ExposedTable::show(TracePtr trace, AnalysisPtr analysis, ExposedList list) {
  trace_ = std::move(trace);
  analysis_ = std::move(analysis);
  list_ = std::move(list);
  shown_.clear();
  for (const std::size_t index : list_.longest(kListed)) shown_.push_back(list_.items()[index]);
  fillTimes();
  wanted_ = true;
  if (isVisible()) lookUp();
}

void ExposedTable::showEvent(QShowEvent* event) {
  QTableWidget::showEvent(event);
  lookUp();
}

void ExposedTable::lookUp() {
  if (!std::exchange(wanted_, false)) return;
  job_.start(
      tr("What runs where communication is exposed"),
      [trace = trace_, analysis = analysis_, shown = shown_](Progress& progress) {
        return exposed_causes(*trace, *analysis->classes, analysis->scopes, shown, progress);
      },
      [this](const std::vector<ExposedCause>& causes) { fillCauses(causes); });
}

void ExposedTable::fillTimes() {
  const TimeUnit unit = position_unit(trace_->range().end);
  const int decimals = position_decimals(kResolution, unit);
  set_figure_header(this, Start, tr("Start (%1)").arg(QString::fromUtf8(unit.symbol)),
                    tr("When it began, from the trace start"), "ns", tr("Start"));
  setRowCount(static_cast<int>(shown_.size()));
  const auto time = [](const QString& text, TimeNs ns) {
    auto* item = new FigureItem(text, QString::number(ns), static_cast<double>(ns));
    item->setToolTip(format_time_full(ns));
    return item;
  };
  for (int row = 0; row < rowCount(); ++row) {
    const Exposed& e = shown_[static_cast<std::size_t>(row)];
    setItem(row, Where, new QTableWidgetItem(device_label(*trace_, e.key)));
    setItem(row, Start, time(format_position_number(e.range.begin, unit, decimals), e.range.begin));
    setItem(row, Length, time(format_time(e.range.length()), e.range.length()));
    for (const int column : {Kernel, Layer, MicroBatch})
      setItem(row, column, new QTableWidgetItem(QString::fromUtf8("…")));
  }
  resizeColumnsToContents();
}

void ExposedTable::fillCauses(const std::vector<ExposedCause>& causes) {
  const auto known = [](const std::string& name) {
    return name.empty() ? QString::fromUtf8("—") : qt(name);
  };
  const Theme& theme = Theme::of(QApplication::palette());
  for (int row = 0; row < rowCount() && static_cast<std::size_t>(row) < causes.size(); ++row) {
    const ExposedCause& cause = causes[static_cast<std::size_t>(row)];
    QTableWidgetItem* kernel = item(row, Kernel);
    if (cause.kernel) {
      const auto name = trace_->name(*cause.kernel);
      const ClassifiedName& found = cause.classified;
      kernel->setText(found.waits ? tr("%1 (waits)").arg(short_name(name)) : short_name(name));
      kernel->setIcon(class_swatch(theme.brush(found.span_class, found.waits), theme.muted_text));
      kernel->setToolTip(
          tr("%1 (%2), %3 of it")
              .arg(qt(name), class_label(found.span_class, found.waits), format_time(cause.time)));
    } else {
      kernel->setText(QString::fromUtf8("—"));
    }
    item(row, Layer)->setText(known(cause.layer));
    item(row, MicroBatch)->setText(known(cause.micro_batch));
  }
  resizeColumnsToContents();
}

}  // namespace moescope
