#include "views/compare/trace_compare_view.h"

#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QResizeEvent>
#include <QVBoxLayout>

#include "core/analysis/compare/csv.h"
#include "core/analysis/serving/plan_flips.h"
#include "views/common/action.h"
#include "views/common/scroll_area.h"
#include "views/common/units.h"

namespace moescope {
namespace {

constexpr double kShift = 10;  // px by key

}  // namespace

TraceCompareView::TraceCompareView(Workspace& workspace, QWidget* parent)
    : QWidget(parent),
      workspace_(workspace),
      title_(new QLabel(this)),
      causes_(new QLabel(this)),
      choose_(new QPushButton(tr("Compare with…"), this)),
      before_after_(new QPushButton(this)),
      choices_(new CompareChoices(this)),
      table_(new QTableView(this)),
      parts_(new QSplitter(this)),
      lanes_(new PairedLanes(workspace, this)) {
  setObjectName("traceCompareView");
  buildTable();
  build();
  addActions();
  connectParts();
  refresh();
}

void TraceCompareView::build() {
  title_->setWordWrap(true);
  title_->setObjectName("compareTitle");
  causes_->setWordWrap(true);
  causes_->setObjectName("compareCauses");
  causes_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  choose_->setObjectName("compareChoose");
  choose_->setToolTip(tr("Hold another trace, load dump or plan against the open one"));
  before_after_->setObjectName("compareBeforeAfter");
  before_after_->setAccessibleName(tr("Compare before and after the change of plan"));
  before_after_->setToolTip(
      tr("Hold the time before the last change of plan in this recording against the time after "
         "it"));
  before_after_->hide();
  top_ = new QBoxLayout(QBoxLayout::LeftToRight);
  top_->addWidget(title_, 1);
  top_->addWidget(choices_);
  // Causes may be many: they scroll, and leave the table its room.
  causes_->setAlignment(Qt::AlignTop | Qt::AlignLeft);
  causes_->setMargin(2);
  auto* words = scroll_area(causes_, this);
  words->setObjectName("compareWords");
  words->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  left_ = new QSplitter(Qt::Vertical, this);
  left_->setChildrenCollapsible(false);
  left_->addWidget(words);
  left_->addWidget(table_);
  left_->setSizes({400, 600});
  parts_->setChildrenCollapsible(false);
  parts_->addWidget(left_);
  parts_->addWidget(lanes_);
  parts_->setSizes({450, 550});
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(4, 4, 4, 4);
  layout->addLayout(top_);
  for (QPushButton* button : {choose_, before_after_})
    layout->addWidget(button, 0, Qt::AlignHCenter);
  layout->addWidget(parts_, 1);
  layout->addStretch(0);
}

void TraceCompareView::connectParts() {
  connect(choose_, &QPushButton::clicked, &workspace_.compare(), &CompareDocument::askForFile);
  connect(before_after_, &QPushButton::clicked, this, [this] {
    workspace_.compare().setPlanChange(before_after_->property("epoch").toULongLong());
  });
  connect(choices_, &CompareChoices::scopeChosen, &filter_, &DifferenceFilter::setScope);
  connect(choices_, &CompareChoices::significantChosen, &filter_,
          &DifferenceFilter::setSignificantOnly);
  connect(choices_, &CompareChoices::comparisonWanted, this, &TraceCompareView::refresh);
  connect(choices_, &CompareChoices::lanesChosen, this, &TraceCompareView::showParts);
  connect(&workspace_.compare(), &CompareDocument::changed, this, &TraceCompareView::refresh);
  connect(&workspace_.trace(), &TraceDocument::analysisChanged, this, [this] {
    // A recording is analysed again and again: the comparison that runs is let end.
    again_ = job_.running() && workspace_.trace().growing();
    if (!again_) refresh();
  });
  connect(&workspace_.trace(), &TraceDocument::traceChanged, this, &TraceCompareView::refresh);
  connect(&workspace_.loads(), &LoadDocument::loadsChanged, this,
          [this] { refreshKind(CompareDocument::Kind::Loads); });
  for (const auto change : {&PlanDocument::replaced, &PlanDocument::committed})
    connect(&workspace_.plan(), change, this,
            [this] { refreshKind(CompareDocument::Kind::Plans); });
  connect(&job_, &JobRunner::failed, this, [this](const QString& error) { explain(error, false); });
}

/// What is compared may be of another kind than what changed.
void TraceCompareView::refreshKind(CompareDocument::Kind kind) {
  const CompareDocument::Kind now = workspace_.compare().kind();
  if (now == kind)
    refresh();
  else if (now == CompareDocument::Kind::Nothing)
    choose_->setVisible(somethingOpen());
}

void TraceCompareView::buildTable() {
  filter_.setSourceModel(&model_);
  filter_.setSortRole(DifferenceModel::kSortRole);
  table_->setObjectName("compareTable");
  table_->setAccessibleName(tr("Differences of A and B"));
  table_->setModel(&filter_);
  table_->setSortingEnabled(true);
  table_->horizontalHeader()->setSortIndicator(-1, Qt::DescendingOrder);
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setFrameShape(QFrame::NoFrame);
  table_->setShowGrid(false);
  table_->setAlternatingRowColors(true);
  // What a row is of comes first; its scope can be chosen above.
  table_->horizontalHeader()->moveSection(DifferenceModel::Scope, DifferenceModel::Verdict);
  table_->setWordWrap(false);
  table_->setTextElideMode(Qt::ElideMiddle);
  table_->verticalHeader()->hide();
  table_->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 6);
  const auto go = [this](const QModelIndex& index) {
    goTo(model_.row(filter_.mapToSource(index).row()));
  };
  connect(table_, &QTableView::clicked, this, go);
  connect(table_, &QTableView::activated, this, go);
}

void TraceCompareView::addActions() {
  QAction* copy = add_command(this, "compare.copy_csv", tr("Copy differences as CSV"),
                              tr("Copy the rows that are shown as comma-separated text"));
  connect(copy, &QAction::triggered, this, [this] { QApplication::clipboard()->setText(csv()); });
  const auto shift = [this](const char* id, const QString& text, double pixels,
                            const QString& key) {
    QAction* action =
        add_command(this, id, text, tr("Move the lanes of A by ten pixels against those of B"),
                    {QKeySequence(key)});
    connect(action, &QAction::triggered, this, [this, pixels] { lanes_->shift(pixels); });
  };
  shift("compare.earlier", tr("Move lanes of A to the left"), -kShift, "Alt+,");
  shift("compare.later", tr("Move lanes of A to the right"), kShift, "Alt+.");
  QAction* stop =
      add_command(this, "compare.stop", tr("Stop comparing"), tr("Forget what is compared"));
  connect(stop, &QAction::triggered, this, [this] { workspace_.compare().setBefore(nullptr, {}); });
  table_->setContextMenuPolicy(Qt::ActionsContextMenu);
  table_->addActions({copy, stop});
}

/// Lanes beside the table in a wide dock, below it in a tall one, instead of it in a small one.
void TraceCompareView::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  constexpr int kNarrow = 760, kLow = 560;
  const bool narrow = width() < kNarrow && height() < kLow;
  parts_->setOrientation(width() > height() * 5 / 4 ? Qt::Horizontal : Qt::Vertical);
  if (narrow == narrow_) return;
  narrow_ = narrow;
  top_->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
  choices_->setLanes(!narrow);
  showParts();
}

void TraceCompareView::showParts() {
  const bool lanes = choices_->lanes() && lanes_->shown();
  lanes_->setVisible(lanes);
  left_->setVisible(!narrow_ || !lanes);
}

void TraceCompareView::explain(const QString& text, bool can_choose) {
  model_.setComparison(nullptr);
  title_->setText(text);
  title_->setAlignment(Qt::AlignCenter);
  title_->setToolTip({});
  causes_->clear();
  choose_->setVisible(can_choose);
  before_after_->hide();
  parts_->setVisible(false);
  lanes_->clear();
  if (can_choose && workspace_.trace().trace()) findPlanChange();
}

/// Recordings of a runtime may hold a change of plan, which can be looked at at once.
void TraceCompareView::findPlanChange() {
  flips_job_.start(
      tr("Looking for changes of plan"),
      [trace = workspace_.trace().trace()](Progress&) { return plan_flips(*trace); },
      [this](const std::vector<PlanFlip>& flips) {
        const bool any =
            !flips.empty() && workspace_.compare().kind() == CompareDocument::Kind::Nothing;
        before_after_->setVisible(any);
        if (!any) return;
        before_after_->setProperty("epoch", QVariant::fromValue<qulonglong>(flips.back().epoch));
        before_after_->setText(
            tr("Compare before and after the plan of epoch %1").arg(flips.back().epoch));
      });
}

bool TraceCompareView::somethingOpen() const {
  return workspace_.trace().trace() || workspace_.loads().loads() || !workspace_.plan().empty();
}

void TraceCompareView::refresh() {
  const CompareDocument& document = workspace_.compare();
  const bool something = document.kind() != CompareDocument::Kind::Nothing;
  choices_->setVisible(something);
  choices_->setOfTraces(document.kind() != CompareDocument::Kind::Loads &&
                        document.kind() != CompareDocument::Kind::Plans);
  if (something && ready_to_compare(workspace_)) return compare();
  if (something && workspace_.trace().trace()) return;  // it is still being read
  job_.abandon();
  kept_ = {};
  explain(something ? tr("What is compared is not open any more.")
                    : tr("Nothing is compared. Hold another trace, load dump or plan against the "
                         "open one; a step is compared with another one in Steps, and a plan with "
                         "the one before in Cluster."),
          somethingOpen());
}

void TraceCompareView::compare() {
  again_ = false;
  const CompareWork work = compare_work(workspace_, choices_->alignment(), choices_->swapped(),
                                        std::exchange(kept_, {}));
  kept_ = work.kept;
  job_.start(
      tr("Comparing"), [work](Progress& progress) { return work.run(progress); },
      [this](const CompareResult& result) { showResult(result); });
}

void TraceCompareView::showResult(const CompareResult& result) {
  kept_ = result.kept;
  const Comparison& comparison = *result.comparison;
  title_->setText(tr("<b>A</b> %1 &nbsp; <b>B</b> %2 &nbsp; aligned by %3")
                      .arg(result.a.name.toHtmlEscaped(), result.b.name.toHtmlEscaped(),
                           QString::fromLatin1(to_string(comparison.aligned_by))));
  title_->setAlignment(Qt::AlignLeft | Qt::AlignVCenter);
  title_->setToolTip(QString::fromStdString(comparison.aligned_why));
  QStringList causes;
  for (const std::string& cause : comparison.causes)
    causes << QStringLiteral("• ") + with_window_units(cause);
  causes_->setText(causes.join(QLatin1Char('\n')));
  choose_->hide();
  before_after_->hide();
  parts_->show();
  model_.setComparison(result.comparison);
  choices_->fillScopes(comparison);
  table_->resizeColumnsToContents();
  table_->setColumnWidth(DifferenceModel::Of,
                         std::min(table_->columnWidth(DifferenceModel::Of), 160));
  if (result.a.whole)
    lanes_->show(result, choices_->swapped());
  else
    lanes_->clear();
  showParts();
  if (again_) refresh();
}

/// Shows the place of a row on both sides, and chooses its step for the other views.
void TraceCompareView::goTo(const Difference& row) {
  lanes_->goTo(row);
  if (row.scope != "step") return;
  bool number_is_last = false;
  const QString number = QString::fromStdString(row.key).section(' ', -1);
  ModelPlace place = workspace_.selection().place();
  place.step = number.toInt(&number_is_last);
  if (number_is_last) workspace_.selection().setPlace(place);
}

QString TraceCompareView::csv() const {
  std::string text = csv_header();
  for (int i = 0; i < filter_.rowCount(); ++i)
    text += csv_line(model_.row(filter_.mapToSource(filter_.index(i, 0)).row()));
  return QString::fromStdString(text);
}

}  // namespace moescope
