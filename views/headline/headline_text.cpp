#include "views/headline/headline_text.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "core/analysis/spans/gpu_work.h"
#include "core/placement/rules/replica_rule.h"
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

/// Says what the line beside the value is, in the units of `format`.
QString with_trend(const QString& definition, const Trend& trend,
                   const std::function<QString(double)>& format) {
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const double value : trend.values) {
    if (std::isnan(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (low > high) return definition;
  return tr("%1\nLine: over time, %2 of %3 each, from %4 to %5.")
      .arg(definition, counted(trend.values.size(), tr("window"), tr("windows")),
           format_time(trend.window), format(low), format(high));
}

QString time_text(double ns) {
  return format_time(static_cast<TimeNs>(ns));
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
    return total.fused_events > 0
               ? TileText{tr("Communication"), tr("not observable"),
                          QString::fromStdString(fused_text(total)),
                          with_scope(tr("It runs inside fused kernels, together with compute."),
                                     answer),
                          false}
               : TileText{tr("Communication"), tr("none"), tr("no kernel communicates"),
                          with_scope(tr("No kernel is of a class of communication."), answer),
                          false};
  return {tr("Exposed communication"),
          format_time(total.exposed),
          tr("%1 of communication").arg(format_percent(100 - *hidden)),
          with_trend(
              with_scope(tr("Time in which a device communicates and computes nothing, summed over "
                            "the devices. Click for the longest."),
                         answer),
              answer.exposed, time_text),
          total.exposed > 0,
          answer.exposed.values};
}

TileText hidden_tile(const TraceAnswer& answer) {
  const OverlapFigures& total = answer.headline.total;
  const auto hidden = total.overlap_percent();
  if (!hidden) return {};
  const QString definition = tr("Communication during which the same device computes.");
  const QString of = tr("of %1").arg(format_time(total.comm));
  if (total.fused_events == 0)
    return {tr("Hidden"), format_percent(*hidden), of, with_scope(definition, answer), false};
  return {tr("Hidden"), format_percent(*hidden), tr("%1, without fused kernels").arg(of),
          with_scope(tr("%1 Overlap is %2: those communicate and compute inside one launch.")
                         .arg(definition, QString::fromStdString(fused_text(total))),
                     answer),
          false};
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
  if (answer.whole.times.empty()) return {};
  const std::string& main = answer.whole.main_phase;
  const auto most = std::find_if(answer.whole.times.begin(), answer.whole.times.end(),
                                 [&](const StepTimes& times) { return times.phase == main; });
  const QString phase = QString::fromStdString(main);
  QString all;
  for (const StepTimes& times : answer.whole.times)
    all += tr("%1%2, p50 %3, p95 %4\n")
               .arg(times.phase.empty() ? QString() : QString::fromStdString(times.phase) + ' ',
                    counted(times.count, tr("step"), tr("steps")), format_time(times.p50),
                    format_time(times.p95));
  return {
      phase.isEmpty() ? tr("Step") : tr("Step, %1").arg(phase),
      format_time(most->p50),
      tr("p95 %1, %2").arg(format_time(most->p95), counted(most->count, tr("step"), tr("steps"))),
      with_trend(
          tr("Median time of a forward pass, whole trace.\n%1Found by: %2. Click for the list.")
              .arg(all, answer.whole.how),
          answer.step, time_text),
      false,
      answer.step.values};
}

TileText latency_tile(const TraceAnswer& answer) {
  const ServingFigures& serving = answer.serving;
  if (!serving.ttft_p95) return {};
  const QString tpot = serving.tpot_p95 ? tr("TPOT p95 %1").arg(format_time(*serving.tpot_p95))
                                        : tr("no second token");
  return {tr("TTFT p95"),
          format_time(*serving.ttft_p95),
          tpot,
          with_trend(with_scope(tr("Time to the first token that 95 % of the requests stay within, "
                                   "and time per output token after it. Click for the requests."),
                                answer),
                     answer.ttft, time_text),
          false,
          answer.ttft.values};
}

TileText tokens_tile(const TraceAnswer& answer) {
  const ServingFigures& serving = answer.serving;
  if (serving.requests == 0) return {};
  const auto rate = [](double tokens) {
    return tr("%1 tokens/s").arg(format_count(static_cast<quint64>(tokens)));
  };
  return {tr("Output"),
          rate(serving.output_tokens_per_second),
          counted(serving.requests, tr("request done"), tr("requests done")),
          with_trend(with_scope(tr("Output tokens of the requests that finished, per second. Click "
                                   "for the requests."),
                                answer),
                     answer.tokens, rate),
          false,
          answer.tokens.values};
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
  // A plan that is edited did not run: its figure is not that of the recording.
  const bool of_plan = loads.origin == PlacementOfLoads::Origin::Plan;
  const QString rule = loads.rule ? QString::fromStdString(rule_title(*loads.rule)) : QString();
  const QString worst =
      tr("worst %1 in layer %2").arg(balance.worst, 0, 'f', 2).arg(balance.worst_layer);
  return {of_plan ? tr("Imbalance with the plan") : tr("Imbalance of GPUs"),
          QString::number(balance.mean, 'f', 2),
          worst + (loads.rule ? tr("; %1").arg(rule) : QString()),
          tr("Busiest GPU of a layer over the mean of its GPUs, mean over layers; 1.00 is even.\n"
             "It is %1, over %2%3. Click for the balance.")
              .arg(QString::fromStdString(loads.placement),
                   QString::fromStdString(to_string(balance.window)),
                   loads.rule ? tr(", under %1").arg(rule) : QString()),
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

}  // namespace

std::vector<std::pair<QString, TileText>> trace_tiles(const TraceAnswer& answer,
                                                      const Trace& trace) {
  return {{"exposed", exposed_tile(answer)},    {"hidden", hidden_tile(answer)},
          {"worst", worst_tile(answer, trace)}, {"sm", sm_tile(answer, trace)},
          {"step", step_tile(answer)},          {"latency", latency_tile(answer)},
          {"tokens", tokens_tile(answer)},      {"lost", lost_tile(answer)}};
}

std::vector<std::pair<QString, TileText>> load_tiles(const LoadHeadline& loads) {
  return {{"imbalance", imbalance_tile(loads)}, {"hottest", hottest_tile(loads)}};
}

}  // namespace moescope
