#include "views/workspace/serving_setup.h"

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

QStringList ServingSetup::missing() const {
  QStringList words;
  for (const ServingPart part : kServingParts)
    if (name(part).isEmpty()) words << serving_word(part);
  return words;
}

void ServingSetup::choose(ServingPart part, const QString& name) {
  const Parts before = parts_;
  Part& chosen = of(part);
  if (chosen.chosen == !name.isEmpty() && chosen.name == name) return;
  chosen.chosen = !name.isEmpty();
  if (chosen.chosen) chosen.name = name;
  update(before);
}

void ServingSetup::infer(const Plan* plan, const LoadSet* loads) {
  has_plan_ = plan != nullptr;
  gpus_ = plan != nullptr ? plan->num_gpus : 0;
  slots_ = plan != nullptr ? plan->slot_count() : 0;
  layers_ = plan != nullptr ? plan->layers() : loads != nullptr ? loads->layers() : 0;
  // A plan may have a shared expert beyond those of the loads.
  experts_ = loads != nullptr ? loads->experts : plan != nullptr ? plan->num_experts : 0;
  phase_ = loads != nullptr ? loads->unit : std::string();
  update(parts_);
}

void ServingSetup::setDevice(const QString& device) {
  if (device == device_) return;
  device_ = device;
  update(parts_);
}

void ServingSetup::update(Parts before) {
  findModel();
  findUnit();  // of the model
  findHardware();
  if (parts_ != before) Q_EMIT changed();
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

QString ServingSetup::choices() const {
  QStringList parts;
  for (const ServingPart part : kServingParts) parts << (chosen(part) ? name(part) : QString());
  return parts.join(QLatin1Char(' ')).trimmed().isEmpty() ? QString()
                                                          : parts.join(QLatin1Char(','));
}

void ServingSetup::setChoices(const QString& choices) {
  const Parts before = parts_;
  const QStringList parts = choices.split(QLatin1Char(','));
  for (std::size_t i = 0; i < kServingParts.size(); ++i) {
    const QString name = parts.value(static_cast<qsizetype>(i));
    Part& part = of(kServingParts[i]);
    part.chosen = is_known(kServingParts[i], name);
    if (part.chosen) part.name = name;
  }
  update(before);
}

}  // namespace moescope
