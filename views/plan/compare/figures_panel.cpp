#include "views/plan/compare/figures_panel.h"

#include <QFormLayout>
#include <QHeaderView>
#include <QSignalBlocker>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "core/placement/edit/plan_summary.h"
#include "core/simulate/model/description.h"
#include "core/simulate/model/model.h"
#include "views/common/units.h"
#include "views/plan/compare/compare_models.h"

namespace moescope {
namespace {

constexpr int kNow = 0, kBefore = 1, kBound = 2;
constexpr int kNameRole = Qt::UserRole + 1;  ///< of a built-in model
constexpr double kMebi = 1024.0 * 1024, kGibi = 1024.0 * 1024 * 1024;

QString figure(const std::optional<double>& value) {
  return value ? QString::number(*value, 'f', 4) : FiguresPanel::tr("not known");
}

std::optional<double> part(const std::optional<Summary>& summary, double Summary::*of) {
  return summary ? std::optional<double>((*summary).*of) : std::nullopt;
}

}  // namespace

FiguresPanel::FiguresPanel(PlanDocument& document, QWidget* parent)
    : QWidget(parent), document_(document), table_(new QTableWidget(RowCount, 3, this)) {
  setObjectName("planFigures");
  table_->setObjectName("planFigureTable");
  table_->setAccessibleName(tr("Figures of the plan"));
  table_->setHorizontalHeaderLabels({tr("Now"), tr("Before"), tr("Bound")});
  table_->horizontalHeaderItem(kNow)->setToolTip(
      tr("The plan as it is on the board, a running drag included"));
  table_->horizontalHeaderItem(kBound)->setToolTip(
      tr("Proven: no plan with this many slots is better under the replica rule"));
  table_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  table_->setSelectionMode(QAbstractItemView::NoSelection);
  table_->setFrameShape(QFrame::NoFrame);
  table_->setAlternatingRowColors(true);
  table_->setShowGrid(false);
  table_->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
  table_->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 6);
  table_->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
  addRow(Rule, tr("Replica rule"), {});
  table_->setSpan(Rule, kNow, 1, 3);
  table_->item(Rule, kNow)->setTextAlignment(Qt::AlignLeft | Qt::AlignVCenter);
  addRow(Layer, tr("Imbalance, this layer"),
         tr("Heaviest GPU / mean GPU load of the shown layer; 1 is perfect. Tokens go to "
            "the replicas by the replica rule above; it is chosen on the page Predict."));
  addRow(BestSplit, tr("Best split, this layer"),
         tr("Imbalance of the shown layer with the best possible split of tokens over the "
            "replicas: what Solve > Re-split reaches without moving weights"));
  addRow(Mean, tr("Imbalance, mean"), tr("Mean over the layers of max / mean GPU load"));
  addRow(P95, tr("Imbalance, p95"), tr("95 % of the layers are not above this"));
  addRow(Max, tr("Imbalance, worst layer"), tr("The worst layer's max / mean GPU load"));
  addRow(Copies, tr("Copies"),
         tr("Experts that a GPU must receive: (layer, GPU, expert) that the plan before lacks, in "
            "every unit of the runtime that takes the plan"));
  addRow(Bytes, tr("Bytes to move"), tr("Copies × bytes of one expert in one layer (below)"));
  addRow(Memory, tr("Experts on a GPU"),
         tr("Bytes of the experts on the fullest GPU, over all layers of the plan"));
  addRow(
      Remote, tr("Remote nodes per token"),
      tr("Nodes that a token visits beyond its own in the shown layer, the nearest replica chosen. "
         "Needs loads with the routes of single tokens; at most %1 of them are counted.")
          .arg(format_count(PlanState::kCountedTokens)));
  addRow(Groups, tr("Bound, groups on nodes"),
         tr("The lowest imbalance of the shown layer when every routing group stays on one node; "
            "–: groups do not divide over nodes, or there is one node"));
  note_ = new QLabel(this);
  note_->setObjectName("planNote");
  note_->setWordWrap(true);
  note_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  table_->setMinimumHeight((RowCount + 1) * (fontMetrics().height() + 6) + 6);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(4, 4, 4, 4);
  layout->addWidget(table_, 1);
  layout->addWidget(note_);
  layout->addWidget(makeAssumptions());
  for (const auto signal :
       {&PlanDocument::changed, &PlanDocument::figuresChanged, &PlanDocument::replaced})
    connect(&document_, signal, this, &FiguresPanel::refresh);
  for (const auto signal : {&PlanDocument::figuresChanged, &PlanDocument::replaced})
    connect(&document_, signal, this, &FiguresPanel::showAssumptions);
  showAssumptions();
  refresh();
}

void FiguresPanel::addRow(Row row, const QString& heading, const QString& tip) {
  auto* head = new QTableWidgetItem(heading);
  head->setToolTip(tip);
  table_->setVerticalHeaderItem(row, head);
  for (int c = 0; c < 3; ++c) {
    auto* item = new QTableWidgetItem;
    item->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
    item->setToolTip(tip);
    table_->setItem(row, c, item);
  }
}

void FiguresPanel::set(Row row, int column, const QString& text) {
  table_->item(row, column)->setText(text);
}

QString FiguresPanel::cell(const QString& row, int column) const {
  for (int r = 0; r < RowCount; ++r)
    if (table_->verticalHeaderItem(r)->text() == row) return table_->item(r, column)->text();
  return {};
}

void FiguresPanel::setLayer(int layer) {
  layer_ = layer;
  refresh();
}

void FiguresPanel::refresh() {
  setEnabled(!document_.empty());
  for (int r = 0; r < RowCount; ++r)
    for (int c = 0; c < 3; ++c) set(static_cast<Row>(r), c, {});
  note_->clear();
  if (document_.empty() || layer_ >= document_.plan().layers()) return;
  table_->horizontalHeaderItem(kBefore)->setToolTip(
      tr("Compared with: %1").arg(document_.beforeName()));
  set(Rule, kNow, document_.serving().ruleTitle());
  for (QTableWidgetItem* item : {table_->item(Rule, kNow), table_->verticalHeaderItem(Rule)})
    item->setToolTip(
        tr("%1.\nWhy this one: %2").arg(document_.ruleText(), document_.serving().ruleReason()));
  fillLayerRows();
  fillSummaryRows();
  fillCostRows();
  if (!document_.loadProblem().isEmpty())
    note_->setText(tr("The open loads are not used: %1").arg(document_.loadProblem()));
  else if (const std::string problem = document_.state().rule_problem(); !problem.empty())
    note_->setText(document_.ruleText());
  else if (!document_.state().has_loads())
    note_->setText(
        tr("No loads are open, so balance is unknown. Open a load dump or a recording to see it."));
  note_->setVisible(!note_->text().isEmpty());
}

void FiguresPanel::fillLayerRows() {
  const PlanState& now = document_.state();
  const PlanState* before = document_.before();
  const bool has_before = before != nullptr && layer_ < before->plan().layers();
  const LayerFigures figures = now.figures(layer_);
  set(Layer, kNow, figure(figures.imbalance()));
  set(Layer, kBound, figure(figures.bound));
  // Searched again only when the drag has ended: it costs more than a frame of dragging may.
  set(BestSplit, kNow, document_.previewing() ? tr("…") : figure(now.best_split(layer_)));
  set(Groups, kBound,
      figures.bound_hierarchical ? figure(figures.bound_hierarchical) : QString::fromUtf8("–"));
  const auto remote = now.remote_nodes(layer_);
  const bool one_node = now.plan().num_nodes < 2;
  set(Remote, kNow, one_node ? tr("one node") : figure(remote));
  if (!has_before) return;
  set(Layer, kBefore, figure(before->figures(layer_).imbalance()));
  set(BestSplit, kBefore, figure(before->best_split(layer_)));
  set(Remote, kBefore, one_node ? tr("one node") : figure(before->remote_nodes(layer_)));
}

void FiguresPanel::fillSummaryRows() {
  const auto fill = [this](int column, const std::optional<Summary>& s) {
    set(Mean, column, figure(part(s, &Summary::mean)));
    set(P95, column, figure(part(s, &Summary::p95)));
    set(Max, column, figure(part(s, &Summary::max)));
  };
  fill(kNow, plan_imbalance(document_.state()));
  fill(kBound, plan_bound(document_.state()));
  if (document_.before() != nullptr) fill(kBefore, plan_imbalance(*document_.before()));
}

void FiguresPanel::fillCostRows() {
  const PlanCopies moves = document_.moves();
  set(Copies, kNow, unit_copies_text(moves));
  set(Bytes, kNow, moved_bytes_text(moves));
  const qint64 expert_bytes = document_.assumptions().expert_bytes;
  table_->item(Bytes, kNow)
      ->setToolTip(expert_bytes > 0
                       ? tr("%1 copies × %2, for %3")
                             .arg(format_count(static_cast<quint64>(moves.copies_in_all())),
                                  format_bytes(static_cast<quint64>(expert_bytes)),
                                  document_.assumptions().model)
                       : tr("Choose the model whose experts these are, below"));
  const auto memory = [&](const Plan& plan) {
    return expert_bytes > 0
               ? format_bytes(static_cast<quint64>(expert_bytes_of_gpu(plan, expert_bytes)))
               : tr("not known");
  };
  set(Memory, kNow, memory(document_.plan()));
  if (document_.before() != nullptr) set(Memory, kBefore, memory(document_.before()->plan()));
  if (const auto& room = document_.assumptions().gpu_expert_bytes)
    set(Memory, kBound, tr("room %1").arg(format_bytes(static_cast<quint64>(*room))));
}

QWidget* FiguresPanel::makeAssumptions() {
  auto* box = new QWidget(this);
  auto* form = new QFormLayout(box);
  form->setContentsMargins(2, 6, 2, 0);
  form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
  model_ = new QComboBox(box);
  model_->setObjectName("planModel");
  model_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  model_->setMinimumContentsLength(8);
  for (const std::string& name : description_names("models")) {
    const ModelShape model = load_model_shape(name);
    model_->addItem(QString::fromStdString(model.title),
                    static_cast<qint64>(std::llround(model.expert_bytes())));
    model_->setItemData(model_->count() - 1, QString::fromStdString(name), kNameRole);
  }
  model_->addItem(tr("other"), qint64{0});
  mebibytes_ = new QDoubleSpinBox(box);
  mebibytes_->setObjectName("planExpertMebibytes");
  mebibytes_->setRange(0, 100000);
  mebibytes_->setSpecialValueText(tr("not known"));
  mebibytes_->setDecimals(2);
  mebibytes_->setSuffix(tr(" MiB"));
  room_ = new QDoubleSpinBox(box);
  room_->setObjectName("planRoom");
  room_->setRange(0, 4096);
  room_->setDecimals(1);
  room_->setSuffix(tr(" GiB"));
  room_->setSpecialValueText(tr("not checked"));
  redundant_ = new QSpinBox(box);
  redundant_->setObjectName("planRedundant");
  redundant_->setRange(-1, 1 << 18);
  redundant_->setValue(-1);
  redundant_->setSpecialValueText(tr("not checked"));
  groups_ = new QCheckBox(tr("Report groups outside their node"), box);
  groups_->setObjectName("planGroups");
  const auto add = [&](const QString& text, QWidget* field, const QString& tip) {
    field->setToolTip(tip);
    field->setAccessibleName(text);
    form->addRow(text, field);
  };
  add(tr("Expert of"), model_,
      tr("Model whose expert size is assumed: gate, up and down matrices"));
  add(tr("Bytes per expert"), mebibytes_, tr("Of one expert in one layer"));
  add(tr("Room per GPU"), room_,
      tr("Memory for experts on a GPU; a plan that needs more is a problem"));
  add(tr("Redundant experts"), redundant_,
      tr("As in the engine's launch flag; another number in the plan is a problem"));
  groups_->setToolTip(
      tr("A replica outside the node that holds most of its routing group is listed "
         "as a problem"));
  form->addRow(groups_);
  connect(model_, &QComboBox::currentIndexChanged, this, [this] {
    // The model is chosen once for all that has a price.
    if (const QString name = model_->currentData(kNameRole).toString(); !name.isEmpty())
      document_.serving().choose(ServingPart::Model, name);
    if (const qint64 bytes = model_->currentData().toLongLong(); bytes > 0)
      mebibytes_->setValue(static_cast<double>(bytes) / kMebi);
    takeAssumptions();
  });
  connect(mebibytes_, &QDoubleSpinBox::valueChanged, this, &FiguresPanel::takeAssumptions);
  connect(room_, &QDoubleSpinBox::valueChanged, this, &FiguresPanel::takeAssumptions);
  connect(redundant_, &QSpinBox::valueChanged, this, &FiguresPanel::takeAssumptions);
  connect(groups_, &QCheckBox::toggled, this, &FiguresPanel::takeAssumptions);
  return box;
}

void FiguresPanel::showAssumptions() {
  const QSignalBlocker blocks[] = {QSignalBlocker(model_), QSignalBlocker(mebibytes_)};
  const PlanAssumptions& made = document_.assumptions();
  const QString name = made.model.isEmpty() ? tr("choose the model…") : made.model;
  if (model_->findText(name) < 0) model_->insertItem(0, name);
  model_->setItemData(model_->findText(name), made.expert_bytes);
  model_->setCurrentIndex(model_->findText(name));
  mebibytes_->setValue(static_cast<double>(document_.assumptions().expert_bytes) / kMebi);
}

void FiguresPanel::takeAssumptions() {
  PlanAssumptions next;
  next.expert_bytes = model_->currentData().toLongLong();
  next.model = next.expert_bytes > 0 ? model_->currentText() : QString();
  const auto typed = static_cast<qint64>(std::llround(mebibytes_->value() * kMebi));
  // A size other than the model's selects another model.
  if (std::abs(typed - next.expert_bytes) > kMebi / 100) {
    const QSignalBlocker block(model_);
    model_->setCurrentIndex(model_->count() - 1);
    next.model = model_->currentText();
    next.expert_bytes = typed;
  }
  if (room_->value() > 0)
    next.gpu_expert_bytes = static_cast<qint64>(std::llround(room_->value() * kGibi));
  // For another model the number of units is unknown.
  if (next.model == document_.assumptions().model) next.units = document_.assumptions().units;
  if (redundant_->value() >= 0) next.redundant_experts = redundant_->value();
  next.groups_on_nodes = groups_->isChecked();
  document_.setAssumptions(std::move(next));
}

}  // namespace moescope
