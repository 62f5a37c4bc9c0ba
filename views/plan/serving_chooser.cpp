#include "views/plan/serving_chooser.h"

#include <QFormLayout>
#include <QSignalBlocker>

#include "core/placement/rules/replica_rule.h"
#include "core/simulate/model/description.h"
#include "core/simulate/predict.h"
#include "views/common/units.h"

namespace moescope {
namespace {

QString title_of(ServingPart part) {
  switch (part) {
    case ServingPart::Hardware:
      return ServingChooser::tr("Hardware");
    case ServingPart::Model:
      return ServingChooser::tr("Model");
    case ServingPart::Unit:
      break;
  }
  return ServingChooser::tr("Serving unit");
}

}  // namespace

ServingChooser::ServingChooser(PlanDocument& document, QWidget* parent)
    : QWidget(parent), document_(document) {
  setObjectName("servingChooser");
  auto* form = new QFormLayout(this);
  form->setContentsMargins(0, 0, 0, 0);
  form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
  addPart(ServingPart::Hardware, "predictHardware",
          tr("Rates and latencies of the GPUs and links"));
  addPart(ServingPart::Model, "predictModel",
          tr("Shape of the model: its step is predicted, and its experts are what a plan moves"));
  addPart(ServingPart::Unit, "predictUnit",
          tr("Phase, tokens of a micro-batch and SMs of communication; GPUs, nodes and slots are "
             "those of the plan"));
  addRules();
  connect(&document_.serving(), &ServingSetup::changed, this, &ServingChooser::refresh);
  connect(&document_, &PlanDocument::replaced, this, &ServingChooser::refresh);
  refresh();
}

QComboBox* ServingChooser::addRow(const QString& title, const QString& name, const QString& tip,
                                  QLabel*& label) {
  auto* box = new QComboBox(this);
  box->setObjectName(name);
  box->setAccessibleName(title);
  box->setAccessibleDescription(tip);
  box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  box->setMinimumContentsLength(8);
  label = new QLabel(title, this);
  label->setBuddy(box);
  static_cast<QFormLayout*>(layout())->addRow(label, box);
  return box;
}

void ServingChooser::addPart(ServingPart part, const QString& name, const QString& tip) {
  const auto at = static_cast<std::size_t>(part);
  QComboBox* box = boxes_[at] = addRow(title_of(part), name, tip, labels_[at]);
  box->setPlaceholderText(tr("choose…"));
  for (const std::string& known : description_names(descriptions_of(part)))
    box->addItem(QString::fromStdString(known), QString::fromStdString(known));
  connect(box, &QComboBox::activated, this,
          [this, part, box] { document_.serving().choose(part, box->currentData().toString()); });
}

void ServingChooser::addRules() {
  rule_ = addRow(tr("Replica rule"), "servingRule",
                 tr("By which the engine picks one of an expert's replicas for a token: balance, "
                    "prediction and new plans are under it"),
                 rule_label_);
  for (const RuleFacts& facts : all_rules()) {
    rule_->addItem(QString::fromStdString(rule_title(facts.rule)), static_cast<int>(facts.rule));
    rule_->setItemData(rule_->count() - 1, rule_words(facts.rule, false), Qt::ToolTipRole);
  }
  connect(rule_, &QComboBox::activated, this, [this] {
    ServingSetup& setup = document_.serving();
    const auto rule = static_cast<ReplicaRule>(rule_->currentData().toInt());
    // What the files tell anyway stays theirs.
    setup.chooseRule(rule == setup.foundRule() ? std::nullopt : std::optional(rule));
  });
}

/// As they would be on the plan's machine.
void ServingChooser::nameUnits() {
  if (document_.empty()) return;
  QComboBox* units = box(ServingPart::Unit);
  for (int i = 0; i < units->count(); ++i) {
    const QString name = units->itemData(i).toString();
    const ServingUnit unit = unit_on(load_unit(name.toStdString()), document_.plan());
    units->setItemText(i, tr("%1 on %2 GPUs, %3 tokens per GPU (as %4)")
                              .arg(QLatin1String(to_string(unit.phase)))
                              .arg(unit.gpus)
                              .arg(format_count(static_cast<quint64>(unit.tokens_per_gpu)), name));
  }
}

void ServingChooser::refresh() {
  nameUnits();
  const ServingSetup& setup = document_.serving();
  for (const ServingPart part : kServingParts) {
    QComboBox* choice = box(part);
    const QSignalBlocker blocker(choice);
    const QString& name = setup.name(part);
    choice->setCurrentIndex(name.isEmpty() ? -1 : choice->findData(name));
    const bool found = !name.isEmpty() && !setup.chosen(part);
    const QString why = found            ? tr("Found: %1").arg(setup.reason(part))
                        : name.isEmpty() ? tr("Not known: %1").arg(setup.reason(part))
                                         : tr("Chosen by you");
    QLabel* label = labels_[static_cast<std::size_t>(part)];
    label->setText(found ? title_of(part) + QStringLiteral(" •") : title_of(part));
    label->setToolTip(why);
    choice->setToolTip(choice->accessibleDescription() + QStringLiteral(".\n") + why);
  }
  showRule();
}

void ServingChooser::showRule() {
  const ServingSetup& setup = document_.serving();
  const QSignalBlocker blocker(rule_);
  rule_->setCurrentIndex(rule_->findData(static_cast<int>(setup.rule())));
  const QString why =
      setup.ruleChosen() ? tr("Chosen by you") : tr("Found: %1").arg(setup.ruleReason());
  rule_label_->setText(setup.ruleChosen() ? tr("Replica rule") : tr("Replica rule •"));
  rule_label_->setToolTip(why);
  rule_->setToolTip(QStringLiteral("%1.\n%2").arg(document_.ruleText(), why));
}

void ServingChooser::askForMissing() {
  for (const ServingPart part : kServingParts)
    if (document_.serving().name(part).isEmpty()) {
      box(part)->setFocus(Qt::OtherFocusReason);
      return;
    }
}

}  // namespace moescope
