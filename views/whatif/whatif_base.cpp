#include "views/whatif/whatif_base.h"

#include <QStringList>

#include "core/simulate/defaults.h"
#include "core/simulate/model/unit.h"
#include "views/whatif/whatif_words.h"

namespace moescope {
namespace {

using whatif::tr;

std::size_t index_of(ServingPart part) {
  return static_cast<std::size_t>(part);
}

std::string& name_in(WhatIf& settings, ServingPart part) {
  switch (part) {
    case ServingPart::Hardware:
      return settings.hardware;
    case ServingPart::Model:
      return settings.model;
    default:
      return settings.unit;
  }
}

/// The unit nearest to what is open; the default when nothing is.
std::string likely_unit(const WhatIfBase& base) {
  const std::string phase = base.files.loads ? base.files.loads->unit : std::string();
  if (base.files.plan) return guess_unit_name(*base.files.plan, phase, base.settings.model);
  return phase == to_string(Phase::Prefill) ? "prefill32" : base.settings.unit;
}

/// The windows that are chosen, as loads of their own.
std::shared_ptr<const LoadSet> chosen_loads(const LoadDocument& loads) {
  if (!loads.loads()) return nullptr;
  const WindowRange range = loads.windows();
  if (range.count() == static_cast<int>(loads.loads()->windows.size())) return loads.loads();
  auto chosen = std::make_shared<LoadSet>(*loads.loads());
  chosen->windows.assign(loads.loads()->windows.begin() + range.first,
                         loads.loads()->windows.begin() + range.last);
  return chosen;
}

}  // namespace

QString WhatIfBase::assumed() const {
  QStringList names;
  WhatIf copy = settings;
  for (const ServingPart part : kServingParts)
    if (!found[index_of(part)]) names << QString::fromStdString(name_in(copy, part));
  if (names.isEmpty()) return {};
  if (nothing_open() && names.size() == static_cast<qsizetype>(kServingParts.size()))
    return tr("No plan and no loads are open: %1 are assumed.").arg(names.join(", "));
  return names.size() == 1
             ? tr("%1 is assumed: the open files do not tell.").arg(names.front())
             : tr("%1 are assumed: the open files do not tell.").arg(names.join(", "));
}

WhatIfBase what_if_base(const Workspace& workspace) {
  WhatIfBase base;
  const PlanDocument& plan = workspace.plan();
  const LoadDocument& loads = workspace.loads();
  base.files.loads = chosen_loads(loads);
  base.files.first_window = loads.windows().first;
  if (!plan.empty()) {
    base.files.plan = std::make_shared<const Plan>(plan.plan());
    base.plan_name = plan.title();
    if (plan.madeFrom() && loads.loads())
      base.files.made_from = windows_that_made(*plan.madeFrom(), *loads.loads(), loads.windows());
  }
  for (const ServingPart part : kServingParts) {
    const QString& name = plan.serving().name(part);
    const std::size_t i = index_of(part);
    base.found[i] = !name.isEmpty();
    base.reasons[i] = name.isEmpty() ? tr("Assumed: %1").arg(plan.serving().reason(part))
                                     : tr("Found: %1").arg(plan.serving().reason(part));
    if (!name.isEmpty()) name_in(base.settings, part) = name.toStdString();
  }
  base.settings.rule = plan.serving().rule();
  if (!base.found[index_of(ServingPart::Unit)]) base.settings.unit = likely_unit(base);
  return base;
}

}  // namespace moescope
