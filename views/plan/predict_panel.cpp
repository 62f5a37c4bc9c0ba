#include "views/plan/predict_panel.h"

#include <QHeaderView>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "core/simulate/defaults.h"
#include "core/simulate/model/description.h"
#include "core/simulate/predict.h"
#include "views/common/units.h"
#include "views/common/verdict_color.h"
#include "views/plot/error_bar.h"

namespace moescope {
namespace {

constexpr int kDelayMs = 350;
constexpr auto kEmbeddedModel = "tiny", kUsualHardware = "h800";

QString time(double ns) {
  return format_time(static_cast<TimeNs>(std::llround(ns)));
}

}  // namespace

PredictPanel::PredictPanel(PlanDocument& document, QWidget* parent)
    : QWidget(parent), document_(document) {
  setObjectName("planPredict");
  auto* form = new QFormLayout;
  form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
  hardware_ = addChoice(*form, "hardware", "predictHardware", tr("Hardware"),
                        tr("Rates and latencies of the GPUs and links"), kUsualHardware);
  model_ = addChoice(*form, "models", "predictModel", tr("Model"),
                     tr("Shape of the model whose step is predicted"), "deepseek-v3");
  unit_ = addChoice(*form, "units", "predictUnit", tr("Serving unit"),
                    tr("Phase, tokens of a micro-batch and SMs of communication; GPUs, nodes and "
                       "slots are those of the plan"),
                    "prefill32");
  table_ = new QTableWidget(0, 1, this);
  table_->setObjectName("predictFigures");
  table_->setAccessibleName(tr("Predicted figures"));
  table_->horizontalHeader()->hide();
  table_->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
  table_->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 6);
  table_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  table_->setSelectionMode(QAbstractItemView::NoSelection);
  table_->setFrameShape(QFrame::NoFrame);
  table_->setShowGrid(false);
  table_->setAlternatingRowColors(true);
  note_ = new QLabel(this);
  note_->setObjectName("predictNote");
  note_->setWordWrap(true);
  note_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(6, 6, 6, 6);
  column->addLayout(form);
  column->addWidget(table_, 1);
  column->addWidget(note_);
  delay_.setSingleShot(true);
  delay_.setInterval(kDelayMs);
  connect(&delay_, &QTimer::timeout, this, &PredictPanel::start);
  connect(&job_, &JobRunner::failed, this, [this](const QString& why) {
    table_->setRowCount(0);
    note_->setText(why);
  });
  for (const auto signal :
       {&PlanDocument::committed, &PlanDocument::figuresChanged, &PlanDocument::replaced})
    connect(&document_, signal, this, &PredictPanel::schedule);
  connect(&document_, &PlanDocument::replaced, this, &PredictPanel::fitChoices);
  connect(&document_.loads(), &LoadDocument::loadsChanged, this, &PredictPanel::fitChoices);
  fitChoices();
}

QComboBox* PredictPanel::addChoice(QFormLayout& form, const char* kind, const QString& name,
                                   const QString& text, const QString& tip, const QString& first) {
  auto* box = new QComboBox(this);
  box->setObjectName(name);
  box->setToolTip(tip);
  box->setAccessibleName(text);
  box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  box->setMinimumContentsLength(8);
  for (const std::string& known : description_names(kind))
    box->addItem(QString::fromStdString(known), QString::fromStdString(known));
  box->setCurrentIndex(box->findData(first));
  connect(box, &QComboBox::currentIndexChanged, this, &PredictPanel::schedule);
  connect(box, &QComboBox::activated, this, [this, box] { chosen_.insert(box); });
  form.addRow(text, box);
  return box;
}

/// Names the units as they would be on the plan's machine, and chooses what fits the plan and its
/// loads, unless the user chose otherwise.
void PredictPanel::fitChoices() {
  if (document_.empty()) return;
  const Plan& plan = document_.plan();
  for (int i = 0; i < unit_->count(); ++i) {
    const QString name = unit_->itemData(i).toString();
    const ServingUnit unit = unit_on(load_unit(name.toStdString()), plan);
    unit_->setItemText(i, tr("%1 on %2 GPUs, %3 tokens per GPU (as %4)")
                              .arg(QLatin1String(to_string(unit.phase)))
                              .arg(unit.gpus)
                              .arg(format_count(static_cast<quint64>(unit.tokens_per_gpu)), name));
  }
  const auto choose = [this](QComboBox* box, const std::string& name) {
    if (!chosen_.contains(box)) box->setCurrentIndex(box->findData(QString::fromStdString(name)));
  };
  const LoadsPtr& loads = document_.loads().loads();
  const auto model = guess_model(plan.num_experts, plan.layers());
  choose(unit_, guess_unit_name(plan, loads ? loads->unit : std::string(),
                                model ? model->name : std::string()));
  if (!model) return;
  choose(model_, model->name);
  // The model of the runtime that this machine can run.
  choose(hardware_, model->name == kEmbeddedModel ? "cpu" : kUsualHardware);
}

void PredictPanel::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  if (stale_) schedule();
}

void PredictPanel::schedule() {
  stale_ = true;
  if (isVisible()) delay_.start();
}

void PredictPanel::start() {
  stale_ = false;
  QString why;
  if (document_.empty())
    why = tr("Open or make a plan first.");
  else if (!document_.state().has_loads())
    why = tr("A prediction needs loads that fit the plan.");
  else if (has_errors(document_.state().problems()))
    why = tr("The plan has errors; fix them first.");
  if (!why.isEmpty()) {
    job_.abandon();
    table_->setRowCount(0);
    note_->setText(why);
    return;
  }
  const Plan before = document_.before() != nullptr ? document_.before()->plan() : Plan();
  const bool comparable =
      document_.before() != nullptr && !has_errors(document_.before()->problems());
  note_->setText(tr("Predicting…"));
  const auto name_of = [](const QComboBox* box) {
    return box->currentData().toString().toStdString();
  };
  const LoadsPtr& loads = document_.loads().loads();
  const WindowRange range = document_.loads().windows();
  PredictOptions judged;
  judged.first_window = range.first;
  if (document_.madeFrom())
    judged.made_from = windows_that_made(*document_.madeFrom(), *loads, range);
  job_.start(
      tr("Predicting the step"),
      [hardware = name_of(hardware_), model = name_of(model_), unit = name_of(unit_),
       plan = document_.plan(), before, comparable, loads, range, judged](Progress& progress) {
        LoadSet chosen = *loads;
        chosen.windows.assign(loads->windows.begin() + range.first,
                              loads->windows.begin() + range.last);
        PredictOptions options = judged;
        if (comparable) options.previous = &before;
        return predict(load_hardware(hardware), load_model_shape(model),
                       unit_on(load_unit(unit), plan), plan, chosen, options, progress);
      },
      [this](const Prediction& prediction) { showPrediction(prediction); });
}

void PredictPanel::addFigure(const QString& heading, const QString& text, const QString& tip) {
  const int row = table_->rowCount();
  table_->insertRow(row);
  auto* head = new QTableWidgetItem(heading);
  auto* item = new QTableWidgetItem(text);
  head->setToolTip(tip);
  item->setToolTip(tip);
  item->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
  table_->setVerticalHeaderItem(row, head);
  table_->setItem(row, 0, item);
}

QString PredictPanel::figure(const QString& heading) const {
  for (int r = 0; r < table_->rowCount(); ++r)
    if (table_->verticalHeaderItem(r)->text() == heading) return table_->item(r, 0)->text();
  return {};
}

void PredictPanel::showPrediction(const Prediction& p) {
  table_->setRowCount(0);
  const QString bar = tr("± is batch noise and the drift between the last two windows");
  addFigure(tr("Step (predicted)"), format_time_with_error(p.step_ns, p.error_ns()), bar);
  QStringList notes;
  if (p.previous_ns) {
    addFigure(tr("Step before"), time(*p.previous_ns), tr("Under the plan before, same windows"));
    const double gain = *p.previous_ns - p.step_ns;
    addFigure(tr("Gain"),
              tr("%1 (%2)").arg(time(std::abs(gain)).prepend(gain < 0 ? "-" : ""),
                                format_percent(100 * gain / std::max(*p.previous_ns, 1.0))),
              tr("How much shorter a step becomes; negative: longer"));
    if (gain < 0)
      table_->item(table_->rowCount() - 1, 0)->setForeground(worse_color(Theme::of(palette())));
    if (p.gain_below_noise.value_or(false))
      notes << tr("The gain is smaller than the error bar: do not count on it.");
  }
  addFigure(tr("Tokens per second"),
            format_count(static_cast<quint64>(std::max(p.tokens_per_second, 0.0))),
            tr("Of the whole unit"));
  double dispatch = 0, combine = 0, expert = 0;
  int memory_bound = 0;
  for (const LayerPrediction& l : p.layers) {
    dispatch += l.dispatch_ns;
    combine += l.combine_ns;
    expert += l.expert_ns;
    memory_bound += l.memory_bound ? 1 : 0;
  }
  const QString of_all = tr("Summed over the layers, one micro-batch");
  addFigure(tr("Experts, slowest GPU"), time(expert), of_all);
  addFigure(tr("Dispatch"), time(dispatch), of_all);
  addFigure(tr("Combine"), time(combine), of_all);
  addFigure(tr("Layers limited by memory"), tr("%1 of %2").arg(memory_bound).arg(p.layers.size()),
            tr("Their slowest GPU reads weights longer than it computes"));
  if (!p.layers.empty()) {
    double remote = 0;
    for (const LayerPrediction& l : p.layers) remote += l.remote_nodes_per_token;
    addFigure(tr("Remote nodes per token"),
              QString::number(remote / static_cast<double>(p.layers.size()), 'f', 3),
              p.from_routes ? tr("Mean over layers, from the routes of single tokens")
                            : tr("Mean over layers, from the statistics of the gate"));
  }
  addFigure(tr("Memory per GPU"),
            tr("%1 of %2")
                .arg(format_bytes(static_cast<quint64>(p.memory.total())),
                     format_bytes(static_cast<quint64>(p.memory.room))),
            tr("Experts, other weights and cache"));
  if (p.move)
    addFigure(tr("Time to move"), time(p.move->seconds * 1e9),
              tr("When all GPUs copy at once and nothing else uses the links"));
  if (p.weights_dominate)
    notes << tr("Reading weights takes as long as computing: spreading tokens cannot help.");
  if (!p.memory.fits()) notes << tr("The plan does not fit into the memory of a GPU.");
  for (const std::string& note : p.notes) notes << QString::fromStdString(note);
  note_->setText(notes.join('\n'));
}

}  // namespace moescope
