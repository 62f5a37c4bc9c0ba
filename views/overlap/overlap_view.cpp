#include "views/overlap/overlap_view.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QSplitter>
#include <QVBoxLayout>
#include <algorithm>
#include <utility>

#include "core/analysis/gpu_work.h"
#include "views/common/action.h"
#include "views/common/chart_paint.h"
#include "views/common/units.h"
#include "views/overlap/figures.h"
#include "views/overlap/overlap_canvas.h"
#include "views/overlap/overlap_tables.h"

namespace moescope {
namespace {
constexpr std::size_t kListedExposed = 200;
constexpr int kIndexRole = Qt::UserRole;  ///< of the first cell: index into what the row shows
constexpr int kExposedTab = 2;
}  // namespace

OverlapView::OverlapView(Document& document, ViewContext& context, QWidget* parent)
    : QWidget(parent), document_(document), context_(context) {
  window_ = new QComboBox(this);
  window_->setObjectName("overlapWindow");
  window_->setAccessibleName(tr("What the figures are cut to"));
  window_->setToolTip(tr("What the figures are cut to"));
  window_->addItem(tr("Whole trace"), static_cast<int>(Window::WholeTrace));
  window_->addItem(tr("Visible range"), static_cast<int>(Window::VisibleRange));
  canvas_ = new OverlapCanvas(*this);
  buildTables();
  buildTabs();
  auto* left = new QWidget(this);
  auto* column = new QVBoxLayout(left);
  column->setContentsMargins(4, 4, 0, 0);
  column->addWidget(window_, 0, Qt::AlignLeft);
  column->addWidget(canvas_, 1);
  auto* splitter = new QSplitter(this);
  splitter->addWidget(left);
  splitter->addWidget(tabs_);
  splitter->setSizes({500, 500});
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(splitter, 1);
  addActions();
  connect(&document, &Document::analysisChanged, this, &OverlapView::reload);
  connect(&document, &Document::traceChanged, this, [this] {
    if (!document_.trace()) reload();
  });
  connect(tabs_, &QTabWidget::currentChanged, this, [this] {
    if (document_.growing()) fillTables();
  });
  connect(&context, &ViewContext::processFilterChanged, this, &OverlapView::reload);
  connect(&context, &ViewContext::rangeChanged, this, [this] {
    if (chosenWindow() == Window::VisibleRange) refreshWindow();
  });
  connect(&context, &ViewContext::selectionChanged, this, &OverlapView::offerArea);
  connect(window_, &QComboBox::currentIndexChanged, this, &OverlapView::refreshWindow);
  connect(canvas_, &OverlapCanvas::exposedClicked, this, &OverlapView::showNextExposed);
  offerArea();
  reload();
}

void OverlapView::buildTables() {
  figures_ = new QTableWidget(this);
  figures_->setObjectName("overlapFigures");
  figures_->setAccessibleName(tr("Overlap figures per device"));
  setup_figure_table(figures_, {tr("Device")});
  connect(figures_, &QTableWidget::cellActivated, this, &OverlapView::showExposedOfDevice);
  scopes_ = new QTableWidget(this);
  scopes_->setObjectName("overlapScopes");
  scopes_->setAccessibleName(tr("Overlap figures per layer, micro-batch, phase and annotation"));
  setup_figure_table(scopes_, {tr("Kind"), tr("Scope"), tr("Device"), tr("Occurrences")});
  connect(scopes_, &QTableWidget::cellActivated, this, &OverlapView::showExposedOfScope);
  exposed_table_ = new QTableWidget(0, 3, this);
  exposed_table_->setObjectName("overlapExposed");
  exposed_table_->setAccessibleName(tr("Longest exposed communication"));
  style_table(exposed_table_);
  exposed_table_->setHorizontalHeaderLabels({tr("Device"), tr("Start (ns)"), tr("Length (ns)")});
  exposed_table_->setToolTip(
      tr("The longest intervals in which only communication ran; activate one to show it"));
  connect(exposed_table_, &QTableWidget::cellActivated, this, [this](int row) {
    const auto index = exposed_table_->item(row, 0)->data(kIndexRole).toULongLong();
    if (index < exposed_.items().size()) goTo(exposed_.items()[index]);
  });
  // One click shows where a figure comes from, as activating the row does.
  for (QTableWidget* table : {figures_, scopes_, exposed_table_})
    connect(table, &QTableWidget::cellClicked, table, &QTableWidget::cellActivated);
}

void OverlapView::buildTabs() {
  tabs_ = new QTabWidget(this);
  tabs_->setObjectName("overlapTabs");
  tabs_->setDocumentMode(true);
  tabs_->addTab(figures_, tr("Per device"));
  tabs_->addTab(scopes_, tr("Per layer and scope"));
  tabs_->addTab(exposed_table_, tr("Longest exposed"));
  tabs_->setTabToolTip(0, tr("Click a device to go to its longest exposed communication"));
  tabs_->setTabToolTip(1, tr("Layers, micro-batches, phases and annotations that the trace names; "
                             "click one to go to its longest exposed communication"));
  tabs_->setTabToolTip(kExposedTab, tr("Where only communication ran, longest first"));
}

void OverlapView::addActions() {
  const auto add = [this](const char* name, const QString& text, const QString& tip,
                          const QKeySequence& keys, auto slot) {
    connect(add_command(this, QLatin1String(name), text, tip, {keys}), &QAction::triggered, this,
            slot);
  };
  add("overlapNextExposed", tr("Next exposed communication"),
      tr("Show the next interval in which only communication runs"), QKeySequence("E"),
      &OverlapView::showNextExposed);
  add("overlapPreviousExposed", tr("Previous exposed communication"),
      tr("Show the previous interval in which only communication runs"), QKeySequence("Shift+E"),
      &OverlapView::showPreviousExposed);
  add("overlapCopy", tr("Copy overlap table as TSV"),
      tr("Copy the visible table as tab-separated text"), QKeySequence::Copy, [this] {
        const auto* table = static_cast<QTableWidget*>(tabs_->currentWidget());
        QApplication::clipboard()->setText(figure_table_tsv(*table));
      });
}

bool OverlapView::shows(const DeviceKey& key) const {
  return !context_.processFilter() || *context_.processFilter() == key.process;
}

void OverlapView::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  if (std::exchange(stale_, false)) reload();
}

void OverlapView::reload() {
  // A recording is analysed again and again: what nobody sees is not filled each time.
  stale_ = document_.growing() && !isVisible();
  if (stale_) return;
  if (document_.analysis() || !document_.trace()) {
    trace_ = document_.trace();
    analysis_ = document_.analysis();
  }
  refreshWindow();
  fillTables();
}

/// While the trace grows only the table that is in front.
void OverlapView::fillTables() {
  if (!document_.growing() || tabs_->currentWidget() == scopes_) fillScopes();
  if (document_.growing() && tabs_->currentWidget() != exposed_table_) return;
  showExposed(analysis_ ? ExposedList(*analysis_, [this](const auto& key) { return shows(key); })
                        : ExposedList(),
              {});
}

OverlapView::Window OverlapView::chosenWindow() const {
  return static_cast<Window>(window_->currentData().toInt());
}

void OverlapView::chooseWindow(Window window) {
  const int index = window_->findData(static_cast<int>(window));
  if (index >= 0) window_->setCurrentIndex(index);
}

void OverlapView::offerArea() {
  const int index = window_->findData(static_cast<int>(Window::SelectedArea));
  const bool chosen = chosenWindow() == Window::SelectedArea;
  if (!context_.area()) {
    if (chosen) chooseWindow(Window::WholeTrace);
    if (index >= 0) window_->removeItem(index);
    return;
  }
  const QString text = context_.area()->tracks.empty()
                           ? tr("Selected area")
                           : tr("Selected area: its time, all streams of its devices");
  if (index < 0)
    window_->addItem(text, static_cast<int>(Window::SelectedArea));
  else
    window_->setItemText(index, text);
  if (chosen) refreshWindow();
}

void OverlapView::refreshWindow() {
  if (!analysis_ || !trace_) {
    window_figures_.clear();
    shown_window_.reset();
    fillFigures();
    return;
  }
  std::optional<AreaSelection> window;
  if (chosenWindow() == Window::VisibleRange) window = AreaSelection{context_.range(), {}};
  if (chosenWindow() == Window::SelectedArea) window = context_.area();
  if (!window) {
    job_.abandon();
    window_figures_ = analysis_->overlap;
    shown_window_.reset();
    fillFigures();
    return;
  }
  job_.start(
      tr("Overlap of the chosen range"),
      [trace = trace_, analysis = analysis_, range = window->range](Progress&) {
        return analyze_overlap(*trace, *analysis->classes, range);
      },
      [this, window](std::vector<DeviceOverlap> figures) {
        shown_window_ = window;
        window_figures_ = std::move(figures);
        fillFigures();
      });
}

void OverlapView::fillFigures() {
  const OverlapChartInput input = chartInput();
  figures_->setRowCount(static_cast<int>(input.devices.size()));
  for (int r = 0; r < figures_->rowCount(); ++r) {
    const DeviceOverlap& device = input.devices[static_cast<std::size_t>(r)];
    fill_figure_row(figures_, r, {device_label(*trace_, device.key)}, device.figures);
  }
  figures_->resizeColumnsToContents();
  canvas_->update();
  Q_EMIT figuresChanged();
}

void OverlapView::fillScopes() {
  scopes_->setSortingEnabled(false);
  scopes_->setRowCount(0);
  if (!analysis_) return;
  for (std::size_t i = 0; i < analysis_->scopes.size(); ++i) {
    const ScopeOverlap& scope = analysis_->scopes[i];
    if (!shows(scope.key)) continue;
    const int row = scopes_->rowCount();
    scopes_->insertRow(row);
    fill_figure_row(
        scopes_, row,
        {QString::fromStdString(scope.kind).replace('_', '-'), QString::fromStdString(scope.name),
         device_label(*trace_, scope.key), QString()},
        scope.figures);
    scopes_->item(row, 0)->setData(kIndexRole, static_cast<qulonglong>(i));
    scopes_->setItem(row, 3,
                     new FigureItem(format_count(scope.windows), QString::number(scope.windows),
                                    static_cast<double>(scope.windows)));
  }
  scopes_->setSortingEnabled(true);
  scopes_->resizeColumnsToContents();
  scopes_->setColumnWidth(1, std::min(scopes_->columnWidth(1), 200));
}

void OverlapView::showExposed(ExposedList list, const QString& of) {
  exposed_ = std::move(list);
  tabs_->setTabText(kExposedTab,
                    of.isEmpty() ? tr("Longest exposed") : tr("Longest exposed of %1").arg(of));
  fillExposed();
}

void OverlapView::fillExposed() {
  const auto order = exposed_.longest(kListedExposed);
  exposed_table_->setRowCount(static_cast<int>(order.size()));
  for (int r = 0; r < exposed_table_->rowCount(); ++r) {
    const std::size_t index = order[static_cast<std::size_t>(r)];
    const Exposed& e = exposed_.items()[index];
    auto* device = new QTableWidgetItem(device_label(*trace_, e.key));
    device->setData(kIndexRole, static_cast<qulonglong>(index));
    exposed_table_->setItem(r, 0, device);
    const auto number = [](TimeNs ns) {
      return new FigureItem(format_count(static_cast<quint64>(ns)), QString::number(ns),
                            static_cast<double>(ns));
    };
    exposed_table_->setItem(r, 1, number(e.range.begin));
    exposed_table_->setItem(r, 2, number(e.range.length()));
  }
  exposed_table_->resizeColumnsToContents();
}

void OverlapView::showExposedOfDevice(int row) {
  const OverlapChartInput input = chartInput();
  if (!analysis_ || row < 0 || row >= static_cast<int>(input.devices.size())) return;
  const DeviceKey key = input.devices[static_cast<std::size_t>(row)].key;
  showExposed(ExposedList(*analysis_, [&](const DeviceKey& other) { return other == key; }),
              device_label(*trace_, key));
  if (const auto longest = exposed_.longest(1); !longest.empty())
    goTo(exposed_.items()[longest.front()]);
}

void OverlapView::showExposedOfScope(int row) {
  if (!analysis_ || scopes_->item(row, 0) == nullptr) return;
  const auto index = scopes_->item(row, 0)->data(kIndexRole).toULongLong();
  if (index >= analysis_->scopes.size()) return;
  const ScopeOverlap& scope = analysis_->scopes[index];
  const QString kind = QString::fromStdString(scope.kind).replace('_', '-');
  showExposed(ExposedList(*analysis_, scope),
              scope.kind == "annotation" ? QString::fromStdString(scope.name)
                                         : kind + ' ' + QString::fromStdString(scope.name));
  if (const auto longest = exposed_.longest(1); !longest.empty())
    goTo(exposed_.items()[longest.front()]);
}

void OverlapView::goTo(const Exposed& exposed) {
  const TimeNs margin = std::max<TimeNs>(exposed.range.length(), 1000);
  context_.setRange({exposed.range.begin - margin, exposed.range.end + margin});
  context_.setArea(AreaSelection{exposed.range, tracks_of(*trace_, exposed.key)});
}

void OverlapView::showNextExposed() {
  const TimeNs time = context_.area() ? context_.area()->range.begin : -1;
  if (const auto next = exposed_.after(time)) goTo(*next);
}

void OverlapView::showPreviousExposed() {
  const TimeNs time = context_.area() ? context_.area()->range.begin : context_.full().end;
  if (const auto previous = exposed_.before(time)) goTo(*previous);
}

OverlapChartInput OverlapView::chartInput() const {
  OverlapChartInput input{trace_.get(), {}, {}};
  std::vector<DeviceKey> touched;
  if (shown_window_) {
    input.window = shown_window_->range;
    for (const TrackId track : shown_window_->tracks)
      if (track < trace_->tracks().size())
        touched.push_back({trace_->tracks()[track].process, trace_->tracks()[track].device});
  }
  for (const DeviceOverlap& device : window_figures_) {
    const bool wanted =
        touched.empty() || std::find(touched.begin(), touched.end(), device.key) != touched.end();
    if (wanted && shows(device.key)) input.devices.push_back(device);
  }
  return input;
}

void OverlapView::paintChart(QPainter& painter, QSize size, const Theme& theme) {
  paint_overlap_chart(painter, QRectF(QPointF(0, 0), QSizeF(size)), chartInput(), theme);
}

QString OverlapView::csv() const {
  QString text = "device";
  for (const FigureDefinition& d : figure_definitions()) {
    text += ',' + csv_field(d.unit.isEmpty() ? d.label : d.label + " (" + d.unit + ")");
  }
  text += '\n';
  for (const DeviceOverlap& device : chartInput().devices) {
    text += csv_field(device_label(*trace_, device.key));
    for (const FigureDefinition& d : figure_definitions()) {
      text += ',' + figure_number(d, device.figures);
    }
    text += '\n';
  }
  return text;
}

}  // namespace moescope
