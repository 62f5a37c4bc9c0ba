#include "views/plan/plan_view.h"

#include <QHBoxLayout>
#include <QIntValidator>
#include <QVBoxLayout>
#include <algorithm>

#include "views/common/scroll_area.h"
#include "views/plan/advice/advice_banner.h"
#include "views/plan/advice/advice_page.h"
#include "views/plan/board/layer_strip.h"
#include "views/plan/board/plan_board.h"
#include "views/plan/compare/compare_view.h"
#include "views/plan/compare/figures_panel.h"
#include "views/plan/empty_plan_page.h"
#include "views/plan/flow/plan_steps.h"
#include "views/plan/plan_flow.h"
#include "views/plan/predict_panel.h"
#include "views/plan/problems_panel.h"
#include "views/plan/serving_chooser.h"
#include "views/plan/solve_panel.h"

namespace moescope {
namespace {
enum ScopeIndex { kThisLayer, kRange, kAllLayers };
constexpr int kStripRoom = 6;  // px of the layer strip above its least height
constexpr int kNarrow = 1000;  // px; below, figures and forms are pages beside the board's
}  // namespace

PlanView::PlanView(PlanDocument& document, Selection& selection, QWidget* parent)
    : QWidget(parent),
      document_(document),
      selection_(selection),
      editor_(document),
      solver_(document),
      advisor_(new PlanAdvisor(document, this)) {
  setObjectName("planView");
  setAccessibleName(tr("Plan"));
  banner_ = new AdviceBanner(*advisor_, this);  // created in tab order
  steps_ = new PlanSteps(this);
  empty_ = new EmptyPlanPage(this);
  QWidget* bar = makeBar();
  strip_ = new LayerStrip(document, this);
  board_ = new PlanBoard(editor_, this);
  compare_ = new CompareView(document, this);
  advice_ = new AdvicePage(*advisor_, this);
  makeLabels();
  body_ = new QSplitter(this);
  body_->addWidget(makeCenter());
  body_->addWidget(makeSide());
  body_->setStretchFactor(0, 1);
  body_->setStretchFactor(1, 0);
  body_->setSizes({900, 390});
  flow_ = new PlanFlow(document, solver_, *solve_, *predict_, *steps_);
  flow_->setParent(this);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addWidget(banner_);
  layout->addWidget(steps_);
  layout->addWidget(empty_, 1);
  layout->addWidget(bar);
  layout->addWidget(headline_);
  layout->addWidget(strip_);
  layout->addWidget(body_, 1);
  layout->addWidget(message_);
  menu_ = new QMenu(this);
  menu_->setObjectName("planMenu");
  addActions();
  connectParts();
  connectBoard();
  connectSteps();
  connectAdvice();
  documentReplaced();
}

void PlanView::makeLabels() {
  headline_ = new HeadlineLabel(this);
  headline_->setObjectName("planHeadline");
  headline_->setContentsMargins(8, 2, 8, 2);
  heading_ = new QLabel(this);
  heading_->setObjectName("planHeading");
  heading_->setContentsMargins(8, 2, 8, 2);
  heading_->setWordWrap(true);  // or a long one would widen the board
  heading_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  message_ = new QLabel(this);
  message_->setObjectName("planMessage");
  message_->setContentsMargins(8, 2, 8, 2);
  message_->setMinimumHeight(fontMetrics().height() + 6);
  message_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
}

QWidget* PlanView::makeCenter() {
  auto* page = new QWidget(this);
  auto* column = new QVBoxLayout(page);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(heading_);
  column->addWidget(board_, 1);
  column->addWidget(new BoardLegend(*board_, this));
  center_ = new QTabWidget(this);
  center_->setObjectName("planPages");
  center_->setDocumentMode(true);
  center_->addTab(page, tr("Board"));
  center_->addTab(compare_, tr("Compare"));
  center_->addTab(advice_, tr("Advice"));
  return center_;
}

/// The board ends a drag while the editor still exists.
PlanView::~PlanView() {
  delete board_;
}

QWidget* PlanView::makeBar() {
  auto* bar = bar_ = new QWidget(this);
  auto* line = new QHBoxLayout(bar);
  line->setContentsMargins(8, 4, 8, 2);
  const auto field = [&](QWidget* widget, const QString& name, const QString& label,
                         const QString& tip) {
    widget->setObjectName(name);
    widget->setToolTip(tip);
    widget->setAccessibleName(label);
    line->addWidget(widget);
  };
  line->addWidget(new QLabel(tr("Layer"), bar));
  layer_ = new QComboBox(bar);
  layer_->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  field(layer_, "planLayer", tr("Layer"), tr("The layer on the board (Page up and Page down)"));
  line->addWidget(new QLabel(tr("Edits apply to"), bar));
  scope_ = new QComboBox(bar);
  scope_->addItems({tr("this layer"), tr("layers"), tr("all layers")});
  field(scope_, "planScope", tr("Edits apply to"),
        tr("Edits are made in these layers at once, as one step to undo"));
  first_ = new QSpinBox(bar);
  last_ = new QSpinBox(bar);
  to_ = new QLabel(tr("to"), bar);
  field(first_, "planScopeFirst", tr("First layer"), tr("First row of the range"));
  line->addWidget(to_);
  field(last_, "planScopeLast", tr("Last layer"), tr("Last row of the range"));
  line->addStretch(1);
  find_ = new QLineEdit(bar);
  find_->setPlaceholderText(tr("Find expert"));
  find_->setClearButtonEnabled(true);
  find_->setMaximumWidth(140);
  find_->setValidator(new QIntValidator(0, kMaxPlanExperts, find_));
  field(find_, "planFind", tr("Find expert"),
        tr("Number of an expert: Return goes to its next replica (Ctrl+P)"));
  return bar;
}

QWidget* PlanView::makeSide() {
  figures_ = new FiguresPanel(document_, this);
  problems_ = new ProblemsPanel(document_, this);
  solve_ = new SolvePanel(document_, solver_, this);
  predict_ = new PredictPanel(document_, this);
  side_ = new QTabWidget(this);
  side_->setObjectName("planSide");
  side_->setDocumentMode(true);
  figures_page_ = scroll_area(figures_, figures_->parentWidget());
  solve_page_ = scroll_area(solve_, solve_->parentWidget());
  side_->addTab(figures_page_, tr("Figures"));
  side_->addTab(problems_, tr("Problems"));
  side_->addTab(solve_page_, tr("Solve"));
  side_->addTab(predict_, tr("Predict"));
  side_->setMinimumWidth(330);
  return side_;
}

/// In a narrow dock the board has the width: what stands beside it elsewhere are pages then.
void PlanView::placePages() {
  const bool narrow = width() < kNarrow;
  if (narrow == narrow_) return;
  narrow_ = narrow;
  QTabWidget* from = narrow ? side_ : center_;
  QTabWidget* to = narrow ? center_ : side_;
  QWidget* const front = from->currentWidget();
  for (QWidget* page : {figures_page_, static_cast<QWidget*>(problems_), solve_page_,
                        static_cast<QWidget*>(predict_)}) {
    const int at = from->indexOf(page);
    const QString title = from->tabText(at);
    from->removeTab(at);
    to->addTab(page, title);
  }
  if (!narrow && to->indexOf(front) >= 0) to->setCurrentWidget(front);
  side_->setVisible(!narrow && !document_.empty());
  // The board gets the height of what can do with less.
  strip_->setMaximumHeight(narrow ? strip_->minimumSizeHint().height() + kStripRoom
                                  : QWIDGETSIZE_MAX);
  updateActions();
}

void PlanView::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  placePages();
}

/// What nobody looks at is not asked for.
void PlanView::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  advisor_->setWatched(true);
}

void PlanView::hideEvent(QHideEvent* event) {
  QWidget::hideEvent(event);
  advisor_->setWatched(false);
}

void PlanView::showPage(QWidget* page) {
  for (QTabWidget* tabs : {center_, side_})
    if (tabs->indexOf(page) >= 0) tabs->setCurrentWidget(page);
}

void PlanView::namePage(QWidget* page, const QString& title) {
  for (QTabWidget* tabs : {center_, side_})
    if (const int at = tabs->indexOf(page); at >= 0) tabs->setTabText(at, title);
}

void PlanView::setStartActions(const QList<QAction*>& actions) {
  empty_->setActions(actions);
}

void PlanView::connectParts() {
  connect(&document_, &PlanDocument::replaced, this, &PlanView::documentReplaced);
  for (const auto signal : {&PlanDocument::changed, &PlanDocument::figuresChanged,
                            &PlanDocument::constraintsChanged, &PlanDocument::fileChanged})
    connect(&document_, signal, this, &PlanView::updateActions);
  // The message of an edit is outdated after the next edit, or when it is undone.
  for (const auto signal : {&PlanDocument::committed, &PlanDocument::constraintsChanged})
    connect(&document_, signal, this, [this] { showMessage({}); });
  connect(&editor_, &PlanEditor::message, this, &PlanView::showMessage);
  connect(&solver_, &PlanSolver::message, this, &PlanView::showMessage);
  connect(compare_, &CompareView::message, this, &PlanView::showMessage);
  connect(&solver_, &PlanSolver::progressed, this,
          [this](const SolveProgress& progress) { strip_->setCandidate(progress.imbalance); });
  connect(&solver_, &PlanSolver::finished, this, [this] { strip_->setCandidate({}); });
  connect(strip_, &LayerStrip::layerChosen, this, &PlanView::setLayer);
  connect(layer_, &QComboBox::activated, this, &PlanView::setLayer);
  connect(problems_, &ProblemsPanel::chosen, this, &PlanView::goTo);
  const auto count = [this](int problems) {
    namePage(problems_, problems > 0 ? tr("Problems (%1)").arg(problems) : tr("Problems"));
  };
  connect(problems_, &ProblemsPanel::countChanged, this, count);
  count(problems_->count());
  connect(compare_, &CompareView::layerChosen, this, &PlanView::setLayer);
  connect(scope_, &QComboBox::currentIndexChanged, this, &PlanView::takeScope);
  connect(first_, &QSpinBox::valueChanged, this, &PlanView::takeScope);
  connect(last_, &QSpinBox::valueChanged, this, &PlanView::takeScope);
  connect(find_, &QLineEdit::returnPressed, this, [this] { find(find_->text()); });
  connect(&selection_, &Selection::placeChanged, this, &PlanView::followSelection);
}

void PlanView::connectBoard() {
  connect(board_, &PlanBoard::layerStepRequested, this,
          [this](int step) { setLayer(layer() + step); });
  connect(board_, &PlanBoard::selectionChanged, this, [this] {
    updateActions();
    publishSelection();
  });
  connect(board_, &PlanBoard::hovered, this, [this](int slot) {
    ModelPlace hovered;
    if (slot >= 0 && board_->shown()) {
      hovered.layer = rowOfLoads(layer());
      hovered.expert = slot_value(document_.plan(), layer(), slot).expert;
      hovered.gpu = slot / document_.state().slots_per_gpu(layer());
    }
    selection_.setHoveredPlace(hovered);
  });
  connect(board_, &PlanBoard::dragTextChanged, this,
          [this](const QString& text) { message_->setText(text); });
  connect(board_, &PlanBoard::menuRequested, this, &PlanView::showMenu);
}

void PlanView::connectSteps() {
  fillSolveMenu();
  connect(&steps_->solve(), &QToolButton::clicked, this, [this] { solve(SolveAction::Full); });
  connect(&steps_->compare(), &QToolButton::clicked, this, &PlanView::showComparison);
  connect(&steps_->predict(), &QToolButton::clicked, this, &PlanView::askForMissing);
  connect(&steps_->exportPlan(), &QToolButton::clicked, this, &PlanView::exportRequested);
  const auto look = [this] {
    if (center_->currentWidget() == compare_ && compare_->isVisible()) flow_->noteCompared();
  };
  connect(center_, &QTabWidget::currentChanged, this, look);
  connect(&document_, &PlanDocument::committed, this, look);
}

void PlanView::askForMissing() {
  showPage(predict_);
  predict_->chooser().askForMissing();
}

void PlanView::connectAdvice() {
  connect(banner_, &AdviceBanner::detailsRequested, this,
          [this] { center_->setCurrentWidget(advice_); });
  connect(banner_, &AdviceBanner::choiceRequested, this, &PlanView::askForMissing);
  connect(advice_, &AdvicePage::resplitRequested, this, [this] { solve(SolveAction::Resplit); });
  connect(advice_, &AdvicePage::message, this, &PlanView::showMessage);
  connect(advisor_, &PlanAdvisor::message, this, &PlanView::showMessage);
}

void PlanView::fillSolveMenu() {
  auto* ways = new QMenu(&steps_->solve());
  const auto add = [&](const QString& text, const QString& tip, auto run) {
    connect(ways->addAction(text), &QAction::triggered, this, run);
    ways->actions().back()->setToolTip(tip);
  };
  add(tr("&Full plan"), tr("The best plan for these slots, moving few experts"),
      [this] { solve(SolveAction::Full); });
  add(tr("&Bounded migration"), tr("Moves at most so many experts per layer"),
      [this] { solve(SolveAction::Migrate); });
  add(tr("&Re-split tokens"), tr("Another split of tokens over the replicas; no weights move"),
      [this] { solve(SolveAction::Resplit); });
  ways->addSeparator();
  add(tr("&Options…"), tr("Limits, rule and windows of a solve"),
      [this] { showPage(solve_page_); });
  ways->setToolTipsVisible(true);
  steps_->solve().setMenu(ways);
}

void PlanView::documentReplaced() {
  // Without a plan there is nothing in them; the page in their place says what to do.
  const bool empty = document_.empty();
  for (QWidget* part : {bar_, static_cast<QWidget*>(banner_), static_cast<QWidget*>(strip_),
                        static_cast<QWidget*>(body_)})
    part->setVisible(!empty);
  side_->setVisible(!empty && !narrow_);
  empty_->setVisible(empty);
  setFocusProxy(empty ? static_cast<QWidget*>(empty_) : board_);
  layer_->clear();
  const int layers = document_.empty() ? 0 : document_.plan().layers();
  for (int l = 0; l < layers; ++l) {
    const int id = document_.plan().layer_id(l);
    layer_->addItem(id == l ? QString::number(l) : tr("%1 (row %2)").arg(id).arg(l));
  }
  for (QSpinBox* box : {first_, last_}) box->setRange(0, std::max(layers - 1, 0));
  last_->setValue(std::max(layers - 1, 0));
  scope_->setCurrentIndex(kThisLayer);
  takeScope();
  message_->clear();
  showLayer();
}

int PlanView::layer() const {
  return board_->layer();
}

void PlanView::setLayer(int layer) {
  if (document_.empty() || layer < 0 || layer >= document_.plan().layers()) return;
  board_->setLayer(layer);
  showLayer();
  publishSelection();
}

void PlanView::showLayer() {
  layer_->setCurrentIndex(layer());
  strip_->setLayer(layer());
  figures_->setLayer(layer());
  compare_->setLayer(layer());
  updateActions();
}

void PlanView::takeScope() {
  const bool range = scope_->currentIndex() == kRange;
  first_->setVisible(range);
  last_->setVisible(range);
  to_->setVisible(range);
  EditScope scope;
  scope.kind = range                                  ? EditScope::Kind::Range
               : scope_->currentIndex() == kAllLayers ? EditScope::Kind::All
                                                      : EditScope::Kind::Layer;
  scope.first = std::min(first_->value(), last_->value());
  scope.last = std::max(first_->value(), last_->value());
  editor_.setScope(scope);
}

void PlanView::showMessage(const QString& text) {
  message_->setText(text);
  message_->setToolTip(text);
}

QString PlanView::message() const {
  return message_->text();
}

void PlanView::goTo(int layer, int slot) {
  center_->setCurrentIndex(0);
  if (layer >= 0) setLayer(layer);
  if (slot >= 0) board_->select(slot);
  board_->setFocus(Qt::OtherFocusReason);
}

void PlanView::find(const QString& text) {
  bool number = false;
  const int expert = text.trimmed().toInt(&number);
  if (!number) return;
  center_->setCurrentIndex(0);
  if (!board_->findExpert(expert))
    showMessage(tr("Layer %1 has no replica of expert %2.")
                    .arg(document_.empty() ? 0 : document_.plan().layer_id(layer()))
                    .arg(expert));
}

/// The row of the loads that a row of the plan is about, by layer ids when both have them.
int PlanView::rowOfLoads(int layer) const {
  const LoadsPtr& loads = document_.loads().loads();
  if (!loads || loads->layer_ids.empty() || document_.plan().layer_ids.empty()) return layer;
  const auto at =
      std::find(loads->layer_ids.begin(), loads->layer_ids.end(), document_.plan().layer_id(layer));
  return at == loads->layer_ids.end() ? -1 : static_cast<int>(at - loads->layer_ids.begin());
}

void PlanView::publishSelection() {
  if (following_ || document_.empty()) return;
  ModelPlace place;
  place.layer = rowOfLoads(layer());
  place.expert = std::max(board_->currentExpert(), -1);
  if (board_->shown() && board_->current() >= 0)
    place.gpu = board_->current() / document_.state().slots_per_gpu(layer());
  if (board_->shown()) place.slot = board_->current();
  following_ = true;
  selection_.setPlace(place);
  following_ = false;
}

void PlanView::followSelection() {
  if (following_ || document_.empty()) return;
  const ModelPlace place = selection_.place();
  following_ = true;
  for (int l = 0; place.layer >= 0 && l < document_.plan().layers(); ++l)
    if (rowOfLoads(l) == place.layer) {
      setLayer(l);
      break;
    }
  if (place.expert >= 0 && place.expert != board_->currentExpert())
    board_->findExpert(place.expert);
  following_ = false;
}

void PlanView::showComparison() {
  center_->setCurrentWidget(compare_);
  compare_->setFocus(Qt::OtherFocusReason);
}

void PlanView::solve(SolveAction action) {
  if (!narrow_) showPage(solve_page_);  // in a narrow dock it would hide the board
  solver_.solve(solve_->request(action));
}

}  // namespace moescope
