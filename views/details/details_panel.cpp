#include "views/details/details_panel.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QVBoxLayout>

#include "views/common/action.h"

namespace moescope {

DetailsPanel::DetailsPanel(TraceDocument& document, Selection& selection, QWidget* parent)
    : QWidget(parent),
      document_(document),
      selection_(selection),
      revealer_(document, selection),
      empty_(new QLabel(tr("Select a span to see its details."), this)),
      search_(new QLineEdit(this)),
      tree_(new QTreeView(this)) {
  setObjectName("detailsPanel");
  filter_.setSourceModel(&model_);
  filter_.setRecursiveFilteringEnabled(true);
  filter_.setFilterKeyColumn(-1);
  filter_.setFilterCaseSensitivity(Qt::CaseInsensitive);
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setWordWrap(true);
  empty_->setForegroundRole(QPalette::PlaceholderText);
  search_->setPlaceholderText(tr("Search details"));
  search_->setClearButtonEnabled(true);
  search_->setAccessibleName(tr("Search details"));
  tree_->setObjectName("detailsTree");
  tree_->setModel(&filter_);
  tree_->setAccessibleName(tr("Details of the selected span"));
  tree_->setFrameShape(QFrame::NoFrame);
  tree_->setAlternatingRowColors(true);
  tree_->setContextMenuPolicy(Qt::ActionsContextMenu);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(4, 4, 4, 4);
  layout->addWidget(search_);
  layout->addWidget(tree_, 1);
  layout->addWidget(empty_, 1);

  QAction* value = add_command(this, "details.copy_value", tr("Copy value"),
                               tr("Copy the value of the current row"), {QKeySequence::Copy});
  QAction* all = add_command(this, "details.copy_all", tr("Copy all details"),
                             tr("Copy every property and value as text"));
  tree_->addActions({value, all});
  connect(value, &QAction::triggered, this, &DetailsPanel::copyValue);
  connect(all, &QAction::triggered, this, &DetailsPanel::copyAll);
  connect(search_, &QLineEdit::textChanged, this, [this](const QString& text) {
    filter_.setFilterFixedString(text);
    tree_->expandAll();
  });
  connect(tree_, &QTreeView::activated, this, &DetailsPanel::activate);
  connect(tree_, &QTreeView::clicked, this, [this](const QModelIndex& index) {
    if (index.column() == 1) activate(index);
  });
  connect(&selection_, &Selection::selectionChanged, this, &DetailsPanel::refresh);
  connect(&span_job_, &JobRunner::failed, this, &DetailsPanel::showEmpty);  // a damaged chunk
  const auto forget = [this] {
    flow_job_.abandon();
    flow_.reset();
    refresh();
  };
  connect(&document_, &TraceDocument::traceChanged, this, forget);
  connect(&document_, &TraceDocument::traceGrown, this, [forget](bool evicted) {
    if (evicted) forget();
  });
  connect(&document_, &TraceDocument::analysisChanged, this, [this, forget] {
    // Details of a span stay valid while the trace grows.
    if (!document_.growing() || !flow_) forget();
  });
  refresh();
}

/// Details that are shown stay until the next ones were read.
void DetailsPanel::refresh() {
  span_job_.abandon();
  const TracePtr trace = document_.trace();
  const SpanRef span = trace ? selection_.currentSpan() : SpanRef{};
  if (!span.valid()) return showEmpty(tr("Select a span to see its details."));
  if (!trace->in_memory()) {
    span_job_.start(
        tr("Reading a span"),
        [trace, span, analysis = document_.analysis(), flow = flow_](Progress&) {
          return read_span_details(trace, span, analysis, flow.get());
        },
        [this](const SpanDetails& details) { showDetails(details); });
    return;
  }
  try {
    showDetails(read_span_details(trace, span, document_.analysis(), flow_.get()));
  } catch (const std::exception& error) {  // a selection of the trace before
    showEmpty(QString::fromUtf8(error.what()));
  }
}

void DetailsPanel::showDetails(const SpanDetails& details) {
  model_.show(details);
  layoutTree();
  if (!flow_) findFlow();
}

void DetailsPanel::showEmpty(const QString& text) {
  model_.clear();
  empty_->setText(text);
  layoutTree();
}

void DetailsPanel::layoutTree() {
  const bool some = model_.rowCount() > 0;
  tree_->setVisible(some);
  search_->setVisible(some);
  empty_->setVisible(!some);
  tree_->expandAll();
  tree_->header()->setStretchLastSection(true);
  tree_->resizeColumnToContents(0);
  tree_->setColumnWidth(0, std::min(tree_->columnWidth(0), tree_->width() / 2));
}

void DetailsPanel::findFlow() {
  const AnalysisPtr& wanted = document_.analysis();
  if (!wanted || (flow_job_.running() && flow_of_ == wanted)) return;
  flow_of_ = wanted;
  flow_job_.start(
      tr("Finding launches and collectives"),
      [trace = document_.trace(), analysis = document_.analysis()](Progress& progress) {
        return std::pair(analysis,
                         std::make_shared<const FlowIndex>(*trace, *analysis->classes, progress));
      },
      [this](const auto& found) {
        if (found.first == document_.analysis()) flow_ = found.second;
        refresh();
      });
}

void DetailsPanel::activate(const QModelIndex& index) {
  const QModelIndex first = index.siblingAtColumn(0);
  if (const QVariant rule = first.data(DetailsModel::kRuleRole); rule.isValid())
    Q_EMIT ruleRequested(rule.toInt());
  if (const QVariant span = first.data(DetailsModel::kSpanRole); span.isValid())
    revealer_.reveal(span.value<SpanRef>());
}

void DetailsPanel::copyValue() {
  const QModelIndex index = tree_->currentIndex();
  if (index.isValid())
    QApplication::clipboard()->setText(index.siblingAtColumn(1).data().toString());
}

void DetailsPanel::copyAll() {
  QApplication::clipboard()->setText(model_.toText());
}

}  // namespace moescope
