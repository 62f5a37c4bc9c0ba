#include "views/whatif/whatif_form.h"

#include <QSignalBlocker>
#include <cmath>

#include "core/placement/rules/replica_rule.h"
#include "core/simulate/model/description.h"

namespace moescope {
namespace {

constexpr int kMostGpus = 4096, kMostRedundant = 100000, kMostSms = 512;
constexpr double kMostTokens = 1e6;

QString text_of(const std::string& text) {
  return QString::fromStdString(text);
}

void choose(QComboBox& box, const QVariant& data) {
  box.setCurrentIndex(box.findData(data));
}

template <typename Box>
void put(Box& box, double value) {
  const QSignalBlocker blocker(&box);
  using Value = decltype(box.value());
  box.setValue(static_cast<Value>(value));
}

}  // namespace

WhatIfForm::WhatIfForm(QWidget* parent) : QWidget(parent) {
  setObjectName("whatIfForm");
  auto* form = new QFormLayout(this);
  form->setContentsMargins(8, 6, 8, 6);
  form->setVerticalSpacing(3);
  form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
  form->setRowWrapPolicy(QFormLayout::DontWrapRows);
  addParts();
  addPlanAndRule();
  addNumbers();
}

void WhatIfForm::addRow(const QString& title, const QString& tip, QWidget* field,
                        std::function<bool()> differs) {
  auto* label = new QLabel(title, this);
  label->setBuddy(field);
  label->setToolTip(tip);
  QFont bold = font();
  bold.setBold(true);  // as it is when the field was changed
  label->setMinimumWidth(QFontMetrics(bold).horizontalAdvance(title) + 4);
  field->setAccessibleName(title);
  field->setAccessibleDescription(tip);
  field->setToolTip(tip);
  static_cast<QFormLayout*>(layout())->addRow(label, field);
  fields_.push_back({label, title, tip, std::move(differs)});
}

QComboBox* WhatIfForm::addChoice(const QString& name, const QString& title, const QString& tip,
                                 std::function<bool()> differs) {
  auto* box = new QComboBox(this);
  box->setObjectName(name);
  box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  box->setMinimumContentsLength(9);
  addRow(title, tip, box, std::move(differs));
  return box;
}

template <typename Box>
Box* WhatIfForm::addNumber(const QString& name, const QString& title, const QString& tip,
                           const QString& suffix, double least, double most,
                           const std::function<bool()>& differs) {
  auto* box = new Box(this);
  box->setObjectName(name);
  using Value = decltype(box->value());
  box->setRange(static_cast<Value>(least), static_cast<Value>(most));
  box->setSuffix(suffix);
  box->setKeyboardTracking(false);
  box->setGroupSeparatorShown(true);
  addRow(title, tip, box, differs);
  return box;
}

void WhatIfForm::addParts() {
  const auto add = [this](const char* name, const QString& title, const QString& tip,
                          ServingPart part, std::string WhatIf::*member) {
    auto* box = addChoice(QLatin1String(name), title, tip,
                          [this, member] { return settings_.*member != base_.settings.*member; });
    for (const std::string& known : description_names(descriptions_of(part)))
      box->addItem(text_of(known), text_of(known));
    connect(box, &QComboBox::activated, this, [this, member, box] { choosePart(member, *box); });
    return box;
  };
  hardware_ = add("whatIfHardware", tr("Hardware"), tr("Rates of the GPUs and their links"),
                  ServingPart::Hardware, &WhatIf::hardware);
  model_ = add("whatIfModel", tr("Model"),
               tr("Its shape; loads and plan of another model are left aside"), ServingPart::Model,
               &WhatIf::model);
  unit_ = add("whatIfUnit", tr("Serving unit"),
              tr("Phase, GPUs, tokens, context and micro-batches; the fields below change it"),
              ServingPart::Unit, &WhatIf::unit);
  library_ = addChoice("whatIfLibrary", tr("Library"), tr("What moves tokens between the GPUs"),
                       [this] { return settings_.library.has_value(); });
  for (const auto library : {CommLibrary::DeepepNormal, CommLibrary::DeepepLowLatency,
                             CommLibrary::DeepepV2, CommLibrary::Trtllm, CommLibrary::Nccl})
    library_->addItem(QLatin1String(to_string(library)), static_cast<int>(library));
  connect(library_, &QComboBox::activated, this, [this] {
    set([this](WhatIf& now) {
      now.library = static_cast<CommLibrary>(library_->currentData().toInt());
    });
  });
}

void WhatIfForm::addPlanAndRule() {
  plan_ = addChoice("whatIfPlan", tr("Plan"),
                    tr("The open plan where its GPUs and slots are those below, or one that is "
                       "solved for them and the loads"),
                    [this] { return settings_.given_plan != base_.settings.given_plan; });
  connect(plan_, &QComboBox::activated, this,
          [this] { set([this](WhatIf& now) { now.given_plan = plan_->currentData().toBool(); }); });
  rule_ = addChoice("whatIfRule", tr("Replica rule"),
                    tr("How the engine chooses among the replicas of an expert; as in the plan's "
                       "view where it is not chosen here"),
                    [this] { return settings_.rule != base_.settings.rule; });
  connect(rule_, &QComboBox::activated, this, [this] {
    set([this](WhatIf& now) { now.rule = static_cast<ReplicaRule>(rule_->currentData().toInt()); });
  });
}

void WhatIfForm::addNumbers() {
  gpus_ =
      addNumber<QSpinBox>("whatIfGpus", tr("EP size"),
                          tr("GPUs that the experts are spread over, whole nodes; each keeps "
                             "its tokens"),
                          tr(" GPUs"), 1, kMostGpus, [this] { return settings_.gpus.has_value(); });
  redundant_ = addNumber<QSpinBox>(
      "whatIfRedundant", tr("Redundant"),
      tr("Slots of a layer beyond the model's experts; all slots have to divide over the GPUs"),
      tr(" experts"), 0, kMostRedundant, [this] { return settings_.redundant.has_value(); });
  sms_ = addNumber<QSpinBox>("whatIfSms", tr("Communication"),
                             tr("SMs of a GPU that communication holds while both micro-batches "
                                "run; 0: its links alone limit it"),
                             tr(" SMs"), 0, kMostSms,
                             [this] { return settings_.comm_sms.has_value(); });
  tokens_ = addNumber<QDoubleSpinBox>(
      "whatIfTokens", tr("Batch"), tr("Tokens of a GPU in one micro-batch"), tr(" tokens per GPU"),
      1, kMostTokens, [this] { return settings_.tokens_per_gpu.has_value(); });
  tokens_->setDecimals(0);
  connect(gpus_, &QSpinBox::valueChanged, this,
          [this](int value) { set([value](WhatIf& now) { now.gpus = value; }); });
  connect(redundant_, &QSpinBox::valueChanged, this,
          [this](int value) { set([value](WhatIf& now) { now.redundant = value; }); });
  connect(sms_, &QSpinBox::valueChanged, this,
          [this](int value) { set([value](WhatIf& now) { now.comm_sms = value; }); });
  connect(tokens_, &QDoubleSpinBox::valueChanged, this,
          [this](double value) { set([value](WhatIf& now) { now.tokens_per_gpu = value; }); });
}

/// Numbers were those of the unit and model before.
void WhatIfForm::choosePart(std::string WhatIf::*part, const QComboBox& box) {
  const std::string name = box.currentData().toString().toStdString();
  if (settings_.*part == name) return;
  set([&](WhatIf& now) {
    now.*part = name;
    if (part == &WhatIf::hardware) return;
    now.gpus.reset();
    now.redundant.reset();
    if (part == &WhatIf::model) return;
    now.comm_sms.reset();
    now.tokens_per_gpu.reset();
    now.library.reset();
    now.given_plan = base_.settings.given_plan && name == base_.settings.unit;
  });
}

void WhatIfForm::set(const std::function<void(WhatIf&)>& change) {
  WhatIf now = settings_;
  change(now);
  if (now == settings_) return;
  settings_ = now;
  Q_EMIT changed(settings_);
}

void WhatIfForm::fillChoices() {
  plan_->clear();
  if (base_.files.plan) plan_->addItem(base_.plan_name, true);
  plan_->addItem(tr("solved for the unit"), false);
  rule_->clear();
  for (const RuleFacts& facts : all_rules()) {
    rule_->addItem(text_of(rule_title(facts.rule)), static_cast<int>(facts.rule));
    rule_->setItemData(rule_->count() - 1, QString::fromUtf8(facts.text), Qt::ToolTipRole);
  }
}

void WhatIfForm::showSettings(const WhatIfBase& base, const WhatIf& settings,
                              const ServingUnit& unit) {
  base_ = base;
  settings_ = settings;
  fillChoices();
  choose(*hardware_, text_of(settings.hardware));
  choose(*model_, text_of(settings.model));
  choose(*unit_, text_of(settings.unit));
  choose(*library_, static_cast<int>(unit.library));
  choose(*plan_, settings.given_plan && base.files.plan != nullptr);
  choose(*rule_, static_cast<int>(settings.rule.value_or(ReplicaRule::Even)));
  const int experts = load_model_shape(settings.model).experts;
  put(*gpus_, settings.gpus.value_or(unit.gpus));
  put(*redundant_, settings.redundant.value_or(unit.slot_count - experts));
  put(*sms_, settings.comm_sms.value_or(unit.comm_sms));
  put(*tokens_, settings.tokens_per_gpu.value_or(unit.tokens_per_gpu));
  gpus_->setSingleStep(std::max(1, unit.gpus_per_node()));
  redundant_->setSingleStep(std::max(1, unit.gpus));
  sms_->setSingleStep(4);
  tokens_->setSingleStep(std::max(1.0, std::round(unit.tokens_per_gpu / 8)));
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const Field& field = fields_[i];
    const bool differs = field.differs();
    const bool part = i < kServingParts.size();
    QFont font = this->font();
    font.setBold(differs);
    field.label->setFont(font);
    field.label->setText(part && base.found[i] && !differs ? field.title + QStringLiteral(" •")
                                                           : field.title);
    const QString why = differs ? tr("Changed here")
                        : part  ? base.reasons[i]
                                : tr("Of the serving unit and the open plan");
    field.label->setToolTip(field.tip + QStringLiteral(".\n") + why);
    field.label->buddy()->setToolTip(field.label->toolTip());
  }
}

}  // namespace moescope
