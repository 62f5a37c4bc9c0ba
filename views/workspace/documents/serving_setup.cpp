#include "views/workspace/documents/serving_setup.h"

#include "core/error.h"
#include "core/placement/rules/slot_shares.h"
#include "core/simulate/defaults.h"
#include "core/simulate/model/description.h"
#include "core/simulate/model/unit.h"

namespace moescope {
namespace {

constexpr auto kEmbeddedModel = "tiny", kEmbeddedHardware = "cpu";

bool is_known(ServingPart part, const QString& name) {
  for (const std::string& known : description_names(descriptions_of(part)))
    if (name == QString::fromStdString(known)) return true;
  return false;
}

/// "sglang:static"; ":even" of no engine.
QString key_of(ReplicaRule rule) {
  const RuleFacts& facts = rule_facts(rule);
  return QStringLiteral("%1:%2").arg(QLatin1String(facts.engine), QLatin1String(facts.dispatch));
}

/// nullopt where `key` names no rule.
std::optional<ReplicaRule> rule_of(const QString& key) {
  const auto at = key.indexOf(QLatin1Char(':'));
  if (at < 0) return std::nullopt;
  try {
    return find_rule(key.left(at).toStdString(), key.mid(at + 1).toStdString());
  } catch (const Error&) {  // of another version
    return std::nullopt;
  }
}

}  // namespace

const char* descriptions_of(ServingPart part) {
  switch (part) {
    case ServingPart::Hardware:
      return "hardware";
    case ServingPart::Model:
      return "models";
    case ServingPart::Unit:
      break;
  }
  return "units";
}

QString serving_word(ServingPart part) {
  switch (part) {
    case ServingPart::Hardware:
      return ServingSetup::tr("hardware");
    case ServingPart::Model:
      return ServingSetup::tr("model");
    case ServingPart::Unit:
      break;
  }
  return ServingSetup::tr("serving unit");
}

QString rule_words(ReplicaRule rule, bool knows_sources) {
  const std::string text = rule_text(rule, knows_sources);
  return QString::fromStdString(rule_title(rule) + text.substr(rule_name(rule).size()));
}

QStringList ServingSetup::missing() const {
  QStringList words;
  for (const ServingPart part : kServingParts)
    if (name(part).isEmpty()) words << serving_word(part);
  return words;
}

void ServingSetup::choose(ServingPart part, const QString& name) {
  const Setup before = setup_;
  Part& chosen = of(part);
  if (chosen.chosen == !name.isEmpty() && chosen.name == name) return;
  chosen.chosen = !name.isEmpty();
  if (chosen.chosen) chosen.name = name;
  update(before);
}

void ServingSetup::chooseRule(std::optional<ReplicaRule> rule) {
  if (setup_.rule.chosen == rule) return;
  const Setup before = setup_;
  setup_.rule.chosen = rule;
  update(before);
}

QString ServingSetup::ruleReason() const {
  if (ruleChosen()) return tr("chosen");
  return setup_.rule.found_reason.isEmpty() ? tr("no plan or loads are open")
                                            : setup_.rule.found_reason;
}

std::string ServingSetup::engine() const {
  const std::string of_rule = rule_facts(rule()).engine;
  return of_rule.empty() ? engine_ : of_rule;
}

std::vector<ReplicaRule> ServingSetup::rulesToSolveFor() const {
  const std::string engine = rule_facts(rule()).engine;
  if (!engine.empty() && find_rule(engine, {}) == rule()) return rules_to_solve_for(engine);
  return {rule()};
}

void ServingSetup::infer(const Plan* plan, const LoadSet* loads) {
  has_plan_ = plan != nullptr;
  gpus_ = plan != nullptr ? plan->num_gpus : 0;
  slots_ = plan != nullptr ? plan->slot_count() : 0;
  layers_ = plan != nullptr ? plan->layers() : loads != nullptr ? loads->layers() : 0;
  // A plan may have a shared expert beyond those of the loads.
  experts_ = loads != nullptr ? loads->experts : plan != nullptr ? plan->num_experts : 0;
  phase_ = loads != nullptr ? loads->unit : std::string();
  engine_ = loads != nullptr ? loads->engine : std::string();
  weighted_ = plan != nullptr && !plan->replica_weight.empty();
  update(Setup(setup_));
}

void ServingSetup::setDevice(const QString& device) {
  if (device == device_) return;
  device_ = device;
  update(Setup(setup_));
}

void ServingSetup::update(const Setup& before) {
  findModel();
  findUnit();  // of the model
  findHardware();
  findRule();
  if (setup_ != before) Q_EMIT changed();
}

void ServingSetup::find(ServingPart part, const QString& name, const QString& reason) {
  Part& found = of(part);
  found.found = name;
  found.found_reason = reason;
  if (!found.chosen) found.name = name;
  found.reason = found.chosen ? tr("chosen") : reason;
}

void ServingSetup::findModel() {
  if (experts_ == 0) return find(ServingPart::Model, {}, tr("no plan or loads are open"));
  const auto shape = tr("%1 experts in %2 layers").arg(experts_).arg(layers_);
  const auto model = guess_model(experts_, layers_);
  find(ServingPart::Model, model ? QString::fromStdString(model->name) : QString(),
       model ? shape : tr("no built-in model has %1, or several have").arg(shape));
}

/// Only what the files tell: phase of the loads and GPUs of the plan must leave one unit.
void ServingSetup::findUnit() {
  if (!has_plan_) return find(ServingPart::Unit, {}, tr("no plan is open"));
  const std::string model = name(ServingPart::Model).toStdString();
  QString found;
  int fit = 0, exact = 0;
  for (const std::string& known : description_names(descriptions_of(ServingPart::Unit))) {
    const ServingUnit unit = load_unit(known);
    if (!phase_.empty() && phase_ != to_string(unit.phase)) continue;
    const bool of_model = !unit.model.empty();
    if (of_model ? unit.model != model : unit.gpus != gpus_) continue;
    if (phase_.empty() && !of_model && unit.slot_count != slots_) continue;
    const bool same_slots = unit.slot_count == slots_ || of_model;
    ++fit;
    exact += same_slots ? 1 : 0;
    if (found.isEmpty() || (same_slots && exact == 1)) found = QString::fromStdString(known);
  }
  const QString phase = QString::fromStdString(phase_);
  const QString what = phase.isEmpty() ? tr("%1 GPUs, %2 slots").arg(gpus_).arg(slots_)
                                       : tr("%1 on %2 GPUs").arg(phase).arg(gpus_);
  if (fit == 1 || exact == 1) return find(ServingPart::Unit, found, what);
  find(ServingPart::Unit, {},
       fit == 0 ? tr("no built-in unit is for %1").arg(what)
                : tr("several built-in units are for %1").arg(what));
}

void ServingSetup::findHardware() {
  if (name(ServingPart::Model) == QLatin1String(kEmbeddedModel))
    return find(ServingPart::Hardware, QLatin1String(kEmbeddedHardware),
                tr("the embedded runtime's model runs on the CPU"));
  for (const std::string& known : description_names(descriptions_of(ServingPart::Hardware))) {
    const QString name = QString::fromStdString(known);
    if (device_.contains(name, Qt::CaseInsensitive))
      return find(ServingPart::Hardware, name, tr("the open trace is of %1").arg(device_));
  }
  find(ServingPart::Hardware, {}, tr("neither plan nor loads name the hardware"));
}

/// As usual_rule(), with the reason.
void ServingSetup::findRule() {
  Rule& rule = setup_.rule;
  if (!engine_.empty()) {
    rule.found = find_rule(engine_, {});
    rule.found_reason =
        tr("the loads come from %1").arg(QString::fromStdString(engine_title(engine_)));
  } else {
    rule.found = weighted_ ? ReplicaRule::Weights : ReplicaRule::Even;
    rule.found_reason = weighted_ ? tr("the plan has replica weights, and no engine is known")
                                  : tr("neither loads nor plan name an engine");
  }
}

QString ServingSetup::choices() const {
  QStringList parts;
  for (const ServingPart part : kServingParts) parts << (chosen(part) ? name(part) : QString());
  parts << (ruleChosen() ? key_of(rule()) : QString());
  return parts.join(QLatin1Char(' ')).trimmed().isEmpty() ? QString()
                                                          : parts.join(QLatin1Char(','));
}

void ServingSetup::setChoices(const QString& choices) {
  const Setup before = setup_;
  const QStringList parts = choices.split(QLatin1Char(','));
  for (std::size_t i = 0; i < kServingParts.size(); ++i) {
    const QString name = parts.value(static_cast<qsizetype>(i));
    Part& part = of(kServingParts[i]);
    part.chosen = is_known(kServingParts[i], name);
    if (part.chosen) part.name = name;
  }
  setup_.rule.chosen = rule_of(parts.value(static_cast<qsizetype>(kServingParts.size())));
  update(before);
}

}  // namespace moescope
