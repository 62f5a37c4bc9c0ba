#include "views/overlap/overlap_view.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QSplitter>
#include <QVBoxLayout>
#include <algorithm>
#include <utility>

#include "core/analysis/overlap/overlap.h"
#include "core/analysis/spans/gpu_work.h"
#include "views/common/action.h"
#include "views/common/units.h"
#include "views/overlap/figures.h"
#include "views/overlap/overlap_canvas.h"
#include "views/overlap/overlap_file_chart.h"
#include "views/overlap/overlap_tables.h"
#include "views/plot/chart_paint.h"
#include "views/workspace/scope_box.h"

namespace moescope {
namespace {
constexpr int kIndexRole = Qt::UserRole;  ///< of the first cell: index into what the row shows
constexpr int kExposedTab = 2;
constexpr int kScopeExposed = 4;  ///< column of the scopes
}  // namespace

OverlapView::OverlapView(TraceDocument& document, Selection& selection, QWidget* parent)
    : QWidget(parent), document_(document), selection_(selection) {
  setAccessibleName(tr("Overlap"));
  scope_ = new QLabel(this);
  scope_->setObjectName("overlapScope");
  scope_->setToolTip(tr("What all figures are of; it is chosen in the headline"));
  canvas_ = new OverlapCanvas(*this);
  buildTables();
  buildTabs();
  auto* left = new QWidget(this);
  auto* column = new QVBoxLayout(left);
  column->setContentsMargins(4, 4, 0, 0);
  column->addWidget(scope_);
  column->addWidget(canvas_, 1);
  auto* splitter = new QSplitter(this);
  splitter->addWidget(left);
  splitter->addWidget(tabs_);
  splitter->setSizes({500, 500});
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(splitter, 1);
  addActions();
  connect(&document, &TraceDocument::analysisChanged, this, &OverlapView::reload);
  connect(&document, &TraceDocument::traceChanged, this, [this] {
    // An old picture stays until the new analysis is there.
    if (!document_.trace() || !trace_) reload();
  });
  connect(tabs_, &QTabWidget::currentChanged, this, [this] {
    if (document_.growing()) fillTables();
  });
  connect(&selection, &Selection::processFilterChanged, this, &OverlapView::reload);
  connect(&selection, &Selection::scopeChanged, this, &OverlapView::refreshScope);
  connect(canvas_, &OverlapCanvas::exposedClicked, this, &OverlapView::showNextExposed);
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
  // What is hunted stands beside what it is of, before device and occurrences, the worst on top.
  for (const int place : {2, 3}) scopes_->horizontalHeader()->moveSection(place + 2, place);
  scopes_->sortByColumn(kScopeExposed, Qt::DescendingOrder);
  exposed_ = new ExposedTable(this);
  connect(exposed_, &ExposedTable::chosen, this, &OverlapView::goTo);
  // One click shows where a figure comes from, as activating the row does.
  for (QTableWidget* table : {figures_, scopes_, static_cast<QTableWidget*>(exposed_)})
    connect(table, &QTableWidget::cellClicked, table, &QTableWidget::cellActivated);
}

void OverlapView::buildTabs() {
  tabs_ = new QTabWidget(this);
  tabs_->setObjectName("overlapTabs");
  tabs_->setDocumentMode(true);
  tabs_->addTab(figures_, tr("Per device"));
  tabs_->addTab(scopes_, tr("Per layer and scope"));
  tabs_->addTab(exposed_, tr("Longest exposed"));
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
  add("overlap.next_exposed", tr("Next exposed communication"),
      tr("Show the next interval in which only communication runs"), QKeySequence("E"),
      &OverlapView::showNextExposed);
  add("overlap.previous_exposed", tr("Previous exposed communication"),
      tr("Show the previous interval in which only communication runs"), QKeySequence("Shift+E"),
      &OverlapView::showPreviousExposed);
  add("overlap.copy", tr("Copy overlap table as TSV"),
      tr("Copy the visible table as tab-separated text"), QKeySequence::Copy, [this] {
        const auto* table = static_cast<QTableWidget*>(tabs_->currentWidget());
        QApplication::clipboard()->setText(figure_table_tsv(*table));
      });
}

/// For the shown rank and, when the figures are of an area, a device of the area.
bool OverlapView::shows(const DeviceKey& key) const {
  if (selection_.processFilter() && *selection_.processFilter() != key.process) return false;
  if (!shown_window_ || shown_window_->tracks.empty()) return true;
  const auto& tracks = trace_->tracks();
  return std::any_of(shown_window_->tracks.begin(), shown_window_->tracks.end(),
                     [&](TrackId track) {
                       return track < tracks.size() && tracks[track].process == key.process &&
                              tracks[track].device == key.device;
                     });
}

const std::vector<DeviceOverlap>& OverlapView::overlap() const {
  static const std::vector<DeviceOverlap> none;
  return cut_ ? cut_->overlap : analysis_ ? analysis_->overlap : none;
}

const std::vector<DeviceActivity>& OverlapView::activity() const {
  return cut_ ? cut_->activity : analysis_->activity;
}

const std::vector<ScopeOverlap>& OverlapView::scopes() const {
  return cut_ ? cut_->scopes : analysis_->scopes;
}

void OverlapView::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  if (std::exchange(stale_, false)) reload();
}

void OverlapView::reload() {
  // A recording is re-analysed repeatedly: hidden tables are not filled each time.
  stale_ = document_.growing() && !isVisible();
  if (stale_) return;
  if (document_.analysis() || !document_.trace()) {
    if (!document_.growing()) {
      cut_.reset();
      shown_window_.reset();
    }
    trace_ = document_.trace();
    analysis_ = document_.analysis();
  }
  refreshScope();
}

/// While the trace grows only the table that is in front.
void OverlapView::fillTables() {
  if (!document_.growing() || tabs_->currentWidget() == scopes_) fillScopes();
  if (document_.growing() && tabs_->currentWidget() != exposed_) return;
  if (!analysis_) {
    exposed_->clear();
    return;
  }
  showExposed(exposed_intervals(activity(), [this](const auto& key) { return shows(key); }), {});
}

void OverlapView::refreshScope() {
  const std::optional<AreaSelection> window = selection_.scopeArea();
  stale_ = document_.growing() && !isVisible();
  if (stale_) return;
  scope_->setText(scope_text(selection_));
  // A range that follows a recording changes faster than figures may be there.
  again_ = document_.growing() && job_.running() && window;
  if (again_) return;
  if (!analysis_ || !trace_ || !window) {
    job_.abandon();
    showWindow({}, nullptr);
    return;
  }
  job_.start(
      tr("Overlap of the chosen range"),
      [trace = trace_, analysis = analysis_, range = window->range](Progress& progress) {
        return std::make_shared<const OverlapResults>(
            cut_overlap(*trace, *analysis->classes, analysis->scopes, range, progress));
      },
      [this, window](const std::shared_ptr<const OverlapResults>& cut) {
        showWindow(window, cut);
        if (std::exchange(again_, false)) refreshScope();
      });
}

/// Everything listed and drawn covers one window: `cut`, or the whole trace.
void OverlapView::showWindow(const std::optional<AreaSelection>& window,
                             std::shared_ptr<const OverlapResults> cut) {
  shown_window_ = window;
  cut_ = std::move(cut);
  stepped_.reset();
  fillFigures();
  fillTables();
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
  summary_changed(*canvas_);
  Q_EMIT figuresChanged();
}

void OverlapView::fillScopes() {
  scopes_->setSortingEnabled(false);
  scopes_->setRowCount(0);
  if (!analysis_) return;
  for (std::size_t i = 0; i < scopes().size(); ++i) {
    const ScopeOverlap& scope = scopes()[i];
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

void OverlapView::showExposed(std::vector<Exposed> intervals, const QString& of) {
  tabs_->setTabText(kExposedTab,
                    of.isEmpty() ? tr("Longest exposed") : tr("Longest exposed of %1").arg(of));
  exposed_->show(trace_, analysis_, ExposedList(std::move(intervals)));
}

void OverlapView::goToLongest() {
  const ExposedList& list = exposed_->list();
  if (const auto longest = list.longest(1); !longest.empty()) goTo(list.items()[longest.front()]);
}

void OverlapView::showExposedOfDevice(int row) {
  const OverlapChartInput input = chartInput();
  if (!analysis_ || row < 0 || row >= static_cast<int>(input.devices.size())) return;
  const DeviceKey key = input.devices[static_cast<std::size_t>(row)].key;
  showExposed(exposed_intervals(activity(), [&](const DeviceKey& other) { return other == key; }),
              device_label(*trace_, key));
  goToLongest();
}

void OverlapView::showExposedOfScope(int row) {
  if (!analysis_ || scopes_->item(row, 0) == nullptr) return;
  const auto index = scopes_->item(row, 0)->data(kIndexRole).toULongLong();
  if (index >= scopes().size()) return;
  const ScopeOverlap& scope = scopes()[index];
  const QString kind = QString::fromStdString(scope.kind).replace('_', '-');
  showExposed(exposed_intervals(activity(), scope),
              scope.kind == "annotation" ? QString::fromStdString(scope.name)
                                         : kind + ' ' + QString::fromStdString(scope.name));
  goToLongest();
}

/// Shows and marks the interval, but keeps the window of the figures, which would otherwise shrink
/// to it.
void OverlapView::goTo(const Exposed& exposed) {
  stepped_ = exposed.range.begin;
  const TimeNs margin = std::max<TimeNs>(exposed.range.length(), 1000);
  if (selection_.scope() != FigureScope::Visible)
    selection_.setRange({exposed.range.begin - margin, exposed.range.end + margin});
  if (selection_.scope() != FigureScope::Selected)
    selection_.setArea(AreaSelection{exposed.range, tracks_of(*trace_, exposed.key)});
}

/// Position of stepping: the marked interval, unless that is the window itself.
std::optional<TimeNs> OverlapView::position() const {
  if (selection_.scope() == FigureScope::Selected) return stepped_;
  return selection_.area() ? std::optional(selection_.area()->range.begin) : std::nullopt;
}

void OverlapView::showNextExposed() {
  if (const auto next = exposed_->list().after(position().value_or(-1))) goTo(*next);
}

void OverlapView::showPreviousExposed() {
  const TimeNs time = position().value_or(selection_.full().end);
  if (const auto previous = exposed_->list().before(time)) goTo(*previous);
}

OverlapChartInput OverlapView::chartInput() const {
  OverlapChartInput input{trace_.get(), {}, {}};
  input.awaited = !trace_ && document_.trace() != nullptr;
  if (shown_window_) input.window = shown_window_->range;
  for (const DeviceOverlap& device : overlap())
    if (shows(device.key)) input.devices.push_back(device);
  // The worst are seen where not all have room.
  std::stable_sort(input.devices.begin(), input.devices.end(),
                   [](const DeviceOverlap& a, const DeviceOverlap& b) {
                     return a.figures.exposed > b.figures.exposed;
                   });
  return input;
}

void OverlapView::paintChart(QPainter& painter, QSize size, const Theme& theme) {
  OverlapFileChart(trace_, chartInput()).paintChart(painter, size, theme);
}

QString OverlapView::csv() const {
  return OverlapFileChart(trace_, chartInput()).csv();
}

}  // namespace moescope
