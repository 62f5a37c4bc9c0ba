#include "views/sm/sm_view.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QScrollArea>
#include <QSplitter>
#include <QVBoxLayout>
#include <algorithm>
#include <utility>

#include "views/common/action.h"
#include "views/common/destroyed_elsewhere.h"
#include "views/common/units.h"
#include "views/plot/chart_paint.h"
#include "views/sm/sm_canvas.h"
#include "views/sm/sm_columns.h"
#include "views/sm/sm_grid.h"
#include "views/sm/sm_pair_bars.h"
#include "views/workspace/scope_box.h"

namespace moescope {
namespace {
constexpr int kRangeDelayMs = 150;  // a range that is dragged or follows a recording
}

SmView::SmView(TraceDocument& document, Selection& selection, QWidget* parent)
    : QWidget(parent), document_(document), selection_(selection) {
  canvas_ = new SmCanvas(*this, selection);
  auto* splitter = new QSplitter(this);
  splitter->addWidget(canvas_);
  splitter->addWidget(makeSide());
  splitter->setStretchFactor(0, 3);
  splitter->setStretchFactor(1, 1);
  splitter->setSizes({700, 380});
  auto* layout = new QHBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(splitter);
  addActions();
  connect(&document, &TraceDocument::analysisChanged, this, &SmView::reload);
  connect(&document, &TraceDocument::traceChanged, this, &SmView::reload);
  connect(&selection, &Selection::scopeChanged, this, &SmView::showTimes);
  range_delay_.setSingleShot(true);
  range_delay_.setInterval(kRangeDelayMs);
  connect(&range_delay_, &QTimer::timeout, this, &SmView::sweepRange);
  connect(&selection, &Selection::cursorChanged, this, &SmView::showCursor);
  connect(&selection, &Selection::processFilterChanged, this, [this] { show(data_); });
  connect(tabs_, &QTabWidget::currentChanged, this, [this] {
    if (!hasBlocks()) reload();
  });
  connect(device_, &QComboBox::currentIndexChanged, this, [this] {
    fillPairs();
    showCursor();
  });
  reload();
  finishLoading();
}

QWidget* SmView::makeSide() {
  device_ = new QComboBox(this);
  device_->setObjectName("smDevice");
  device_->setToolTip(tr("Device that is shown"));
  device_->setAccessibleName(tr("Device that is shown"));
  method_ = new QLabel(this);
  method_->setObjectName("smMethod");
  method_->setWordWrap(true);
  method_->setAlignment(Qt::AlignTop | Qt::AlignLeft);
  method_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  method_->setMargin(6);
  cursor_label_ = new QLabel(this);
  cursor_label_->setObjectName("smCursor");
  cursor_label_->setWordWrap(true);
  scope_ = new QLabel(this);
  scope_->setObjectName("smScope");
  scope_->setToolTip(tr("What the times and shares below are of; it is chosen in the headline"));
  grid_ = new SmGrid(this);
  bars_ = new SmPairBars(this);
  pairs_ = new QTableWidget(0, 4, this);
  pairs_->setObjectName("smPairs");
  pairs_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  pairs_->setSelectionBehavior(QAbstractItemView::SelectRows);
  pairs_->setFrameShape(QFrame::NoFrame);
  pairs_->setShowGrid(false);
  pairs_->setAlternatingRowColors(true);
  pairs_->verticalHeader()->hide();
  pairs_->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 6);
  pairs_->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
  auto* scroll = new QScrollArea(this);
  scroll->setWidget(method_);
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  tabs_ = new QTabWidget(this);
  tabs_->setObjectName("smTabs");
  tabs_->setDocumentMode(true);
  tabs_->addTab(bars_, tr("Time at"));
  tabs_->addTab(pairs_, tr("Table"));
  tabs_->addTab(grid_, QString());
  tabs_->addTab(scroll, tr("Method"));
  tabs_->setTabToolTip(1, tr("All pairs with their times"));
  setNames({tr("SM"), tr("SMs")});
  auto* side = new QWidget(this);
  auto* layout = new QVBoxLayout(side);
  layout->setContentsMargins(4, 4, 4, 4);
  layout->addWidget(device_);
  layout->addWidget(cursor_label_);
  layout->addWidget(scope_);
  layout->addWidget(tabs_, 1);
  side_ = side;
  side->setMinimumWidth(292);  // all four tabs
  return side;
}

void SmView::setNames(const ProcessorNames& names) {
  names_ = names;
  setWindowTitle(names.allocation());
  setAccessibleName(names.allocation());
  pairs_->setAccessibleName(tr("Time by %1 of communication and compute").arg(names.many));
  pairs_->setHorizontalHeaderLabels(
      {tr("Comm %1").arg(names.many), tr("Compute %1").arg(names.many), tr("Time"), tr("Share")});
  pairs_->setToolTip(
      tr("Time during which communication held the first and compute the second number of %1")
          .arg(names.many));
  tabs_->setTabText(2, names.many.left(1).toUpper() + names.many.mid(1));
  tabs_->setTabToolTip(
      0, tr("Time spent at each pair of communication and compute %1").arg(names.many));
  tabs_->setTabToolTip(2, tr("What each %1 does at the pointer").arg(names.one));
  tabs_->setTabToolTip(3, tr("How the %1 were determined, and notes about it").arg(names.many));
}

void SmView::addActions() {
  QAction* copy =
      add_command(this, "sm.copy_pairs", tr("Copy SM pairs as TSV"),
                  tr("Copy the time at each (comm SMs, compute SMs) pair as tab-separated text"),
                  {QKeySequence::Copy});
  connect(copy, &QAction::triggered, this,
          [this] { QApplication::clipboard()->setText(pairsTsv()); });
}

void SmView::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  if (std::exchange(stale_, false)) reload();
}

/// While a trace grows, its blocks are indexed only when they are shown.
SmBlocks SmView::blocks() const {
  const bool wanted = !document_.growing() || tabs_->currentWidget() == grid_;
  return wanted ? SmBlocks::Indexed : SmBlocks::LeftOut;
}

/// False when shown blocks are missing.
bool SmView::hasBlocks() const {
  return !data_ || data_->has_blocks() || blocks() == SmBlocks::LeftOut;
}

void SmView::reload() {
  // A recording is re-analysed repeatedly: hidden views are not prepared each time.
  stale_ = document_.growing() && !isVisible();
  if (stale_) return;
  const TracePtr trace = document_.trace();
  const AnalysisPtr analysis = document_.analysis();
  if (!trace) {
    job_.abandon();
    show(nullptr);
    return;
  }
  if (!analysis) {
    if (!data_) show(nullptr);  // says so; an old picture stays until the new analysis is there
    return;
  }
  if (is_small_sm_data(*trace, *analysis)) {
    finishLoading();
    return;
  }
  job_.start(
      tr("Preparing SM allocation"),
      [trace, analysis, blocks = blocks()](Progress& progress) {
        return destroyed_elsewhere(make_sm_data(trace, analysis, blocks, progress));
      },
      [this](SmDataPtr made) {
        if (made->analysis == document_.analysis()) show(std::move(made));
      });
}

void SmView::finishLoading() {
  const AnalysisPtr analysis = document_.analysis();
  if (!analysis || (data_ && data_->analysis == analysis && hasBlocks())) return;
  job_.abandon();
  Progress progress;
  show(make_sm_data(document_.trace(), analysis, blocks(), progress));
}

void SmView::show(SmDataPtr made) {
  data_ = std::move(made);
  fillDevices();
  fillPairs();
  showCursor();
  Q_EMIT dataChanged();
}

void SmView::fillDevices() {
  const QSignalBlocker blocker(device_);
  const int before = device_->currentIndex();
  device_->clear();
  if (!data_) return;
  const auto filter = selection_.processFilter();
  for (std::size_t i = 0; i < data_->devices.size(); ++i) {
    const DeviceKey& key = data_->devices[i].allocation->key;
    if (filter && key.process != *filter) continue;
    device_->addItem(device_label(*data_->trace, key), static_cast<int>(i));
  }
  if (device_->count() > 1) device_->addItem(tr("All devices"), -1);
  device_->setCurrentIndex(before >= 0 && before < device_->count() ? before : 0);
  device_->setVisible(device_->count() > 1);
}

void SmView::showAllDevices() {
  device_->setCurrentIndex(device_->count() - 1);
}

std::vector<const SmDevice*> SmView::shownDevices() const {
  std::vector<const SmDevice*> shown;
  if (!data_ || device_->count() == 0) return shown;
  const int chosen = device_->currentData().toInt();
  for (int i = 0; i < device_->count(); ++i) {
    const int index = device_->itemData(i).toInt();
    if (index >= 0 && (chosen < 0 || index == chosen))
      shown.push_back(&data_->devices[static_cast<std::size_t>(index)]);
  }
  return shown;
}

SmChartInput SmView::chartInput() const {
  return {.trace = data_ ? data_->trace.get() : nullptr,
          .devices = shownDevices(),
          .range = selection_.range(),
          .awaited = awaited()};
}

void SmView::fillPairs() {
  pairs_->setRowCount(0);
  canvas_->refresh();
  const auto shown = shownDevices();
  side_->setVisible(!shown.empty());  // the chart says why there are none
  if (!shown.empty()) setNames(processor_names(*data_->trace, shown.front()->allocation->key));
  if (shown.size() != 1) {
    bars_->show(nullptr, names_);
    scope_->setText({});
    method_->setText(shown.empty()
                         ? sm_missing_text(data_ ? data_->trace.get() : nullptr, awaited())
                         : tr("Choose one device for its figures."));
    return;
  }
  const SmAllocation& sm = *shown.front()->allocation;
  QStringList facts{QString("<b>%1%2</b>")
                        .arg(sm.method == SmMethod::Inferred ? QString::fromUtf8("• ") : QString(),
                             sm_method_text(sm.method).toHtmlEscaped())};
  for (const std::string& caveat : sm.caveats)
    facts << QString::fromStdString(caveat).toHtmlEscaped();
  method_->setText("<p>" + facts.join("</p><p>") + "</p>");
  showTimes();
}

/// The trace is open, but its picture is not ready yet.
bool SmView::awaited() const {
  return !data_ && document_.trace() != nullptr;
}

/// The times at each pair in what figures are of. The whole trace has them in its analysis; a part
/// of it is swept by a job, and the old figures stay with their range until it is done.
void SmView::showTimes() {
  const auto shown = shownDevices();
  if (shown.size() != 1) return;
  const SmAllocation& whole = *shown.front()->allocation;
  if (!selection_.scopeArea()) {
    range_delay_.stop();
    times_job_.abandon();
    fillTimes(whole, scope_text(selection_));
    return;
  }
  if (!range_delay_.isActive()) range_delay_.start();
}

void SmView::sweepRange() {
  const auto shown = shownDevices();
  const auto area = selection_.scopeArea();
  if (shown.size() != 1 || !area) return;
  times_job_.start(
      tr("SMs of a part of the trace"),
      [data = data_, key = shown.front()->allocation->key,
       range = area->range](Progress& progress) {
        return analyze_sm_allocation_of(*data->trace, *data->analysis->classes, key, range,
                                        progress);
      },
      [this, data = data_, scope = scope_text(selection_)](std::optional<SmAllocation> found) {
        const auto now = shownDevices();
        if (data != data_ || now.size() != 1 || !found) return;
        if (found->key != now.front()->allocation->key) return;
        fillTimes(*found, scope);
      });
}

void SmView::fillTimes(const SmAllocation& allocation, const QString& scope) {
  times_ = allocation.time_at;
  scope_->setText(scope);
  bars_->show(&allocation, names_);
  fillPairTable(allocation);
}

void SmView::fillPairTable(const SmAllocation& allocation) {
  const auto pairs = sm_pair_times(allocation.time_at);
  pairs_->setRowCount(static_cast<int>(pairs.size()));
  for (int r = 0; r < pairs_->rowCount(); ++r) {
    const SmPairTime& pair = pairs[static_cast<std::size_t>(r)];
    const QStringList texts{QString::number(pair.comm), QString::number(pair.compute),
                            format_time(pair.time), format_percent(pair.percent)};
    for (int c = 0; c < texts.size(); ++c) {
      auto* item = new QTableWidgetItem(texts[c]);
      item->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
      if (c == 2) item->setToolTip(format_time_full(pair.time));
      pairs_->setItem(r, c, item);
    }
  }
}

QString SmView::textAt(TimeNs time) const {
  const auto shown = shownDevices();
  if (shown.empty()) return {};
  const SmAllocation& sm = *shown.front()->allocation;
  const auto step = sm_step_at(sm, time);
  if (!step) return tr("No GPU work of this device at %1").arg(format_time(time));
  return tr("At %1: communication %2, compute %3, free %4 of %5 %6")
      .arg(format_time(time))
      .arg(step->comm)
      .arg(step->compute)
      .arg(sm.sm_count - step->comm - step->compute)
      .arg(sm.sm_count)
      .arg(names_.many);
}

void SmView::showCursor() {
  const auto shown = shownDevices();
  const auto cursor = selection_.cursor();
  const bool shows = cursor && !shown.empty();
  cursor_label_->setText(shows ? textAt(*cursor)
                               : tr("Point at a time for its %1.").arg(names_.many));
  grid_->show(data_ ? data_->trace.get() : nullptr, shown.empty() ? nullptr : shown.front(),
              cursor);
}

QString SmView::summary() const {
  return sm_summary(chartInput());
}

void SmView::paintChart(QPainter& painter, QSize size, const Theme& theme) {
  finishLoading();
  fileChart().paintChart(painter, size, theme);
}

SmFileChart SmView::fileChart() const {
  return {data_, shownDevices(), selection_.range(), awaited()};
}

QString SmView::csv() const {
  return fileChart().csv();
}

QString SmView::pairsTsv() const {
  QString text = QStringLiteral("comm %1\tcompute %1\ttime (ns)\tshare (%)\n").arg(names_.many);
  if (shownDevices().size() != 1) return text;
  for (const SmPairTime& pair : sm_pair_times(times_))
    text += QString("%1\t%2\t%3\t%4\n")
                .arg(pair.comm)
                .arg(pair.compute)
                .arg(pair.time)
                .arg(pair.percent, 0, 'f', 1);
  return text;
}

}  // namespace moescope
