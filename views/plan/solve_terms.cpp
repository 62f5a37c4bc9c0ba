#include "views/plan/solve_terms.h"

#include <QCoreApplication>
#include <QStringList>

#include "core/loads/judged_windows.h"
#include "views/common/units.h"

namespace moescope {
namespace {

struct Terms {
  Q_DECLARE_TR_FUNCTIONS(SolveTerms)
};

QString count(std::size_t n, const QString& one, const QString& many) {
  return counted(static_cast<quint64>(n), one, many);
}

QString limits(const PlanDocument& document, const SolveRequest& request) {
  const Plan& plan = document.plan();
  QStringList parts{Terms::tr("%1 slots per layer, %2 per GPU")
                        .arg(format_count(static_cast<quint64>(plan.slot_count())))
                        .arg(plan.slots_per_gpu())};
  parts << Terms::tr("a bounded migration copies at most %1 experts per layer")
               .arg(request.max_copies);
  const PlanConstraints& made = document.constraints();
  if (!made.pinned.empty())
    parts << count(made.pinned.size(), Terms::tr("pinned slot"), Terms::tr("pinned slots"));
  if (!made.forbidden.empty())
    parts << count(made.forbidden.size(), Terms::tr("forbidden pair"),
                   Terms::tr("forbidden pairs"));
  if (!plan.dead_gpus.empty())
    parts << count(plan.dead_gpus.size(), Terms::tr("failed GPU"), Terms::tr("failed GPUs"));
  return parts.join(QStringLiteral("; "));
}

/// By what the tokens of an expert go to its replicas.
QString split_words(const SolveRequest& request) {
  if (request.best_split)
    return Terms::tr("an expert's tokens go to its replicas by the best weights");
  QStringList names;
  for (const ReplicaRule rule : request.rules) names << QString::fromStdString(rule_title(rule));
  if (request.rules.size() > 1)
    return Terms::tr("%1; the worst of them counts").arg(names.join(Terms::tr(" and ")));
  return QStringLiteral("%1: %2").arg(names.value(0),
                                      QLatin1String(rule_facts(request.rules.front()).text));
}

QString rule(const SolveRequest& request) {
  const QString split = split_words(request);
  switch (request.hierarchy) {
    case Hierarchy::Hard:
      return split + Terms::tr("; routing groups stay on their node");
    case Hierarchy::Soft:
      return split + Terms::tr("; routing groups leave their node only where balance needs it");
    case Hierarchy::Off:
      break;
  }
  return split + Terms::tr("; replicas may be on any node");
}

QString windows(const PlanDocument& document, const PlanSolver& solver,
                const SolveRequest& request) {
  const LoadDocument& loads = document.loads();
  const WindowRange chosen = loads.windows(), making = solver.makingWindows(request);
  if (loads.growing())
    return Terms::tr("made from windows %1 to %2, judged on those that come next")
        .arg(making.first)
        .arg(making.last - 1);
  return QString::fromStdString(judgement_text(chosen.first, chosen.last,
                                               static_cast<int>(loads.loads()->windows.size()),
                                               std::pair(0, making.count())));
}

}  // namespace

QString solve_terms_short(const PlanDocument& document, const SolveRequest& request) {
  QString text = Terms::tr("keep the worst GPU of every layer low; %1 slots")
                     .arg(format_count(static_cast<quint64>(document.plan().slot_count())));
  if (request.action == SolveAction::Migrate)
    text += Terms::tr("; at most %1 copies per layer").arg(request.max_copies);
  return text;
}

QString solve_terms(const PlanDocument& document, const PlanSolver& solver,
                    const SolveRequest& request) {
  if (document.empty()) return {};
  QStringList lines{
      Terms::tr("<b>Objective</b>: keep the worst GPU of every layer low (max / mean GPU load)"),
      Terms::tr("<b>Limits</b>: %1").arg(limits(document, request)),
      Terms::tr("<b>Rule</b>: %1").arg(rule(request))};
  if (document.loads().loads() && document.loads().windows().count() > 0)
    lines << Terms::tr("<b>Loads</b>: %1").arg(windows(document, solver, request));
  return lines.join(QStringLiteral("<br>"));
}

}  // namespace moescope
