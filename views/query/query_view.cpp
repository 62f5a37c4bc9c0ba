#include "views/query/query_view.h"

#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QSplitter>
#include <QVBoxLayout>

#include "core/query/query.h"
#include "views/common/action.h"
#include "views/common/row_height.h"
#include "views/common/units.h"
#include "views/plot/chart_paint.h"

namespace moescope {
namespace {

/// The file that holds loads and plans beside the spans: a recording that is open by itself.
std::filesystem::path recording_of(const TraceDocument& document) {
  const QStringList& files = document.files();
  const bool recording = files.size() == 1 && files.front().endsWith(QLatin1String(".moetrace"));
  return recording ? std::filesystem::path(files.front().toStdString()) : std::filesystem::path();
}

}  // namespace

QueryView::QueryView(TraceDocument& document, Selection& selection, QWidget* parent)
    : QWidget(parent),
      document_(document),
      selection_(selection),
      revealer_(document, selection),
      tree_(new QueryTree(this)),
      editor_(new SqlEditor(this)),
      run_(new QPushButton(tr("Run"), this)),
      cancel_(new QPushButton(tr("Cancel"), this)),
      status_(new QLabel(this)) {
  setObjectName("queryView");
  buildResult();
  run_->setObjectName("runQuery");
  run_->setToolTip(tr("Run the question (Ctrl+Return)"));
  cancel_->setObjectName("cancelQuery");
  cancel_->setToolTip(tr("Stop the question that runs"));
  status_->setObjectName("queryStatus");
  status_->setWordWrap(true);
  status_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  auto* line = new QHBoxLayout;
  line->addWidget(run_);
  line->addWidget(cancel_);
  line->addWidget(status_, 1);
  auto* top = new QWidget(this);
  auto* column = new QVBoxLayout(top);
  column->setContentsMargins(0, 4, 4, 0);
  column->addWidget(editor_, 1);
  column->addLayout(line);
  auto* right = new QSplitter(Qt::Vertical, this);
  right->addWidget(top);
  right->addWidget(tabs_);
  right->setSizes({140, 260});
  auto* splitter = new QSplitter(this);
  splitter->addWidget(tree_);
  splitter->addWidget(right);
  splitter->setSizes({230, 770});
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(splitter);
  addActions();
  connect(run_, &QPushButton::clicked, this, &QueryView::run);
  connect(editor_, &SqlEditor::runRequested, this, &QueryView::run);
  connect(cancel_, &QPushButton::clicked, &job_, &JobRunner::cancel);
  connect(tree_, &QueryTree::textWanted, editor_, &QPlainTextEdit::insertPlainText);
  connect(tree_, &QueryTree::queryChosen, this, &QueryView::ask);
  for (const auto changed : {&JobRunner::finished, &JobRunner::cancelled})
    connect(&job_, changed, this, &QueryView::refreshState);
  connect(&job_, &JobRunner::cancelled, this, [this] { status_->setText(tr("Cancelled.")); });
  connect(&job_, &JobRunner::failed, status_, &QLabel::setText);
  connect(&document_, &TraceDocument::traceChanged, this, &QueryView::refreshState);
  refreshState();
}

void QueryView::ask(const QString& sql) {
  setSql(sql);
  run();
}

void QueryView::buildResult() {
  sorted_.setSourceModel(&model_);
  sorted_.setSortRole(ResultModel::kSortRole);
  table_ = new QTableView(this);
  table_->setObjectName("queryTable");
  table_->setAccessibleName(tr("Rows of the result"));
  table_->setModel(&sorted_);
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setFrameShape(QFrame::NoFrame);
  table_->setShowGrid(false);
  table_->setAlternatingRowColors(true);
  table_->setWordWrap(false);
  fit_rows_to_text(*table_);
  chart_ = new ResultChart(this);
  tabs_ = new QTabWidget(this);
  tabs_->setObjectName("queryTabs");
  tabs_->setDocumentMode(true);
  tabs_->addTab(table_, tr("Rows"));
  tabs_->addTab(chart_, tr("Chart"));
  const auto go = [this](const QModelIndex& index) { goTo(sorted_.mapToSource(index).row()); };
  connect(table_, &QTableView::clicked, this, go);
  connect(table_, &QTableView::activated, this, go);
}

void QueryView::addActions() {
  QAction* copy = add_command(this, "query.copy_csv", tr("Copy result as CSV"),
                              tr("Copy the rows of the query as comma-separated text"));
  connect(copy, &QAction::triggered, this, [this] { QApplication::clipboard()->setText(csv()); });
  table_->setContextMenuPolicy(Qt::ActionsContextMenu);
  table_->addAction(copy);
}

void QueryView::refreshState() {
  const bool open = document_.trace() != nullptr;
  run_->setEnabled(open && !job_.running());
  cancel_->setEnabled(job_.running());
  if (!open) status_->setText(tr("Open a trace to ask about it."));
  if (open && model_.columnCount() == 0 && status_->text().startsWith(tr("Open a trace")))
    status_->setText(tr("Choose a question on the left, or write one."));
}

void QueryView::run() {
  const QString sql = editor_->toPlainText().trimmed();
  const TracePtr trace = document_.trace();
  if (!trace || sql.isEmpty()) return;
  tree_->addToHistory(sql);
  status_->setText(tr("Running…"));
  job_.start(
      tr("Query"),
      [trace, rules = document_.rules(), recording = recording_of(document_),
       text = sql.toStdString()](Progress& progress) {
        QuerySession session(trace, rules, recording);
        return run_limited(session, text, kMostRows, progress);
      },
      [this](QueryResult result) { showResult(std::move(result)); });
  refreshState();
}

void QueryView::showResult(QueryResult result) {
  const QString rows = counted(result.rows.size(), tr("row"), tr("rows"));
  const bool limited = result.limited;
  table_->setSortingEnabled(false);
  sorted_.sort(-1);
  model_.setResult(std::move(result));
  table_->setSortingEnabled(true);
  table_->horizontalHeader()->setSortIndicator(-1, Qt::AscendingOrder);
  table_->resizeColumnsToContents();
  for (int column = 0; column < model_.columnCount(); ++column)
    table_->setColumnWidth(column, std::min(table_->columnWidth(column), 420));
  tabs_->setTabEnabled(1, chart_->draw(model_.result()));
  const bool spans = model_.rowCount() > 0 && model_.span(0).valid();
  status_->setText((limited ? tr("The first %1; there are more.").arg(rows) : rows + '.') +
                   (spans ? tr(" Click a row to see its span.") : QString()));
}

void QueryView::goTo(int row) {
  if (row < 0 || row >= model_.rowCount() || !document_.trace()) return;
  const SpanRef span = model_.span(row);
  if (span.valid() && span.track < document_.trace()->tracks().size() &&
      span.index < document_.trace()->span_count(span.track))
    return revealer_.reveal(span);
  const TimeRange time = model_.time(row);
  if (!time.empty()) selection_.setRange(time);
}

QString QueryView::csv() const {
  const auto line = [](const QStringList& cells) { return cells.join(QLatin1Char(',')) + '\n'; };
  QStringList header;
  for (const std::string& column : model_.result().columns)
    header << table_field(QString::fromStdString(column), QLatin1Char(','));
  QString text = line(header);
  for (const auto& row : model_.result().rows) {
    QStringList cells;
    for (const QueryValue& value : row)
      cells << table_field(QString::fromStdString(to_text(value)), QLatin1Char(','));
    text += line(cells);
  }
  return text;
}

}  // namespace moescope
