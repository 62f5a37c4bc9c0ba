#include "views/plan/plan_view.h"

#include <QHBoxLayout>
#include <QIntValidator>
#include <QScrollArea>
#include <QSplitter>
#include <QVBoxLayout>
#include <algorithm>

#include "views/plan/board/layer_strip.h"
#include "views/plan/board/plan_board.h"
#include "views/plan/compare/compare_view.h"
#include "views/plan/compare/figures_panel.h"
#include "views/plan/predict_panel.h"
#include "views/plan/problems_panel.h"
#include "views/plan/solve_panel.h"
#include "views/plot/chart_paint.h"

namespace moescope {
namespace {
enum ScopeIndex { kThisLayer, kRange, kAllLayers };
constexpr int kSolveTab = 2;

QWidget* scrolling(QWidget* panel) {
  auto* area = new QScrollArea(panel->parentWidget());
  area->setFrameShape(QFrame::NoFrame);
  area->setWidgetResizable(true);
  area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  area->setFocusPolicy(Qt::NoFocus);
  area->setWidget(panel);
  return area;
}
}  // namespace

PlanView::PlanView(PlanDocument& document, Selection& selection, QWidget* parent)
    : QWidget(parent),
      document_(document),
      selection_(selection),
      editor_(document),
      solver_(document) {
  setObjectName("planView");
  setAccessibleName(tr("Plan"));
  QWidget* bar = makeBar();  // created in tab order
  strip_ = new LayerStrip(document, this);
  board_ = new PlanBoard(editor_, this);
  compare_ = new CompareView(document, this);
  headline_ = new QLabel(this);
  headline_->setObjectName("planHeadline");
  headline_->setContentsMargins(8, 2, 8, 2);
  headline_->setTextFormat(Qt::RichText);
  headline_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);  // the board must not move
  headline_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  headline_->setToolTip(
      tr("Max / mean GPU load of each layer, mean over the layers: of the plan before, of the plan "
         "as it is, and what no plan with as many slots can be better than. Judged by the sum of "
         "the windows that are named; other views that show the imbalance of this plan show this "
         "figure."));
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
  auto* splitter = new QSplitter(this);
  splitter->addWidget(center_);
  splitter->addWidget(makeSide());
  splitter->setStretchFactor(0, 1);
  splitter->setStretchFactor(1, 0);
  splitter->setSizes({900, 390});
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addWidget(bar);
  layout->addWidget(headline_);
  layout->addWidget(strip_);
  layout->addWidget(splitter, 1);
  layout->addWidget(message_);
  menu_ = new QMenu(this);
  menu_->setObjectName("planMenu");
  addActions();
  connectParts();
  setFocusProxy(board_);
  documentReplaced();
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
  // Tall forms must not limit the height of the dock.
  side_->addTab(scrolling(figures_), tr("Figures"));
  side_->addTab(problems_, tr("Problems"));
  side_->addTab(scrolling(solve_), tr("Solve"));
  side_->addTab(predict_, tr("Predict"));
  side_->setMinimumWidth(330);
  return side_;
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
  connect(problems_, &ProblemsPanel::chosen, this, &PlanView::goTo);
  const auto count = [this](int problems) {
    side_->setTabText(1, problems > 0 ? tr("Problems (%1)").arg(problems) : tr("Problems"));
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

void PlanView::documentReplaced() {
  // An empty board says how to fill it; its fields would be empty too.
  for (QWidget* part : {bar_, static_cast<QWidget*>(strip_), static_cast<QWidget*>(side_)})
    part->setVisible(!document_.empty());
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
  side_->setCurrentIndex(kSolveTab);
  solver_.solve(solve_->request(action));
}

QString PlanView::boardTitle() const {
  if (document_.empty()) return {};
  const LayerFigures figures = document_.state().figures(layer());
  const Plan& plan = document_.plan();
  QString text = tr("%1, layer %2: ").arg(document_.title()).arg(plan.layer_id(layer()));
  if (const auto imbalance = figures.imbalance()) {
    text += tr("imbalance %1 (max / mean GPU load)").arg(*imbalance, 0, 'f', 4);
    if (figures.bound) text += tr(", bound %1").arg(*figures.bound, 0, 'f', 4);
  } else {
    text += tr("imbalance not known without loads");
  }
  const int per_gpu = document_.state().slots_per_gpu(layer());
  text += tr("; GPUs: %1, nodes: %2, slots per GPU: %3, experts: %4")
              .arg(plan.num_gpus)
              .arg(plan.num_nodes)
              .arg(per_gpu)
              .arg(plan.num_experts);
  if (document_.previewing()) text += tr("; preview");
  return text;
}

void PlanView::paintChart(QPainter& painter, QSize size, const Theme& theme) {
  if (center_->currentWidget() == compare_) {
    compare_->paintChart(painter, size, theme);
    return;
  }
  const QRectF area = QRectF(QPointF(0, 0), QSizeF(size)).adjusted(8, 6, -8, -6);
  painter.setPen(theme.text);
  if (!board_->shown()) {
    painter.drawText(area, Qt::AlignCenter | Qt::TextWordWrap, tr("No plan is open."));
    return;
  }
  const QFontMetricsF metrics(painter.font());
  painter.drawText(area, Qt::AlignTop | Qt::AlignLeft, boardTitle());
  qreal top = area.top() + metrics.height() + 4;
  BoardPicture picture = board_->picture();
  picture.selected.clear();
  picture.current = picture.expert = picture.source = picture.target = -1;
  picture.rubber = {};
  top +=
      paint_board_legend(painter, QRectF(area.left(), top, area.width(), 20), picture, theme) + 4;
  LayerStrip::paint(painter, QRectF(area.left(), top, area.width(), 70), document_, layer(), {},
                    theme);
  top += 74;
  const BoardShape shape = board_shape(document_.state(), layer());
  const QSizeF room(area.width(), area.bottom() - top);
  qreal zoom = 1.2;
  while (zoom > 0.1) {
    const QSizeF needed = BoardLayout(shape, room.width(), zoom).size();
    if (needed.width() <= room.width() + 1 && needed.height() <= room.height()) break;
    zoom -= 0.05;
  }
  painter.save();
  painter.translate(area.left(), top);
  paint_board(painter, BoardLayout(shape, room.width(), zoom), picture, theme,
              QRectF(QPointF(0, 0), room));
  painter.restore();
}

QString PlanView::summary() const {
  if (center_->currentWidget() == compare_) return compare_->summary();
  return board_->shown() ? boardTitle() : tr("No plan is open.");
}

QString PlanView::csv() const {
  if (center_->currentWidget() == compare_) return compare_->csv();
  QString text =
      "layer,slot,GPU,node,expert,replicas,replica weight,load (tokens),GPU load (tokens)\n";
  if (document_.empty()) return text;
  const Plan& plan = document_.plan();
  const PlanState& state = document_.state();
  for (int l = 0; l < plan.layers(); ++l) {
    const int per_gpu = state.slots_per_gpu(l);
    if (per_gpu == 0) continue;
    const auto& loads = state.gpu_loads(l);
    for (int s = 0; s < plan.num_gpus * per_gpu; ++s) {
      const SlotValue value = slot_value(plan, l, s);
      const int gpu = s / per_gpu;
      const bool known = value.expert >= 0 && value.expert < plan.num_experts;
      const auto load = state.slot_load(l, s);
      text +=
          QString("%1,%2,%3,%4,%5,%6,%7,%8,%9\n")
              .arg(plan.layer_id(l))
              .arg(s)
              .arg(gpu)
              .arg(plan.node_of_gpu(gpu))
              .arg(value.expert)
              .arg(known ? state.hosts(l, value.expert).size() : 0)
              .arg(plan.replica_weight.empty() ? QString() : QString::number(value.weight, 'g', 9),
                   load ? QString::number(*load, 'g', 9) : QString(),
                   loads.empty() ? QString()
                                 : QString::number(loads[static_cast<std::size_t>(gpu)], 'g', 9));
    }
  }
  return text;
}

}  // namespace moescope
