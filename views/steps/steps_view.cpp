#include "views/steps/steps_view.h"

#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QInputDialog>
#include <QMenu>
#include <QScrollBar>
#include <QSplitter>
#include <QVBoxLayout>
#include <limits>

#include "core/analysis/spans/gpu_work.h"
#include "core/analysis/steps/step_standing.h"
#include "views/common/action.h"
#include "views/common/units.h"

namespace moescope {
namespace {
constexpr int kDelayMs = 60, kGrowingMs = 2000;
}

StepsView::StepsView(TraceDocument& document, Selection& selection, QWidget* parent)
    : QWidget(parent),
      document_(document),
      selection_(selection),
      title_(new QLabel(this)),
      number_(new QSpinBox(this)),
      compare_(new QToolButton(this)),
      table_(new QTableView(this)),
      path_(new PathList(this)) {
  setObjectName("stepsView");
  buildTable();
  title_->setWordWrap(true);
  number_->setObjectName("stepNumber");
  number_->setAccessibleName(tr("Go to step"));
  number_->setToolTip(tr("Number of the step to go to"));
  number_->setPrefix(tr("Step "));
  number_->setRange(0, std::numeric_limits<int>::max());
  number_->setKeyboardTracking(false);
  auto* top = new QHBoxLayout;
  top->addWidget(title_, 1);
  top->addWidget(number_);
  top->addWidget(compare_);
  auto* splitter = new QSplitter(this);
  splitter->addWidget(table_);
  splitter->addWidget(path_);
  splitter->setSizes({520, 480});
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(4, 4, 4, 4);
  layout->addLayout(top);
  layout->addWidget(splitter, 1);
  addActions();
  addCompareActions();
  delay_.setSingleShot(true);
  connect(&delay_, &QTimer::timeout, this, &StepsView::refresh);
  connect(&document_, &TraceDocument::analysisChanged, this, &StepsView::later);
  connect(&document_, &TraceDocument::traceChanged, this, [this] {
    flows_.reset();
    later();
  });
  connect(&selection_, &Selection::placeChanged, this, &StepsView::followPlace);
  connect(number_, &QSpinBox::valueChanged, this,
          [this](int number) { goTo(static_cast<std::uint64_t>(number)); });
  connect(path_, &PathList::segmentChosen, this, [this](const PathSegment& segment) {
    if (!document_.trace()) return;
    selection_.setRange(segment.time);
    selection_.setArea(AreaSelection{segment.time, tracks_of(*document_.trace(), segment.device)});
  });
  for (JobRunner* job : {&job_, &path_job_})
    connect(job, &JobRunner::failed, title_, &QLabel::setText);
  refresh();
}

void StepsView::buildTable() {
  sorted_.setSourceModel(&model_);
  sorted_.setSortRole(StepsModel::kSortRole);
  table_->setObjectName("stepsTable");
  table_->setAccessibleName(tr("Steps of the trace"));
  table_->setModel(&sorted_);
  table_->setSortingEnabled(true);
  table_->sortByColumn(StepsModel::Begin, Qt::AscendingOrder);
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setSelectionMode(QAbstractItemView::SingleSelection);
  table_->setFrameShape(QFrame::NoFrame);
  table_->setShowGrid(false);
  table_->setAlternatingRowColors(true);
  table_->verticalHeader()->hide();
  table_->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 6);
  table_->horizontalHeader()->setStretchLastSection(true);
  const auto go = [this](const QModelIndex& index) { goToRow(sorted_.mapToSource(index).row()); };
  connect(table_, &QTableView::clicked, this, go);
  connect(table_, &QTableView::activated, this, go);
}

void StepsView::addActions() {
  const auto add = [this](const char* id, const QString& text, const QString& tip,
                          const QList<QKeySequence>& keys, std::function<void()> run) {
    connect(add_command(this, QLatin1String(id), text, tip, keys), &QAction::triggered, this,
            std::move(run));
  };
  add("steps.next", tr("Next step"), tr("Go to the next step of the trace"), {QKeySequence("]")},
      [this] { move(1); });
  add("steps.previous", tr("Previous step"), tr("Go to the step before"), {QKeySequence("[")},
      [this] { move(-1); });
  add("steps.copy", tr("Copy steps as CSV"), tr("Copy the list of steps as comma-separated text"),
      {QKeySequence::Copy}, [this] {
        QString csv = QStringLiteral(
            "step,phase,begin_ns,time_ns,over_median_pct,exposed_comm_ns,compute_imbalance\n");
        for (int row = 0; row < sorted_.rowCount(); ++row) {
          QStringList cells;
          for (int column = 0; column < StepsModel::ColumnCount; ++column)
            cells << sorted_.index(row, column).data(StepsModel::kSortRole).toString();
          csv += cells.join(QLatin1Char(',')) + QLatin1Char('\n');
        }
        QApplication::clipboard()->setText(csv);
      });
}

void StepsView::addCompareActions() {
  const auto add = [this](const char* id, const QString& text, const QString& tip,
                          void (StepsView::*run)()) {
    QAction* action = add_command(this, QLatin1String(id), text, tip);
    connect(action, &QAction::triggered, this, run);
    compare_actions_ << action;
  };
  add("steps.compare_median", tr("Compare with the median step"),
      tr("Hold the chosen step against the one of median length among the others of its phase"),
      &StepsView::compareWithMedian);
  add("steps.compare_previous", tr("Compare with the step before"),
      tr("Hold the chosen step against the one before it in its phase"),
      &StepsView::compareWithPrevious);
  add("steps.compare_with", tr("Compare with…"),
      tr("Hold the chosen step against another one, by its number"), &StepsView::compareWithNumber);
  auto* menu = new QMenu(compare_);
  menu->addActions(compare_actions_);
  menu->setToolTipsVisible(true);
  compare_->setObjectName("stepsCompare");
  compare_->setText(tr("Compare"));
  compare_->setToolTip(tr("What differs between the chosen step and another one, and why"));
  compare_->setPopupMode(QToolButton::InstantPopup);
  compare_->setMenu(menu);
  table_->setContextMenuPolicy(Qt::ActionsContextMenu);
  table_->addActions(compare_actions_);
  connect(table_->selectionModel(), &QItemSelectionModel::selectionChanged, this,
          &StepsView::enableCompare);
  connect(&model_, &QAbstractItemModel::modelReset, this, &StepsView::enableCompare);
  enableCompare();
}

void StepsView::enableCompare() {
  const bool can = chosenRow() >= 0 && model_.rowCount() > 1;
  compare_->setEnabled(can);
  for (QAction* action : compare_actions_) action->setEnabled(can);
}

/// Of the model; -1 when no step is chosen.
int StepsView::chosenRow() const {
  const QModelIndexList rows = table_->selectionModel()->selectedRows();
  return rows.isEmpty() ? -1 : sorted_.mapToSource(rows.front()).row();
}

void StepsView::compareWithMedian() {
  const int row = chosenRow();
  if (row < 0) return;
  const auto index = static_cast<std::size_t>(row);
  if (const auto median = median_step_beside(*model_.steps(), index))
    Q_EMIT compareWanted({*median, index});
}

void StepsView::compareWithPrevious() {
  const int row = chosenRow();
  for (int other = row - 1; row >= 0 && other >= 0; --other)
    if (model_.step(other)->phase == model_.step(row)->phase)
      return Q_EMIT compareWanted({static_cast<std::size_t>(other), static_cast<std::size_t>(row)});
}

/// The number counts in the phase of the chosen step first.
void StepsView::compareWithNumber() {
  const int row = chosenRow();
  if (row < 0) return;
  const TraceStep& step = *model_.step(row);
  bool chosen = false;
  const int number = QInputDialog::getInt(
      this, tr("Compare step %1").arg(step.number), tr("Compare with step"),
      static_cast<int>(std::min<std::uint64_t>(step.number, INT_MAX)), 0, INT_MAX, 1, &chosen);
  if (!chosen) return;
  int found = model_.rowOf(static_cast<std::uint64_t>(number));
  for (int other = 0; other < model_.rowCount(); ++other)
    if (model_.step(other)->number == static_cast<std::uint64_t>(number) &&
        model_.step(other)->phase == step.phase)
      found = other;
  if (found < 0)
    title_->setText(tr("There is no step %1 to compare with.").arg(number));
  else
    Q_EMIT compareWanted({static_cast<std::size_t>(found), static_cast<std::size_t>(row)});
}

void StepsView::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  if (stale_) later();
}

/// Not restarted: a recording is analysed again and again.
void StepsView::later() {
  stale_ = true;
  if (!isVisible() || delay_.isActive()) return;
  delay_.start(document_.growing() && model_.rowCount() > 0 ? kGrowingMs : kDelayMs);
}

void StepsView::refresh() {
  const TracePtr trace = document_.trace();
  const AnalysisPtr analysis = document_.analysis();
  if (!trace) return showSteps(nullptr);
  if (!analysis) return;
  stale_ = false;
  job_.start(
      tr("Finding steps"),
      [trace, analysis](Progress& progress) {
        return std::make_shared<const TraceSteps>(
            find_steps(*trace, analysis->activity, analysis->scopes, progress));
      },
      [this](TraceStepsPtr steps) { showSteps(std::move(steps)); });
}

void StepsView::showSteps(TraceStepsPtr steps) {
  const bool found = steps && !steps->steps.empty();
  if (!steps)
    title_->setText(tr("No trace is open."));
  else if (!found)
    title_->setText(
        tr("No steps were found: the engine recorded none, no annotation such as ProfilerStep#7 is "
           "repeated, and the sequence of kernels does not repeat."));
  else
    title_->setText(tr("%1 found by %2.")
                        .arg(counted(steps->steps.size(), tr("step"), tr("steps")),
                             QString::fromStdString(steps->how)));
  number_->setEnabled(found);
  const TraceStep* before = model_.step(chosenRow());
  const auto chosen = before ? std::optional(*before) : std::nullopt;
  const int scrolled = table_->verticalScrollBar()->value();
  model_.setSteps(std::move(steps));
  table_->resizeColumnsToContents();
  if (chosen && document_.growing() && keepChosen(*chosen))
    return table_->verticalScrollBar()->setValue(scrolled);
  path_->explain(found ? tr("Click a step to see its critical path.") : QString());
}

/// A recording is analysed again and again: what was chosen in it stays, with its path unless the
/// step was not over yet.
bool StepsView::keepChosen(const TraceStep& chosen) {
  for (int row = 0; row < model_.rowCount(); ++row) {
    const TraceStep& step = *model_.step(row);
    if (step.number != chosen.number || step.phase != chosen.phase) continue;
    table_->selectRow(sorted_.mapFromSource(model_.index(row, 0)).row());
    if (step.range != chosen.range) showPath(step);
    return true;
  }
  return false;
}

bool StepsView::goTo(std::uint64_t number) {
  const int row = model_.rowOf(number);
  if (row < 0) return false;
  goToRow(row);
  return true;
}

void StepsView::goToRow(int row) {
  const TraceStep* step = model_.step(row);
  if (step == nullptr) return;
  table_->selectRow(sorted_.mapFromSource(model_.index(row, 0)).row());
  moving_ = true;
  selection_.setRange(step->range);
  ModelPlace place = selection_.place();
  place.step = static_cast<int>(std::min<std::uint64_t>(step->number, INT_MAX));
  selection_.setPlace(place);
  const QSignalBlocker quiet(number_);
  number_->setValue(place.step);
  moving_ = false;
  showPath(*step);
}

/// From the chosen step, else from the one that is visible first.
void StepsView::move(int by) {
  const QModelIndexList rows = table_->selectionModel()->selectedRows();
  int row = rows.isEmpty() ? -1 : sorted_.mapToSource(rows.front()).row();
  if (row < 0) {
    while (row + 1 < model_.rowCount() &&
           model_.step(row + 1)->range.begin < selection_.range().begin)
      ++row;
    if (by < 0) ++row;
  }
  goToRow(std::clamp(row + by, 0, std::max(model_.rowCount() - 1, 0)));
}

void StepsView::showPath(const TraceStep& step) {
  const TracePtr trace = document_.trace();
  const AnalysisPtr analysis = document_.analysis();
  if (!trace || !analysis) return;
  std::vector<DeviceKey> devices;
  for (const StepOnDevice& device : step.devices) devices.push_back(device.key);
  struct Result {
    CriticalPath path;
    std::shared_ptr<const FlowIndex> flows;
  };
  path_job_.start(
      tr("Critical path of step %1").arg(step.number),
      [trace, analysis, devices, range = step.range, flows = flows_](Progress& progress) {
        Result result;
        result.flows =
            flows ? flows : std::make_shared<const FlowIndex>(*trace, *analysis->classes, progress);
        result.path =
            critical_path(*trace, *analysis->classes, *result.flows, devices, range, progress);
        return result;
      },
      [this, trace](const Result& result) {
        if (!document_.growing()) flows_ = result.flows;
        path_->showPath(result.path, *trace);
      });
}

/// Another view chose a step.
void StepsView::followPlace() {
  if (moving_ || selection_.place().step < 0) return;
  const int row = model_.rowOf(static_cast<std::uint64_t>(selection_.place().step));
  if (row < 0) return;
  table_->selectRow(sorted_.mapFromSource(model_.index(row, 0)).row());
  showPath(*model_.step(row));
}

}  // namespace moescope
