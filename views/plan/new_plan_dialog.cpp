#include "views/plan/new_plan_dialog.h"

#include <QFormLayout>
#include <QPushButton>
#include <QVBoxLayout>

namespace moescope {

NewPlanDialog::NewPlanDialog(const LoadDocument& loads, QWidget* parent)
    : QDialog(parent),
      loads_(loads.loads()),
      windows_(loads.windows()),
      start_(new QComboBox(this)),
      gpus_(new QSpinBox(this)),
      nodes_(new QSpinBox(this)),
      groups_(new QSpinBox(this)),
      per_layer_(new QSpinBox(this)),
      result_(new QLabel(this)) {
  setObjectName("newPlanDialog");
  setWindowTitle(tr("New plan from loads"));
  auto* form = new QFormLayout;
  start_->addItem(tr("experts in order, as engines start"),
                  static_cast<int>(NewPlan::Start::InOrder));
  if (loads_->running_map)
    start_->addItem(tr("what ran while the loads were recorded"),
                    static_cast<int>(NewPlan::Start::Running));
  start_->addItem(tr("DeepSeek's EPLB for the chosen windows"),
                  static_cast<int>(NewPlan::Start::Greedy));
  const auto add = [&](const QString& text, QWidget* field, const char* name, const QString& tip) {
    field->setObjectName(name);
    field->setToolTip(tip);
    field->setAccessibleName(text);
    form->addRow(text, field);
  };
  add(tr("Start with"), start_, "newPlanStart", tr("What the slots hold at first"));
  add(tr("GPUs"), gpus_, "newPlanGpus", tr("Expert-parallel ranks"));
  add(tr("Nodes"), nodes_, "newPlanNodes", tr("Machines; GPUs divide over them"));
  add(tr("Routing groups"), groups_, "newPlanGroups",
      tr("Groups of consecutive experts in the model's router (8 in DeepSeek-V3); 1: none"));
  add(tr("Slots per layer"), per_layer_, "newPlanSlots",
      tr("Physical experts: the model's experts and the redundant ones"));
  const NewPlan first = suggest_plan(*loads_);
  for (QSpinBox* box : {gpus_, nodes_}) box->setRange(1, kMaxPlanGpus);
  groups_->setRange(1, kMaxPlanExperts);
  per_layer_->setRange(1, kMaxPlanSlots);
  gpus_->setValue(first.gpus);
  nodes_->setValue(first.nodes);
  per_layer_->setValue(first.slot_count);
  start_->setCurrentIndex(start_->findData(static_cast<int>(first.start)));
  result_->setObjectName("newPlanResult");
  result_->setWordWrap(true);
  result_->setMinimumWidth(360);
  buttons_ = new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel, this);
  buttons_->button(QDialogButtonBox::Ok)->setText(tr("Make plan"));
  auto* column = new QVBoxLayout(this);
  column->addLayout(form);
  column->addWidget(result_);
  column->addWidget(buttons_);
  connect(buttons_, &QDialogButtonBox::accepted, this, &NewPlanDialog::make);
  connect(buttons_, &QDialogButtonBox::rejected, this, &QDialog::reject);
  for (QSpinBox* box : {gpus_, nodes_, groups_, per_layer_})
    connect(box, &QSpinBox::valueChanged, this, &NewPlanDialog::refresh);
  connect(start_, &QComboBox::currentIndexChanged, this, &NewPlanDialog::refresh);
  refresh();
}

NewPlan NewPlanDialog::wanted() const {
  return {static_cast<NewPlan::Start>(start_->currentData().toInt()), gpus_->value(),
          nodes_->value(), groups_->value(), per_layer_->value()};
}

void NewPlanDialog::refresh() {
  const NewPlan plan = wanted();
  per_layer_->setEnabled(plan.start != NewPlan::Start::Running);
  QString text;
  bool possible = true;
  try {
    check_new_plan(plan, *loads_);
    const int in_layer = new_plan_slots(plan, *loads_);
    text = tr("%1 layers, %2 experts, %3 slots per GPU, %4 redundant experts per layer")
               .arg(loads_->layers())
               .arg(loads_->experts)
               .arg(in_layer / plan.gpus)
               .arg(in_layer - loads_->experts);
  } catch (const std::exception& error) {
    text = QString::fromUtf8(error.what());
    possible = false;
  }
  result_->setText(text);
  buttons_->button(QDialogButtonBox::Ok)->setEnabled(possible);
}

void NewPlanDialog::make() {
  try {
    const Plan plan = make_plan(wanted(), *loads_, windows_.first, windows_.last);
    Q_EMIT made(plan, start_->currentText());
    accept();
  } catch (const std::exception& error) {
    result_->setText(QString::fromUtf8(error.what()));
  }
}

}  // namespace moescope
