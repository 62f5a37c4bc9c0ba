#include "views/compare/compare_work.h"

#include <QFileInfo>
#include <QObject>
#include <algorithm>

#include "core/analysis/compare/step_pair.h"
#include "core/analysis/serving/plan_flips.h"
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

void compare_with_trace(const CompareWork& work, CompareResult& result, Progress& progress) {
  result.a = whole_part(result.kept.other, work.other_name);
  result.b = whole_part(result.kept.open, work.open_name);
  if (work.swapped) std::swap(result.a, result.b);
  result.comparison = std::make_shared<const Comparison>(
      compare_traces(*result.a.whole, *result.b.whole, work.by, progress));
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

std::size_t flip_of(const std::vector<PlanFlip>& flips, std::uint64_t epoch) {
  for (std::size_t i = 0; i < flips.size(); ++i)
    if (flips[i].epoch == epoch) return i;
  throw Error("", "", "this change of plan is not in the recording",
              "Choose one that came into force while it was recorded");
}

void compare_before_after(const CompareWork& work, CompareResult& result, Progress& progress) {
  const CompareSidePtr& whole = result.kept.open;
  const auto flips = plan_flips(*whole->trace);
  const std::size_t at = flip_of(flips, work.epoch);
  const auto parts = around(flips[at]);
  if (!parts)
    throw Error("", "", "nothing was recorded before or after this change of plan alone",
                "Wait until the runtime has served for a while under the new plan");
  const QString before = parts->copying
                             ? QObject::tr("before the plan of epoch %1, while it was copied")
                             : QObject::tr("before the plan of epoch %1");
  result.a = {whole, parts->before, before.arg(work.epoch)};
  result.b = {whole, parts->after, QObject::tr("after the plan of epoch %1").arg(work.epoch)};
  if (work.swapped) std::swap(result.a, result.b);
  result.comparison = std::make_shared<const Comparison>(
      compare_traces(part_of(*whole, result.a.window, progress),
                     part_of(*whole, result.b.window, progress), work.by, progress));
}

}  // namespace

CompareResult CompareWork::run(Progress& progress) const {
  CompareResult result;
  result.kept = kept;
  if (!result.kept.open) result.kept.open = share(compare_side(open, analysis, progress));
  if (other && !result.kept.other) {
    result.kept.other = share(compare_side(other, rules, progress));
    result.kept.rules = rules.to_json();
  }
  switch (kind) {
    case CompareDocument::Kind::Nothing:
      break;
    case CompareDocument::Kind::Trace:
      compare_with_trace(*this, result, progress);
      break;
    case CompareDocument::Kind::Steps:
      compare_two_steps(*this, result, progress);
      break;
    case CompareDocument::Kind::PlanChange:
      compare_before_after(*this, result, progress);
      break;
  }
  return result;
}

CompareWork compare_work(Workspace& workspace, std::optional<Alignment> by, bool swapped,
                         KeptSides kept) {
  const TraceDocument& document = workspace.trace();
  const CompareDocument& compare = workspace.compare();
  CompareWork work;
  work.kind = compare.kind();
  work.open = document.trace();
  work.other = compare.before();
  work.analysis = document.analysis();
  work.rules = document.rules();
  work.open_name = names_of(document.files());
  work.other_name = names_of(compare.files());
  work.steps = compare.steps();
  work.epoch = compare.epoch();
  work.by = by;
  work.swapped = swapped;
  if (kept.open && (kept.open->trace != work.open || kept.open->analysis != work.analysis))
    kept.open = nullptr;
  if (kept.other && (kept.other->trace != work.other || kept.rules != work.rules.to_json()))
    kept.other = nullptr;
  work.kept = std::move(kept);
  return work;
}

}  // namespace moescope
