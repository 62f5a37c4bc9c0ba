#include "views/plan/predict_panel.h"

#include <QHeaderView>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "core/simulate/predict.h"
#include "views/common/delta.h"
#include "views/common/scroll_area.h"
#include "views/common/units.h"
#include "views/plan/serving_chooser.h"
#include "views/plot/error_bar.h"

namespace moescope {
namespace {

constexpr int kDelayMs = 350;
constexpr int kDragDelayMs = 15;  ///< of a drag, which is to be predicted within 100 ms
constexpr int kDragBatches = 4;   ///< the error bar is wider than that of the plan at rest

QString time(double ns) {
  return format_time(static_cast<TimeNs>(std::llround(ns)));
}

}  // namespace

PredictPanel::PredictPanel(PlanDocument& document, QWidget* parent)
    : QWidget(parent), document_(document) {
  setObjectName("planPredict");
  auto* content = new QWidget(this);
  chooser_ = new ServingChooser(document, content);
  table_ = new QTableWidget(0, 1, content);
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
  note_ = new QLabel(content);
  note_->setObjectName("predictNote");
  note_->setWordWrap(true);
  note_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  auto* column = new QVBoxLayout(content);
  column->setContentsMargins(6, 6, 6, 6);
  column->addWidget(chooser_);
  column->addWidget(table_, 1);
  column->addWidget(note_);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(scroll_area(content, this));
  delay_.setSingleShot(true);
  delay_.setInterval(kDelayMs);
  connect(&delay_, &QTimer::timeout, this, &PredictPanel::start);
  connect(&job_, &JobRunner::failed, this, &PredictPanel::showNothing);
  for (const auto signal :
       {&PlanDocument::committed, &PlanDocument::figuresChanged, &PlanDocument::replaced})
    connect(&document_, signal, this, &PredictPanel::schedule);
  connect(&document_.serving(), &ServingSetup::changed, this, &PredictPanel::schedule);
  connect(&document_, &PlanDocument::changed, this, &PredictPanel::followDrag);
  connect(&document_, &PlanDocument::replaced, this, [this] { follows_ = false; });
  // While loads are recorded their newest windows move on; that alone makes nothing outdated.
  for (const auto signal : {&PlanDocument::committed, &PlanDocument::replaced})
    connect(&document_, signal, this, &PredictPanel::forget);
  connect(&document_.serving(), &ServingSetup::changed, this, &PredictPanel::forget);
  connect(&document_, &PlanDocument::figuresChanged, this, [this] {
    if (!document_.loads().growing()) forget();
  });
}

/// What was predicted is not of the plan as it is.
void PredictPanel::forget() {
  if (short_text_.isEmpty()) return;
  short_text_.clear();
  Q_EMIT predicted();
}

void PredictPanel::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  if (stale_) schedule();
}

void PredictPanel::schedule() {
  stale_ = true;
  if (isVisible() || follows_) delay_.start(kDelayMs);
}

/// The plan under the pointer is predicted at once, seen on the page or in the strip of steps.
void PredictPanel::followDrag() {
  if (!(document_.previewing() || follows_) || !obstacle().isEmpty()) return;
  follows_ = true;
  delay_.start(kDragDelayMs);
}

QString PredictPanel::obstacle() const {
  if (document_.empty()) return tr("Open or make a plan first.");
  if (!document_.state().has_loads()) return tr("A prediction needs loads that fit the plan.");
  if (has_errors(document_.state().problems())) return tr("The plan has errors; fix them first.");
  if (const QStringList missing = document_.serving().missing(); !missing.isEmpty())
    return tr("Choose %1: the open files do not tell.").arg(missing.join(tr(" and ")));
  if (!document_.state().rule_problem().empty()) return document_.ruleText();
  return {};
}

/// No figures, and why.
void PredictPanel::showNothing(const QString& note) {
  table_->setRowCount(0);
  note_->setText(note);
}

void PredictPanel::start() {
  stale_ = false;
  if (const QString why = obstacle(); !why.isEmpty()) {
    job_.abandon();
    showNothing(why);
    return;
  }
  const PlanState* const reference = document_.before();
  const bool comparable = reference != nullptr && !has_errors(reference->problems()) &&
                          reference->rule_problem().empty();
  const Plan before = comparable ? reference->ruled_plan() : Plan();
  note_->setText(tr("Predicting…"));
  const auto name_of = [this](ServingPart part) {
    return document_.serving().name(part).toStdString();
  };
  const LoadsPtr& loads = document_.loads().loads();
  const WindowRange range = document_.loads().windows();
  PredictOptions judged;
  judged.first_window = range.first;
  if (document_.previewing()) judged.batches = kDragBatches;
  if (document_.madeFrom())
    judged.made_from = windows_that_made(*document_.madeFrom(), *loads, range);
  job_.start(
      tr("Predicting the step"),
      [hardware = name_of(ServingPart::Hardware), model = name_of(ServingPart::Model),
       unit = name_of(ServingPart::Unit), plan = document_.state().ruled_plan(), before, comparable,
       loads, range, judged](Progress& progress) {
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

/// The step and how it changes. Returns what there is to note about it.
QStringList PredictPanel::showStep(const Prediction& p) {
  QStringList notes;
  const QString bar =
      tr("± is batch noise, the drift between the last two windows, and the "
         "model's own error");
  const QString step = format_time_with_error(p.step_ns, p.error_ns());
  addFigure(tr("Step (predicted)"), step, bar);
  short_text_ = tr("%1 per step").arg(step);
  if (!p.previous_ns) return notes;
  addFigure(tr("Step before"), time(*p.previous_ns), tr("Under the plan before, same windows"));
  const Theme& theme = Theme::of(palette());
  const Delta change = delta_of(*p.previous_ns, p.step_ns, time, p.noise_ns());
  addFigure(tr("Change"),
            tr("%1 (%2)").arg(change.text, format_percent(100 * (p.step_ns - *p.previous_ns) /
                                                          std::max(*p.previous_ns, 1.0))),
            tr("How much longer or (-) shorter a step becomes; within ± %1 it means nothing")
                .arg(time(p.noise_ns())));
  table_->item(table_->rowCount() - 1, 0)->setForeground(verdict_color(change.verdict, theme));
  short_text_ += QStringLiteral(", ") + delta_html(change, theme);
  if (p.gain_below_noise.value_or(false))
    notes << tr("The change is smaller than the noise: do not count on it.");
  return notes;
}

void PredictPanel::showCosts(const Prediction& p) {
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
}

void PredictPanel::showPrediction(const Prediction& p) {
  table_->setRowCount(0);
  addFigure(tr("Replica rule"), document_.serving().ruleTitle(), document_.ruleText());
  QStringList notes = showStep(p);
  showCosts(p);
  if (p.weights_dominate)
    notes << tr("Reading weights takes as long as computing: spreading tokens cannot help.");
  if (!p.memory.fits()) notes << tr("The plan does not fit into the memory of a GPU.");
  for (const std::string& note : p.notes) notes << QString::fromStdString(note);
  note_->setText(notes.join('\n'));
  Q_EMIT predicted();
}

}  // namespace moescope
