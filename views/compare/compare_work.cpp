#include "views/compare/compare_work.h"

#include <QFileInfo>
#include <QObject>
#include <algorithm>

#include "core/analysis/compare/placement/loads_and_plans.h"
#include "core/analysis/compare/plan_change.h"
#include "core/analysis/compare/step_pair.h"
#include "core/error.h"

namespace moescope {
namespace {

QString names_of(const QStringList& files) {
  QStringList names;
  for (const QString& file : files) names << QFileInfo(file).fileName();
  return names.join(QLatin1String(", "));
}

CompareSidePtr share(CompareSide side) {
  return std::make_shared<const CompareSide>(std::move(side));
}

TimeRange whole_of(const CompareSide& side) {
  return {side.trace->range().begin, side.trace->range().end};
}

ComparedPart whole_part(const CompareSidePtr& side, const QString& name) {
  return {side, whole_of(*side), name};
}

KeptLoadsPtr loads_in(const QString& file, Progress& progress) {
  auto kept = std::make_shared<KeptLoads>();
  try {
    if (!file.isEmpty()) kept->loads = read_recorded_loads(file.toStdString(), progress);
  } catch (const Error& error) {
    kept->problem = error.what();
  }
  return kept;
}

RecordedPlans plans_in(const QString& file) {
  return file.isEmpty() ? RecordedPlans() : read_recorded_plans(file.toStdString());
}

/// What recordings hold beside their spans explains differences too. What cannot be read of it is
/// said, and the spans are compared all the same.
void add_recorded(const CompareWork& work, CompareResult& result, Comparison& comparison,
                  Progress& progress) {
  KeptSides& kept = result.kept;
  // Of a recording that is being written the loads would be read again and again.
  if (!work.growing) {
    if (!kept.open_loads) kept.open_loads = loads_in(work.open_file, progress);
    if (!kept.other_loads) kept.other_loads = loads_in(work.other_file, progress);
    const KeptLoadsPtr& a = work.swapped ? kept.open_loads : kept.other_loads;
    const KeptLoadsPtr& b = work.swapped ? kept.other_loads : kept.open_loads;
    add_recorded_loads(a->loads, b->loads, comparison);
    for (const KeptLoadsPtr& side : {a, b})
      if (!side->problem.empty()) comparison.causes.push_back(side->problem);
  }
  try {
    RecordedPlans open = plans_in(work.open_file), other = plans_in(work.other_file);
    if (!work.swapped) std::swap(open, other);
    const auto middle = [](const ComparedPart& part) {
      return part.window.begin + part.window.length() / 2;
    };
    add_plan_cause(open, middle(result.a), other, middle(result.b), comparison);
  } catch (const Error& error) {
    comparison.causes.emplace_back(error.what());
  }
}

void compare_with_trace(const CompareWork& work, CompareResult& result, Progress& progress) {
  result.a = whole_part(result.kept.other, work.other_name);
  result.b = whole_part(result.kept.open, work.open_name);
  if (work.swapped) std::swap(result.a, result.b);
  Comparison comparison = compare_traces(*result.a.whole, *result.b.whole, work.by, progress);
  add_recorded(work, result, comparison, progress);
  result.comparison = std::make_shared<const Comparison>(std::move(comparison));
}

void compare_two_steps(const CompareWork& work, CompareResult& result, Progress& progress) {
  const CompareSidePtr& whole = result.kept.open;
  auto [a, b] = work.steps;
  if (work.swapped) std::swap(a, b);
  result.comparison = std::make_shared<const Comparison>(compare_steps(*whole, a, b, progress));
  const auto part = [&](std::size_t index) {
    const TraceStep& step = whole->steps.steps[index];
    return ComparedPart{whole, step.range, QString::fromStdString(step_words(step))};
  };
  result.a = part(a);
  result.b = part(b);
}

void compare_before_after(const CompareWork& work, CompareResult& result, Progress& progress) {
  const CompareSidePtr& whole = result.kept.open;
  const PlanChangeSides sides = plan_change_sides(*whole, work.epoch, progress);
  const QString before = sides.times.copying
                             ? QObject::tr("before the plan of epoch %1, while it was copied")
                             : QObject::tr("before the plan of epoch %1");
  result.a = {whole, sides.times.before, before.arg(work.epoch)};
  result.b = {whole, sides.times.after, QObject::tr("after the plan of epoch %1").arg(work.epoch)};
  if (work.swapped) std::swap(result.a, result.b);
  const CompareSide& a = work.swapped ? sides.after : sides.before;
  const CompareSide& b = work.swapped ? sides.before : sides.after;
  Comparison comparison = compare_traces(a, b, work.by, progress);
  try {
    const RecordedPlans plans = plans_in(work.open_file);
    add_plan_cause(plans, result.a.window.begin, plans, result.b.window.end, comparison);
  } catch (const Error& error) {
    comparison.causes.emplace_back(error.what());
  }
  result.comparison = std::make_shared<const Comparison>(std::move(comparison));
}

/// The set of the unit that is looked at, or the only one.
const LoadSet& matching(const std::vector<LoadsPtr>& sets, const LoadSet& open) {
  for (const LoadsPtr& set : sets)
    if (set->unit == open.unit || sets.size() == 1) return *set;
  throw Error(sets.front()->source, "", "it holds no loads of " + open.unit,
              "Choose another unit of the open loads");
}

void compare_load_sets(const CompareWork& work, CompareResult& result) {
  const LoadSet* a = &matching(work.other_loads, *work.open_loads);
  const LoadSet* b = work.open_loads.get();
  if (work.swapped) std::swap(a, b);
  result.comparison = std::make_shared<const Comparison>(compare_loads(*a, *b));
}

void compare_two_plans(const CompareWork& work, CompareResult& result) {
  const Plan *a = work.other_plan.get(), *b = work.open_plan.get();
  if (work.swapped) std::swap(a, b);
  result.comparison = std::make_shared<const Comparison>(compare_plans(*a, *b));
}

void compare_without_traces(const CompareWork& work, CompareResult& result) {
  result.a.name = work.other_name;
  result.b.name = work.open_name;
  if (work.swapped) std::swap(result.a, result.b);
  if (work.kind == CompareDocument::Kind::Loads)
    compare_load_sets(work, result);
  else
    compare_two_plans(work, result);
}

bool of_traces(CompareDocument::Kind kind) {
  using Kind = CompareDocument::Kind;
  return kind == Kind::Trace || kind == Kind::Steps || kind == Kind::PlanChange;
}

QString unit_name(const LoadDocument& loads) {
  const QString unit = QString::fromStdString(loads.loads()->unit);
  const QString files = names_of(loads.files());
  return unit.isEmpty() ? files : QObject::tr("%1, %2").arg(files, unit);
}

}  // namespace

CompareResult CompareWork::run(Progress& progress) const {
  CompareResult result;
  result.kept = kept;
  if (!of_traces(kind)) {
    if (kind != CompareDocument::Kind::Nothing) compare_without_traces(*this, result);
    return result;
  }
  if (!result.kept.open) result.kept.open = share(compare_side(open, analysis, progress));
  if (other && !result.kept.other) {
    result.kept.other = share(compare_side(other, rules, progress));
    result.kept.rules = rules.to_json();
  }
  if (kind == CompareDocument::Kind::Trace)
    compare_with_trace(*this, result, progress);
  else if (kind == CompareDocument::Kind::Steps)
    compare_two_steps(*this, result, progress);
  else
    compare_before_after(*this, result, progress);
  return result;
}

bool ready_to_compare(const Workspace& workspace) {
  switch (workspace.compare().kind()) {
    case CompareDocument::Kind::Nothing:
      return false;
    case CompareDocument::Kind::Loads:
      return workspace.loads().loads() != nullptr;
    case CompareDocument::Kind::Plans:
      return !workspace.plan().empty();
    default:  // without its first analysis the open trace is still being read
      return workspace.trace().trace() && workspace.trace().analysis();
  }
}

CompareWork compare_work(Workspace& workspace, std::optional<Alignment> by, bool swapped,
                         KeptSides kept) {
  const TraceDocument& document = workspace.trace();
  const CompareDocument& compare = workspace.compare();
  CompareWork work;
  work.kind = compare.kind();
  work.by = by;
  work.swapped = swapped;
  work.other_name = names_of(compare.files());
  if (work.kind == CompareDocument::Kind::Loads) {
    work.open_loads = workspace.loads().loads();
    work.other_loads = compare.loadsBefore();
    work.open_name = unit_name(workspace.loads());
    return work;
  }
  if (work.kind == CompareDocument::Kind::Plans) {
    work.open_plan = std::make_shared<const Plan>(workspace.plan().plan());
    work.other_plan = compare.planBefore();
    work.open_name = workspace.plan().title();
    return work;
  }
  work.open = document.trace();
  work.other = compare.before();
  work.analysis = document.analysis();
  work.rules = document.rules();
  work.growing = document.growing();
  work.open_name = names_of(document.files());
  if (document.files().size() == 1) work.open_file = document.files().front();
  if (compare.files().size() == 1) work.other_file = compare.files().front();
  work.steps = compare.steps();
  work.epoch = compare.epoch();
  if (kept.open && (kept.open->trace != work.open || kept.open->analysis != work.analysis)) {
    if (kept.open->trace != work.open) kept.open_loads = nullptr;
    kept.open = nullptr;
  }
  if (kept.other && (kept.other->trace != work.other || kept.rules != work.rules.to_json())) {
    if (kept.other->trace != work.other) kept.other_loads = nullptr;
    kept.other = nullptr;
  }
  work.kept = std::move(kept);
  return work;
}

}  // namespace moescope
