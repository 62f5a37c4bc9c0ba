#include "views/statistics/statistics_panel.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QVBoxLayout>
#include <algorithm>
#include <chrono>

#include "core/analysis/overlap/losses.h"
#include "views/common/action.h"
#include "views/common/row_height.h"
#include "views/common/units.h"
#include "views/plot/chart_paint.h"
#include "views/workspace/scope_box.h"

namespace moescope {
namespace {
constexpr int kDelayMs = 80;
constexpr int kNameLetters = 22;  // that a name has room for, with its swatch
constexpr int kGrowingMs = 1000;  // while a trace is recorded and the range may follow it

}  // namespace

StatisticsPanel::StatisticsPanel(TraceDocument& document, Selection& selection, QWidget* parent)
    : QWidget(parent),
      document_(document),
      selection_(selection),
      title_(new QLabel(this)),
      grouping_(new QComboBox(this)),
      side_(new QComboBox(this)),
      table_(new QTableView(this)) {
  setObjectName("statisticsPanel");
  title_->setWordWrap(true);
  title_->setObjectName("statisticsTitle");
  grouping_->addItems({tr("By name"), tr("By class")});
  grouping_->setAccessibleName(tr("Group statistics"));
  side_->setObjectName("statisticsSide");
  side_->addItem(tr("Device work"), static_cast<int>(StatisticsOrder::Shown::Gpu));
  side_->addItem(tr("Host"), static_cast<int>(StatisticsOrder::Shown::Host));
  side_->addItem(tr("Devices and host"), static_cast<int>(StatisticsOrder::Shown::All));
  side_->setAccessibleName(tr("Spans that are counted"));
  side_->setToolTip(tr(
      "Device work: kernels, copies and fills. Host: calls, operators and annotations of threads; "
      "they contain each other, so that their totals add up to more than the time"));
  sorted_.setSourceModel(&model_);
  sorted_.setSortRole(StatisticsModel::kSortRole);
  table_->setObjectName("statisticsTable");
  table_->setAccessibleName(tr("Statistics of the selection"));
  table_->setModel(&sorted_);
  table_->setSortingEnabled(true);
  table_->sortByColumn(StatisticsModel::Total, Qt::DescendingOrder);
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setFrameShape(QFrame::NoFrame);
  table_->setShowGrid(false);
  table_->setAlternatingRowColors(true);
  table_->setWordWrap(false);
  table_->horizontalHeader()->setMinimumSectionSize(36);
  table_->setIconSize({12, 12});
  table_->setTextElideMode(Qt::ElideMiddle);
  table_->verticalHeader()->hide();
  fit_rows_to_text(*table_);
  table_->setContextMenuPolicy(Qt::ActionsContextMenu);
  auto* top = new QHBoxLayout;
  top->addWidget(title_, 1);
  auto* choices = new QHBoxLayout;
  choices->addWidget(side_);
  choices->addWidget(grouping_);
  choices->addStretch(1);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(4, 4, 4, 4);
  layout->addLayout(choices);
  layout->addLayout(top);
  layout->addWidget(table_, 1);
  addCopyActions();
  shrinkText();

  delay_.setSingleShot(true);
  delay_.setInterval(kDelayMs);
  connect(&delay_, &QTimer::timeout, this, &StatisticsPanel::refresh);
  // Not restarted: a range that follows a recording changes all the time.
  const auto later = [this] {
    if (!delay_.isActive()) delay_.start();
  };
  connect(&selection_, &Selection::selectionChanged, this, later);
  connect(&selection_, &Selection::scopeChanged, this, later);
  connect(&selection_, &Selection::processFilterChanged, this, later);
  connect(&document_, &TraceDocument::traceChanged, this, [this, later] {
    delay_.setInterval(kDelayMs);
    later();
  });
  connect(&document_, &TraceDocument::traceGrown, this,
          [this] { delay_.setInterval(std::max(kGrowingMs, delay_.interval())); });
  connect(&document_, &TraceDocument::analysisChanged, this, later);
  connect(grouping_, &QComboBox::currentIndexChanged, this, [this](int index) {
    model_.setByClass(index == 1);
    fitColumns();
  });
  connect(side_, &QComboBox::currentIndexChanged, this, &StatisticsPanel::showTitle);
  connect(table_, &QTableView::activated, this, [this](const QModelIndex& index) {
    const SpanRef span = model_.longest(sorted_.mapToSource(index).row());
    if (span.valid()) selection_.selectSpan(span);
  });
  connect(&job_, &JobRunner::failed, this,
          [this](const QString& error) { title_->setText(error); });
  fitColumns();
  refresh();
}

void StatisticsPanel::addCopyActions() {
  QAction* tsv = add_command(this, "statistics.copy_tsv", tr("Copy statistics"),
                             tr("Copy the selected rows, or all, as tab-separated text"),
                             {QKeySequence::Copy});
  QAction* csv = add_command(this, "statistics.copy_csv", tr("Copy statistics as CSV"),
                             tr("Copy the selected rows, or all, as comma-separated text"));
  table_->addActions({tsv, csv});
  const auto copy = [this](QChar separator) {
    QApplication::clipboard()->setText(toText(separator, table_->selectionModel()->hasSelection()));
  };
  connect(tsv, &QAction::triggered, this, [copy] { copy(QLatin1Char('\t')); });
  connect(csv, &QAction::triggered, this, [copy] { copy(QLatin1Char(',')); });
}

std::vector<TrackId> StatisticsPanel::tracksOfFilter(const std::vector<TrackId>& wanted) const {
  const auto process = selection_.processFilter();
  if (!process) return wanted;
  std::vector<TrackId> tracks;
  const auto& all = document_.trace()->tracks();
  for (TrackId t = 0; t < all.size(); ++t) {
    const bool asked = wanted.empty() || std::find(wanted.begin(), wanted.end(), t) != wanted.end();
    if (asked && all[t].process == *process) tracks.push_back(t);
  }
  // An empty list would mean all tracks.
  if (tracks.empty()) tracks.push_back(static_cast<TrackId>(all.size()));
  return tracks;
}

void StatisticsPanel::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  if (document_.growing() && !delay_.isActive()) delay_.start();
}

void StatisticsPanel::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  fitFigures();
}

/// Names distinguish kernels: the least important figures make room for them.
void StatisticsPanel::fitFigures() {
  const QAbstractItemView& cells = *table_;
  const auto wanted = [&](int column) {
    return std::max(cells.sizeHintForColumn(column),
                    table_->horizontalHeader()->sectionSizeHint(column));
  };
  int room = table_->viewport()->width() - kNameLetters * table_->fontMetrics().averageCharWidth();
  for (const int column : {StatisticsModel::Count, StatisticsModel::Total, StatisticsModel::Share})
    room -= wanted(column);
  for (const int column : {StatisticsModel::Mean, StatisticsModel::Max, StatisticsModel::Min}) {
    room -= wanted(column);
    table_->setColumnHidden(column, room < 0);
  }
}

/// Six figures beside a name must fit a narrow column.
void StatisticsPanel::shrinkText() {
  QFont small = font();
  small.setPointSizeF(std::max(7.5, small.pointSizeF() * 0.9));
  table_->setFont(small);
  table_->horizontalHeader()->setFont(small);
  fitColumns();
}

void StatisticsPanel::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::FontChange) shrinkText();
}

void StatisticsPanel::refresh() {
  if (document_.growing() && !isVisible())
    return;  // the range follows the recording, and the panel is hidden
  if (!document_.trace() || !document_.analysis()) {
    show({}, document_.trace() ? tr("Waiting for the analysis.") : QString());
    return;
  }
  const TracePtr trace = document_.trace();
  const AnalysisPtr analysis = document_.analysis();
  // One span is explained by the Inspector; figures stay of the scope.
  if (const auto& spans = selection_.selectedSpans(); spans.size() > 1) {
    show(statistics_of(*trace, *analysis->classes, spans), tr("Selected"));
    return;
  }
  const auto area = selection_.scopeArea().value_or(AreaSelection{selection_.full(), {}});
  QString what =
      area.tracks.empty()
          ? scope_text(selection_)
          : tr("Selected area, %1, its rows alone").arg(format_time(area.range.length()));
  if (const auto lost = losses_in(*trace, area.range, selection_.processFilter()); !lost.empty())
    what += tr(" (records are missing in %1 of it)").arg(format_time(lost_time(lost, area.range)));
  const auto tracks = tracksOfFilter(area.tracks);
  if (tracks.size() == 1 && tracks.front() >= trace->tracks().size()) {
    show({}, what);
    return;
  }
  job_.start(
      tr("Statistics"),
      [trace, analysis, range = area.range, tracks](Progress& progress) {
        return statistics_of(*trace, *analysis->classes, range, tracks, true, progress);
      },
      [this, what, number = document_.traceNumber(),
       started = std::chrono::steady_clock::now()](SelectionStatistics statistics) {
        if (number != document_.traceNumber()) return;
        show(std::move(statistics), what);
        if (!document_.growing()) return;
        // A recording gets longer: its statistics take a tenth of a thread at most.
        const std::chrono::duration<double, std::milli> took =
            std::chrono::steady_clock::now() - started;
        delay_.setInterval(std::max(kGrowingMs, static_cast<int>(10 * took.count())));
      });
}

void StatisticsPanel::show(SelectionStatistics statistics, const QString& what) {
  what_ = what;
  const bool first = model_.rowCount() == 0, any = statistics.all.count != 0;
  model_.setStatistics(document_.trace(), std::move(statistics));
  showTitle();
  if (first && any) fitColumns();
  fitFigures();
}

/// What is counted, what is left out, and the total of the rows.
void StatisticsPanel::showTitle() {
  using Shown = StatisticsOrder::Shown;
  const SelectionStatistics& statistics = model_.statistics();
  const DurationStatistics& all = statistics.all;
  DurationStatistics host;
  for (const auto& [span_class, durations] : statistics.classes)
    if (span_class == SpanClass::Host) host = durations;
  const quint64 gpu = all.count - host.count;
  auto shown = static_cast<Shown>(side_->currentData().toInt());
  if (shown == Shown::Gpu && gpu == 0) shown = Shown::Host;  // rather than nothing
  if (shown == Shown::Host && host.count == 0) shown = Shown::Gpu;
  sorted_.setShown(shown);
  model_.setWhole(shown == Shown::All    ? all.total
                  : shown == Shown::Host ? host.total
                                         : all.total - host.total);
  if (all.count == 0) return title_->setText(what_);
  const auto spans = [](quint64 count) { return counted(count, tr("span"), tr("spans")); };
  const auto title = [&](const QString& counted, TimeNs total) {
    return tr("%1: %2, total %3").arg(what_, counted, format_time(total));
  };
  QString text;
  if (shown == Shown::All)
    text = title(spans(all.count), all.total);
  else if (shown == Shown::Host)
    text = title(tr("%1 of the host").arg(spans(host.count)), host.total);
  else
    text = title(tr("%1 of devices").arg(spans(gpu)), all.total - host.total);
  if (shown == Shown::Host && gpu > 0)
    text += tr("; %1 of devices not counted").arg(format_count(gpu));
  if (shown == Shown::Gpu && host.count > 0)
    text += tr("; %1 of the host not counted").arg(format_count(host.count));
  title_->setText(text);
}

void StatisticsPanel::fitColumns() {
  // The swatch beside the name shows the class; a column would push figures out of sight.
  const bool by_class = grouping_->currentIndex() == 1;
  table_->setColumnHidden(StatisticsModel::Class, !by_class);
  table_->setColumnHidden(StatisticsModel::Name, by_class);
  const int text = by_class ? StatisticsModel::Class : StatisticsModel::Name;
  for (int column = 0; column < StatisticsModel::ColumnCount; ++column)
    table_->horizontalHeader()->setSectionResizeMode(
        column, column == text ? QHeaderView::Stretch : QHeaderView::ResizeToContents);
}

QString StatisticsPanel::toText(QChar separator, bool selected_rows) const {
  QStringList lines{
      QStringList{"class", "name", "count", "total_ns", "mean_ns", "min_ns", "max_ns", "scope"}
          .join(separator)};
  for (int row = 0; row < sorted_.rowCount(); ++row) {
    if (selected_rows && !table_->selectionModel()->isRowSelected(row, {})) continue;
    QStringList cells;
    for (int column = 0; column < StatisticsModel::ColumnCount; ++column)
      if (column != StatisticsModel::Share)  // follows from the totals
        cells << table_field(sorted_.index(row, column).data(StatisticsModel::kSortRole).toString(),
                             separator);
    cells << table_field(what_, separator);
    lines << cells.join(separator);
  }
  return lines.join(QLatin1Char('\n')) + QLatin1Char('\n');
}

}  // namespace moescope
