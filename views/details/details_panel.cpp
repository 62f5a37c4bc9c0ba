#include "views/details/details_panel.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QVBoxLayout>
#include <algorithm>

#include "core/analysis/spans/kernel_label.h"
#include "views/common/action.h"
#include "views/details/area_details.h"
#include "views/details/place_details.h"
#include "views/details/rank_details.h"
#include "views/details/step_details.h"

namespace moescope {
namespace {

constexpr int kGrownMs = 2000;

using Views = QList<QPair<QString, QString>>;

/// Where more of it is shown.
Views views_for(Inspected what) {
  const auto tr = [](const char* text) { return DetailsPanel::tr(text); };
  switch (what) {
    case Inspected::Span:
      return {{"overlap", tr("Overlap")},
              {"steps", tr("Steps")},
              {"query", tr("Query same name")},
              {"statistics", tr("Statistics")}};
    case Inspected::Area:
      return {{"overlap", tr("Overlap")}, {"statistics", tr("Statistics")}, {"sm", tr("SMs")}};
    case Inspected::Step:
      return {{"steps", tr("Steps and critical path")}, {"overlap", tr("Overlap")}};
    case Inspected::Place:
      return {{"load", tr("Heatmap")}, {"plan", tr("Board")}, {"balance", tr("Balance")}};
    case Inspected::Rank:
      return {{"overlap", tr("Overlap")}, {"statistics", tr("Statistics")}};
    case Inspected::OtherSpan:
      return {{"compare", tr("Compare")}};
    case Inspected::Nothing:
      return {};
  }
  return {};
}

QString same_name_sql(std::string_view name) {
  QString quoted = QString::fromUtf8(name.data(), static_cast<qsizetype>(name.size()));
  quoted.replace(QLatin1Char('\''), QStringLiteral("''"));
  return QStringLiteral(
             "SELECT span, process, device, stream, start, dur, class\nFROM spans\n"
             "WHERE name = '%1'\nORDER BY dur DESC")
      .arg(quoted);
}

}  // namespace

DetailsPanel::DetailsPanel(Workspace& workspace, QWidget* parent)
    : QWidget(parent),
      workspace_(workspace),
      document_(workspace.trace()),
      selection_(workspace.selection()),
      revealer_(document_, selection_),
      inspected_(workspace),
      title_(new QLabel(this)),
      empty_(new QLabel(this)),
      search_(new QLineEdit(this)),
      tree_(new QTreeView(this)),
      links_(new InspectorLinks(this)) {
  setObjectName("detailsPanel");
  build();
  addCommands();
  connectDocuments();
  refresh();
}

void DetailsPanel::build() {
  filter_.setSourceModel(&model_);
  filter_.setRecursiveFilteringEnabled(true);
  filter_.setFilterKeyColumn(-1);
  filter_.setFilterCaseSensitivity(Qt::CaseInsensitive);
  QFont bold = font();
  bold.setBold(true);
  title_->setObjectName("inspectorTitle");
  title_->setFont(bold);
  title_->setWordWrap(true);
  title_->setTextFormat(Qt::PlainText);
  title_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  title_->setContentsMargins(4, 0, 4, 0);
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setWordWrap(true);
  empty_->setForegroundRole(QPalette::PlaceholderText);
  search_->setPlaceholderText(tr("Search these facts"));
  search_->setClearButtonEnabled(true);
  search_->setAccessibleName(tr("Search these facts"));
  tree_->setObjectName("detailsTree");
  tree_->setModel(&filter_);
  tree_->setAccessibleName(tr("Facts of the selection"));
  tree_->setFrameShape(QFrame::NoFrame);
  tree_->setAlternatingRowColors(true);
  tree_->setIndentation(12);
  tree_->setHeaderHidden(true);
  tree_->viewport()->installEventFilter(this);
  tree_->setContextMenuPolicy(Qt::ActionsContextMenu);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(4, 4, 4, 4);
  layout->addWidget(title_);
  layout->addWidget(tree_, 1);
  layout->addWidget(links_);
  layout->addWidget(search_);
  layout->addWidget(empty_, 1);
  setTabOrder(tree_, links_);
  setTabOrder(links_, search_);
}

void DetailsPanel::addCommands() {
  QAction* value = add_command(this, "details.copy_value", tr("Copy value"),
                               tr("Copy the value of the current row"), {QKeySequence::Copy});
  QAction* all = add_command(this, "details.copy_all", tr("Copy all facts"),
                             tr("Copy every property and value of the selection as text"));
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
  connect(links_, &InspectorLinks::viewWanted, this, &DetailsPanel::follow);
}

void DetailsPanel::connectDocuments() {
  connect(&inspected_, &InspectedKeeper::changed, this, &DetailsPanel::refresh);
  for (JobRunner* job : {&span_job_, &facts_job_})  // a damaged chunk
    connect(job, &JobRunner::failed, this, &DetailsPanel::showEmpty);
  connect(&selection_, &Selection::rangeChanged, this,
          [this] { model_.setVisible(selection_.range()); });
  connect(&selection_, &Selection::tokenFlowChanged, this, [this] {
    if (inspected_.what() == Inspected::Span && selection_.tokenFlow()) refresh();
  });
  connect(&workspace_.placeLink(), &PlaceLink::stepsFound, this, [this] {
    if (inspected_.what() == Inspected::Span || inspected_.what() == Inspected::Step) refresh();
  });
  connect(&document_, &TraceDocument::traceChanged, this, &DetailsPanel::forget);
  connect(&document_, &TraceDocument::traceGrown, this, [this](bool evicted) {
    if (evicted) forget();
  });
  grown_.setSingleShot(true);
  grown_.setInterval(kGrownMs);
  connect(&grown_, &QTimer::timeout, this, &DetailsPanel::refresh);
  connect(&document_, &TraceDocument::analysisChanged, this, [this] {
    if (!document_.growing()) return forget();
    // Facts of a span stay valid while the trace grows.
    if (inspected_.what() == Inspected::Span && flow_) return;
    if (!grown_.isActive()) grown_.start();
  });
}

/// Rows and links that lead somewhere have a colour of the theme.
void DetailsPanel::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) refresh();
}

bool DetailsPanel::busy() const {
  return flow_job_.running() || name_job_.running() || span_job_.running() ||
         facts_job_.running() || workspace_.placeLink().busy();
}

void DetailsPanel::forget() {
  flow_job_.abandon();
  name_job_.abandon();
  flow_.reset();
  same_name_.reset();
  refresh();
}

/// Facts that are shown stay until the next ones were read.
void DetailsPanel::refresh() {
  span_job_.abandon();
  facts_job_.abandon();
  const bool waits = inspected_.what() != Inspected::Place &&
                     inspected_.what() != Inspected::OtherSpan && !document_.analysis();
  if (waits && inspected_.what() != Inspected::Span && inspected_.what() != Inspected::Nothing)
    return showEmpty(tr("The trace is being analysed."));
  switch (inspected_.what()) {
    case Inspected::Span:
      return refreshSpan();
    case Inspected::OtherSpan:
      return refreshOtherSpan();
    case Inspected::Area:
      return refreshArea();
    case Inspected::Step:
      return refreshStep();
    case Inspected::Place:
      return refreshPlace();
    case Inspected::Rank:
      return refreshRank();
    case Inspected::Nothing:
      return showEmpty(
          tr("Select a span, mark an area, or choose a step, rank, expert or GPU to see what is "
             "known of it."));
  }
}

SpanContext DetailsPanel::context() const {
  return {document_.analysis(), flow_, workspace_.placeLink().foundSteps(), same_name_,
          selection_.tokenFlow()};
}

void DetailsPanel::refreshSpan() {
  const TracePtr trace = document_.trace();
  const SpanRef span = selection_.currentSpan();
  if (!trace->in_memory()) {
    span_job_.start(
        tr("Reading a span"),
        [trace, span, context = context()](Progress&) {
          return read_span_details(trace, span, context);
        },
        [this](const SpanDetails& details) { showSpan(details); });
    return;
  }
  try {
    showSpan(read_span_details(trace, span, context()));
  } catch (const std::exception& error) {  // a selection of the trace before
    showEmpty(QString::fromUtf8(error.what()));
  }
}

/// Launches, collectives and spans of the same name are those of the open trace: they are left out.
void DetailsPanel::refreshOtherSpan() {
  span_job_.start(
      tr("Reading a span"),
      [other = workspace_.compare().otherSpan()](Progress&) {
        return read_span_details(other.trace, other.ref,
                                 {other.analysis, nullptr, nullptr, nullptr});
      },
      [this](const SpanDetails& details) {
        showSpanFacts(details, {});
        title_->setText(tr("%1\nin %2").arg(title_->text(), workspace_.compare().otherSpan().side));
      });
}

void DetailsPanel::refreshArea() {
  facts_job_.start(
      tr("Figures of the selected area"),
      [trace = document_.trace(), analysis = document_.analysis(), area = *selection_.area()](
          Progress& progress) { return read_area_details(trace, analysis, area, progress); },
      [this](const AreaDetails& details) {
        showFacts(tr("Selected area"), [&](const FactRows& rows) { add_area_rows(rows, details); });
      });
}

void DetailsPanel::refreshStep() {
  const auto steps = workspace_.placeLink().steps();
  if (!steps) return;  // stepsFound() follows
  const auto number = static_cast<std::uint64_t>(selection_.place().step);
  facts_job_.start(
      tr("Figures of step %1").arg(number),
      [trace = document_.trace(), analysis = document_.analysis(), steps,
       number](Progress& progress) {
        return read_step_details(trace, analysis, *steps, number, progress);
      },
      [this, number](const std::optional<StepDetails>& details) {
        if (!details) return showEmpty(tr("The trace has no step %1.").arg(number));
        showFacts(tr("Step %1").arg(number),
                  [&](const FactRows& rows) { add_step_rows(rows, *details); });
      });
}

void DetailsPanel::refreshPlace() {
  const LoadDocument& loads = workspace_.loads();
  facts_job_.start(
      tr("Figures of an expert"),
      [input = PlaceInput{loads.loads(), loads.windows(), *loads.placement(), loads.rule(),
                          selection_.place(), document_.trace(), document_.analysis()}](Progress&) {
        return read_place_details(input);
      },
      [this](const PlaceDetails& details) {
        showFacts(place_title(details),
                  [&](const FactRows& rows) { add_place_rows(rows, details); });
      });
}

void DetailsPanel::refreshRank() {
  const ProcessId process = *selection_.processFilter();
  facts_job_.start(
      tr("Figures of a rank"),
      [trace = document_.trace(), analysis = document_.analysis(), process](Progress& progress) {
        return read_rank_details(trace, analysis, process, progress);
      },
      [this](const RankDetails& details) {
        const auto& process_of = details.trace->processes().at(details.process);
        showFacts(QString::fromStdString(process_of.label),
                  [&](const FactRows& rows) { add_rank_rows(rows, details); });
      });
}

void DetailsPanel::showSpan(const SpanDetails& details) {
  showSpanFacts(details, selection_.range());
  if (!flow_) findFlow();
  if (!details.same_name) findSameName(details);
}

void DetailsPanel::showSpanFacts(const SpanDetails& details, TimeRange visible) {
  const std::string_view name = details.trace->strings()[details.span.name];
  title_->setText(QString::fromStdString(kernel_label(name)));
  title_->setToolTip(QString::fromUtf8(name.data(), static_cast<qsizetype>(name.size())));
  model_.showSpan(details, visible);
  layoutTree();
}

void DetailsPanel::showFacts(const QString& title,
                             const std::function<void(const FactRows&)>& fill) {
  title_->setText(title);
  title_->setToolTip({});
  model_.show(fill);
  layoutTree();
}

void DetailsPanel::showEmpty(const QString& text) {
  model_.clear();
  empty_->setText(text);
  layoutTree();
}

void DetailsPanel::layoutTree() {
  const bool some = model_.rowCount() > 0;
  for (QWidget* part : {static_cast<QWidget*>(title_), static_cast<QWidget*>(tree_),
                        static_cast<QWidget*>(search_)})
    part->setVisible(some);
  links_->setViews(some ? views_for(inspected_.what()) : Views());
  empty_->setVisible(!some);
  tree_->expandToDepth(0);
  tree_->header()->setStretchLastSection(true);
  fitNames();
}

/// Names as wide as they are, but never more than half of the tree.
void DetailsPanel::fitNames() {
  tree_->resizeColumnToContents(0);
  tree_->setColumnWidth(0, std::min(tree_->columnWidth(0), tree_->viewport()->width() / 2));
}

bool DetailsPanel::eventFilter(QObject* watched, QEvent* event) {
  if (watched == tree_->viewport() && event->type() == QEvent::Resize) fitNames();
  return QWidget::eventFilter(watched, event);
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
        if (inspected_.what() == Inspected::Span) refresh();
      });
}

void DetailsPanel::findSameName(const SpanDetails& details) {
  name_job_.start(
      tr("Spans of the same name"),
      [trace = details.trace, kind = details.span.kind,
       name = details.span.name](Progress& progress) {
        return std::make_shared<const SameName>(*trace, kind, name, progress);
      },
      [this](SameNamePtr found) {
        same_name_ = std::move(found);
        if (inspected_.what() == Inspected::Span) refresh();
      });
}

void DetailsPanel::follow(const QString& view) {
  const TracePtr trace = document_.trace();
  if (view == QLatin1String("query") && trace && inspected_.what() == Inspected::Span)
    Q_EMIT queryWanted(same_name_sql(title_->toolTip().toStdString()));
  Q_EMIT viewWanted(view);
}

void DetailsPanel::activate(const QModelIndex& index) {
  // Read first: what is done replaces the rows.
  const QModelIndex first = index.siblingAtColumn(0);
  const QVariant rule = first.data(kRuleRole), span = first.data(kSpanRole);
  const QVariant place = first.data(kPlaceRole), target = first.data(kAreaRole);
  if (inspected_.what() == Inspected::OtherSpan) return;  // its times are those of another trace
  if (rule.isValid()) Q_EMIT ruleRequested(rule.toInt());
  if (span.isValid()) revealer_.reveal(span.value<SpanRef>());
  if (place.isValid()) selection_.setPlace(place.value<ModelPlace>());
  if (target.isValid()) {
    const auto area = target.value<AreaSelection>();
    const TimeNs margin = std::max<TimeNs>(area.range.length(), 1000);
    selection_.setRange({area.range.begin - margin, area.range.end + margin});
    selection_.setArea(area);
  }
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
