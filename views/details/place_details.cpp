#include "views/details/place_details.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>

#include "core/analysis/spans/gpu_work.h"
#include "core/figure_text.h"
#include "core/loads/plan_balance.h"
#include "core/loads/rule_of_loads.h"
#include "views/common/units.h"

namespace moescope {
namespace {

using Index = std::size_t;
constexpr Index kMostReplicas = 16, kMostDevices = 8, kMostStretches = 8;

QString tr(const char* text) {
  return QCoreApplication::translate("PlaceDetails", text);
}

QString tokens_of(double tokens) {
  return QString::fromStdString(count_text(std::llround(tokens)));
}

QString ratio(double value) {
  return QString::number(value, 'f', 2);
}

/// Rows of one value among its like.
void add_standing(const FactRows& rows, const LoadStanding& standing, const QString& like) {
  rows.add(tr("Tokens"), tokens_of(standing.tokens),
           tr("A token that is routed to k experts counts k times"));
  rows.add(tr("Share of the layer"), format_percent(100 * standing.share));
  rows.add(tr("Over the mean"), tr("%1 x").arg(ratio(standing.over_mean)),
           tr("Its tokens / mean of the %1 of the layer").arg(like));
  rows.add(tr("Rank"), tr("%1 of %2 %3").arg(standing.rank).arg(standing.of).arg(like),
           tr("By tokens, most first"));
}

ModelPlace with_slot(ModelPlace place, const ReplicaFacts& replica, int expert) {
  place.expert = expert;
  place.gpu = replica.gpu;
  place.slot = replica.slot;
  return place;
}

void add_expert(const FactRows& rows, const PlaceDetails& details) {
  const ModelPlace& place = details.input.place;
  add_standing(rows, details.expert->standing, tr("experts"));
  const auto& replicas = details.expert->replicas;
  const FactRows group = rows.add(tr("Replicas"), counted(replicas.size(), tr("slot"), tr("slots")),
                                  tr("Slots that hold this expert"));
  for (Index i = 0; i < std::min(replicas.size(), kMostReplicas); ++i)
    group
        .add(tr("Slot %1").arg(replicas[i].slot),
             tr("GPU %1, %2 tokens").arg(replicas[i].gpu).arg(tokens_of(replicas[i].tokens)),
             tr("Node %1. Click to select the slot everywhere.").arg(replicas[i].node))
        .leadTo(kPlaceRole, with_slot(place, replicas[i], place.expert));
}

void add_gpu(const FactRows& rows, const PlaceDetails& details) {
  const GpuFacts& gpu = *details.gpu;
  const ModelPlace& place = details.input.place;
  const FactRows group =
      rows.add(tr("GPU %1").arg(place.gpu),
               gpu.dead ? tr("failed") : tr("%1 tokens").arg(tokens_of(gpu.standing.tokens)),
               tr("Load of the GPU in this layer"));
  add_standing(group, gpu.standing, tr("GPUs"));
  group.add(tr("Node"), QString::number(gpu.node));
  for (Index i = 0; i < std::min(gpu.replicas.size(), kMostReplicas); ++i)
    group
        .add(tr("Slot %1").arg(gpu.replicas[i].slot),
             tr("expert %1, %2 tokens").arg(gpu.experts[i]).arg(tokens_of(gpu.replicas[i].tokens)),
             tr("Click to select the slot everywhere"))
        .leadTo(kPlaceRole, with_slot(place, gpu.replicas[i], gpu.experts[i]));
}

void add_layer(const FactRows& rows, const PlaceDetails& details) {
  const LayerFacts& layer = *details.layer;
  const ModelPlace here = details.input.place;
  const FactRows group =
      rows.add(tr("Layer %1").arg(details.layer_id), tr("imbalance %1").arg(ratio(layer.imbalance)),
               tr("Heaviest GPU / mean of the GPUs; 1.00 is perfect"));
  group.add(tr("Tokens"), tokens_of(layer.tokens));
  group.add(tr("Imbalance of experts"), ratio(layer.expert_imbalance),
            tr("Hottest expert / mean of the experts"));
  ModelPlace hottest = here;
  hottest.expert = layer.hottest;
  hottest.slot = -1;
  group
      .add(tr("Hottest expert"),
           tr("%1, %2 x the mean").arg(layer.hottest).arg(ratio(layer.hottest_over_mean)),
           tr("Click to select it everywhere"))
      .leadTo(kPlaceRole, hottest);
  ModelPlace heaviest = here;
  heaviest.gpu = layer.heaviest_gpu;
  group
      .add(tr("Heaviest GPU"), QString::number(layer.heaviest_gpu),
           tr("Click to select it everywhere"))
      .leadTo(kPlaceRole, heaviest);
}

/// The layer's work in the trace, with a way to every stretch of it.
void add_work(const FactRows& rows, const PlaceDetails& details) {
  if (details.work.empty()) return;
  const Trace& trace = *details.input.trace;
  const FactRows group = rows.add(
      tr("In the trace"), counted(details.work.size(), tr("device"), tr("devices")),
      tr("Work of layer %1 by the annotations and phases of the trace").arg(details.layer_id));
  for (Index i = 0; i < std::min(details.work.size(), kMostDevices); ++i) {
    const ScopeOverlap& scope = details.work[i];
    const FactRows device = group.add(QString::fromStdString(device_text(trace, scope.key)),
                                      tr("%1, exposed %2")
                                          .arg(format_time(scope.figures.span),
                                               time_of(scope.figures.exposed, scope.figures.comm)),
                                      tr("Click to go to its first stretch"));
    const auto tracks = tracks_of(trace, scope.key);
    device.leadTo(kAreaRole, AreaSelection{scope.ranges.front(), tracks});
    for (Index s = 0; s < std::min(scope.ranges.size(), kMostStretches); ++s)
      device
          .add(tr("At %1").arg(format_position(scope.ranges[s].begin, 1000)),
               format_time(scope.ranges[s].length()), tr("Click to go there"))
          .leadTo(kAreaRole, AreaSelection{scope.ranges[s], tracks});
  }
}

}  // namespace

PlaceDetails read_place_details(PlaceInput input) {
  PlaceDetails details;
  details.input = std::move(input);
  const ModelPlace& place = details.input.place;
  const LoadSet& loads = *details.input.loads;
  if (place.layer < 0 || place.layer >= loads.layers()) return details;
  const WindowRange windows = details.input.windows;
  const LayerLoads sums = sum_windows(loads, windows.first, windows.last);
  require_loads_fit(details.input.placement.plan, sums);
  const Plan plan = under_rule(details.input.placement.plan, details.input.rule, sums, loads);
  const std::vector<double>& layer = sums[static_cast<Index>(place.layer)];
  details.layer_id = layer_of_row(loads, place.layer);
  details.layer = layer_facts(layer, plan, place.layer);
  if (place.expert >= 0 && place.expert < loads.experts)
    details.expert = expert_facts(layer, plan, place.layer, place.expert);
  if (place.gpu >= 0 && place.gpu < plan.num_gpus)
    details.gpu = gpu_facts(layer, plan, place.layer, place.gpu);
  const auto& row = plan.physical_to_logical[static_cast<Index>(place.layer)];
  if (place.slot >= 0 && place.slot < static_cast<int>(row.size()))
    details.held = row[static_cast<Index>(place.slot)];
  if (details.input.trace && details.input.analysis)
    for (const ScopeOverlap& scope : details.input.analysis->scopes)
      if (scope.kind == "layer" && scope.name == std::to_string(details.layer_id))
        details.work.push_back(scope);
  return details;
}

QString place_title(const PlaceDetails& details) {
  const ModelPlace& place = details.input.place;
  QStringList parts;
  if (details.layer) parts << tr("layer %1").arg(details.layer_id);
  if (details.expert) parts << tr("expert %1").arg(place.expert);
  if (details.held) parts << tr("slot %1").arg(place.slot);
  if (place.gpu >= 0) parts << tr("GPU %1").arg(place.gpu);
  QString title = parts.join(QStringLiteral(", "));
  if (!title.isEmpty()) title[0] = title[0].toUpper();
  return title;
}

void add_place_rows(const FactRows& rows, const PlaceDetails& details) {
  const PlaceInput& input = details.input;
  if (!details.layer) {
    rows.add(tr("Layer"), tr("none is selected"), tr("Select a cell of the heatmap"));
    return;
  }
  if (details.held)
    rows.add(tr("Slot %1").arg(input.place.slot),
             details.held == kNoExpert ? tr("empty") : tr("expert %1").arg(*details.held));
  if (details.expert) add_expert(rows, details);
  if (details.gpu) add_gpu(rows, details);
  add_layer(rows, details);
  add_work(rows, details);
  rows.add(tr("Figures over"),
           QString::fromStdString(
               to_string(load_window(*input.loads, input.windows.first, input.windows.last))),
           tr("Load windows that are shown"));
  rows.add(tr("GPU figures"), QString::fromStdString(describe(input.placement, input.rule)));
}

}  // namespace moescope
