#include "views/headline/headline_text.h"

#include <QCoreApplication>
#include <algorithm>

#include "core/analysis/overlap/losses.h"
#include "core/analysis/spans/gpu_work.h"
#include "views/common/theme.h"
#include "views/common/units.h"

namespace moescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("moescope::Headline", text);
}

QString devices_text(const TraceAnswer& answer) {
  return counted(answer.headline.devices, tr("device"), tr("devices"));
}

/// The last line of every tooltip: of what the figure is.
QString with_scope(const QString& definition, const TraceAnswer& answer) {
  return tr("%1\n%2, %3.").arg(definition, answer.scope, devices_text(answer));
}

QString cause_words(const ExposedGroup& cause) {
  QString text = cause.waits ? tr("waiting in %1").arg(QString::fromStdString(cause.kernel))
                             : class_label(cause.span_class);
  if (!cause.layer.empty()) text += tr(", layer %1").arg(QString::fromStdString(cause.layer));
  if (!cause.micro_batch.empty())
    text += tr(", micro-batch %1").arg(QString::fromStdString(cause.micro_batch));
  return text;
}

TileText exposed_tile(const TraceAnswer& answer) {
  const OverlapFigures& total = answer.headline.total;
  const auto hidden = total.overlap_percent();
  if (answer.headline.devices == 0) return {};
  if (!hidden)
    return {tr("Communication"), tr("none"), tr("no kernel communicates"),
            with_scope(tr("No kernel is of a class of communication."), answer), false};
  return {tr("Exposed communication"), format_time(total.exposed),
          tr("%1 of communication").arg(format_percent(100 - *hidden)),
          with_scope(tr("Time in which a device communicates and computes nothing, summed over the "
                        "devices. Click for the longest."),
                     answer),
          total.exposed > 0};
}

TileText hidden_tile(const TraceAnswer& answer) {
  const OverlapFigures& total = answer.headline.total;
  const auto hidden = total.overlap_percent();
  if (!hidden) return {};
  return {tr("Hidden"), format_percent(*hidden), tr("of %1").arg(format_time(total.comm)),
          with_scope(tr("Communication during which the same device computes."), answer), false};
}

TileText worst_tile(const TraceAnswer& answer, const Trace& trace) {
  const auto& worst = answer.headline.worst;
  if (!worst) return {};
  const ExposedGroup& cause = worst->causes.front();
  const QString device =
      answer.headline.devices == 1
          ? format_time(worst->exposed)
          : QString::fromStdString(trace.processes().at(worst->key.process).label);
  return {answer.headline.devices == 1 ? tr("Cause") : tr("Worst"),
          answer.headline.devices == 1 ? format_time(cause.time) : device,
          answer.headline.devices == 1
              ? cause_words(cause)
              : tr("%1: %2").arg(format_time(worst->exposed), cause_words(cause)),
          with_scope(tr("The device with the most exposed communication (%1), and the kernel that "
                        "runs in most of it: %2 in %3. Click to see the longest stretch.")
                         .arg(format_time(worst->exposed), QString::fromStdString(cause.kernel),
                              format_time(cause.time)),
                     answer),
          false};
}

TileText sm_tile(const TraceAnswer& answer, const Trace& trace) {
  const auto& sms = answer.headline.comm_sms;
  if (!sms) return {};
  const QString value = sms->sm_count > 0 ? tr("%1 of %2").arg(sms->most).arg(sms->sm_count)
                                          : QString::number(sms->most);
  const QString how = sms->method == SmMethod::Inferred ? tr("inferred") : tr("recorded");
  const bool on_cpu =
      find_device(trace, sms->key) != nullptr && find_device(trace, sms->key)->on_cpu;
  return {
      on_cpu ? tr("Workers of communication") : tr("SMs of communication"), value,
      tr("%1 on average, %2").arg(sms->mean, 0, 'f', 1).arg(how),
      with_scope(on_cpu ? tr("Workers that communication holds for most of the time it runs.")
                        : tr("SMs that communication holds for most of the time it runs. Inferred "
                             "means from grid sizes: an upper bound."),
                 answer),
      false};
}

TileText step_tile(const TraceAnswer& answer) {
  if (answer.steps.times.empty()) return {};
  const auto most =
      std::max_element(answer.steps.times.begin(), answer.steps.times.end(),
                       [](const auto& a, const auto& b) { return a.count < b.count; });
  const QString phase = QString::fromStdString(most->phase);
  QString all;
  for (const StepTimes& times : answer.steps.times)
    all += tr("%1%2, p50 %3, p95 %4\n")
               .arg(times.phase.empty() ? QString() : QString::fromStdString(times.phase) + ' ',
                    counted(times.count, tr("step"), tr("steps")), format_time(times.p50),
                    format_time(times.p95));
  return {
      phase.isEmpty() ? tr("Step") : tr("Step, %1").arg(phase), format_time(most->p50),
      tr("p95 %1, %2").arg(format_time(most->p95), counted(most->count, tr("step"), tr("steps"))),
      tr("Median time of a forward pass, whole trace.\n%1Found by: %2. Click for the list.")
          .arg(all, answer.steps.how),
      false};
}

TileText lost_tile(const TraceAnswer& answer) {
  if (answer.lost == 0) return {};
  return {tr("Lost"), format_count(answer.lost), tr("records are missing"),
          with_scope(tr("What the recording could not keep: figures know only what was recorded."),
                     answer),
          true};
}

TileText imbalance_tile(const LoadHeadline& loads) {
  const PlanBalance& balance = loads.balance;
  return {tr("Imbalance of GPUs"), QString::number(balance.mean, 'f', 2),
          tr("worst %1 in layer %2").arg(balance.worst, 0, 'f', 2).arg(balance.worst_layer),
          tr("Busiest GPU of a layer over the mean of its GPUs, mean over layers; 1.00 is even.\n"
             "Under %1, over %2. Click for the balance.")
              .arg(QString::fromStdString(loads.placement),
                   QString::fromStdString(to_string(balance.window))),
          false};
}

TileText hottest_tile(const LoadHeadline& loads) {
  return {tr("Hottest expert"),
          tr("%1 of layer %2").arg(loads.hottest_expert).arg(loads.hottest_layer),
          tr("%1 times the mean of its layer").arg(loads.hottest, 0, 'f', 2),
          tr("The expert whose load is highest over the mean of the experts of its layer, over "
             "%1. Click for the heatmap.")
              .arg(QString::fromStdString(to_string(loads.balance.window))),
          false};
}

/// What an analysis says of a scope.
struct ScopedAnalysis {
  OverlapResults overlap;
  std::vector<SmAllocation> sm;
};

ScopedAnalysis cut_to_scope(const Trace& trace, const AnalysisResults& analysis,
                            const AnswerScope& scope, Progress& progress) {
  ScopedAnalysis cut;
  if (scope.window) {
    cut.overlap = cut_overlap(trace, *analysis.classes, analysis.scopes, *scope.window, progress);
    cut.sm = analyze_sm_allocation(trace, *analysis.classes, scope.window, progress);
  } else {
    cut = {{analysis.activity, analysis.overlap, analysis.scopes}, analysis.sm};
  }
  if (scope.devices.empty()) return cut;
  const auto other = [&](const auto& of) {
    return std::find(scope.devices.begin(), scope.devices.end(), of.key) == scope.devices.end();
  };
  std::erase_if(cut.overlap.activity, other);
  std::erase_if(cut.overlap.overlap, other);
  std::erase_if(cut.overlap.scopes, other);
  std::erase_if(cut.sm, other);
  return cut;
}

}  // namespace

StepSummary step_summary(const Trace& trace, const AnalysisResults& analysis, Progress& progress) {
  const TraceSteps steps = find_steps(trace, analysis.activity, analysis.scopes, progress);
  return {step_times(steps), QString::fromStdString(steps.how)};
}

TraceAnswer trace_answer(const Trace& trace, const AnalysisResults& analysis,
                         const AnswerScope& scope, StepSummary steps, Progress& progress) {
  TraceAnswer answer;
  const ScopedAnalysis cut = cut_to_scope(trace, analysis, scope, progress);
  answer.headline = headline_of(
      trace, *analysis.classes,
      {cut.overlap.activity, cut.overlap.overlap, cut.overlap.scopes, cut.sm}, progress);
  answer.steps = std::move(steps);
  for (const LossSummary& lost : summarise(losses_in(trace, scope.window)))
    answer.lost += lost.count.value_or(0);
  answer.scope = scope.text;
  return answer;
}

std::vector<std::pair<QString, TileText>> trace_tiles(const TraceAnswer& answer,
                                                      const Trace& trace) {
  return {{"exposed", exposed_tile(answer)},    {"hidden", hidden_tile(answer)},
          {"worst", worst_tile(answer, trace)}, {"sm", sm_tile(answer, trace)},
          {"step", step_tile(answer)},          {"lost", lost_tile(answer)}};
}

std::vector<std::pair<QString, TileText>> load_tiles(const LoadHeadline& loads) {
  return {{"imbalance", imbalance_tile(loads)}, {"hottest", hottest_tile(loads)}};
}

}  // namespace moescope
