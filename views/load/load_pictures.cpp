#include "views/load/load_pictures.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>

#include "core/loads/metrics.h"
#include "views/common/units.h"
#include "views/load/number_text.h"

namespace moescope {
namespace {

using Index = std::size_t;

QString tr(const char* text) {
  return QCoreApplication::translate("LoadPicture", text);
}

LayerAxis layer_axis(LoadPictureKind kind) {
  return kind == LoadPictureKind::LayerExpert || kind == LoadPictureKind::LayerGroup
             ? LayerAxis::Rows
             : LayerAxis::Columns;
}

/// Tokens by cell, from the shown or the reference windows.
LoadMatrix tokens_of(const LoadPictureInput& in, const LayerLoads& loads, WindowRange windows) {
  const Plan& plan = in.gpus.plan;
  switch (in.kind) {
    case LoadPictureKind::LayerExpert:
      return layer_by_expert(loads);
    case LoadPictureKind::LayerGroup:
      return sum_columns(layer_by_expert(loads), in.sums->loads->experts / in.gpus.groups);
    case LoadPictureKind::GpuLayer:
      return gpu_by_layer(loads, plan);
    case LoadPictureKind::NodeLayer:
      return sum_rows(gpu_by_layer(loads, plan), plan.gpus_per_node());
    case LoadPictureKind::ExpertTime:
      return expert_by_window(*in.sums->loads, in.layer, windows.first, windows.last);
  }
  return {};
}

HeatAxis layers_axis(const LoadsPtr& loads) {
  return {tr("Layer"), [loads](int row) {
            return QString::number(
                loads->layer_ids.empty() ? row : loads->layer_ids[static_cast<Index>(row)]);
          }};
}

HeatAxis numbered(const QString& name) {
  return {name, [](int i) { return QString::number(i); }};
}

void set_axes(const LoadPictureInput& in, HeatPicture& picture) {
  const LoadsPtr& loads = in.sums->loads;
  const auto layers = layers_axis(loads);
  switch (in.kind) {
    case LoadPictureKind::LayerExpert:
      picture.rows = layers;
      picture.columns = numbered(tr("Expert"));
      break;
    case LoadPictureKind::LayerGroup:
      picture.rows = layers;
      picture.columns = numbered(in.gpus.plan.num_groups > 1 ? tr("Routing group")
                                                             : tr("Group of experts (assumed)"));
      break;
    case LoadPictureKind::GpuLayer:
      picture.rows = numbered(tr("GPU"));
      picture.columns = layers;
      break;
    case LoadPictureKind::NodeLayer:
      picture.rows = numbered(tr("Node"));
      picture.columns = layers;
      break;
    case LoadPictureKind::ExpertTime:
      picture.rows = numbered(tr("Expert"));
      picture.columns = {windows_axis_name(*loads), [loads, first = in.sums->windows.first](int c) {
                           return window_label(*loads, first + c);
                         }};
      break;
  }
}

QString title_of(const LoadPictureInput& in) {
  switch (in.kind) {
    case LoadPictureKind::LayerExpert:
      return tr("Expert load by layer and expert");
    case LoadPictureKind::LayerGroup:
      return tr("Expert load by layer and group");
    case LoadPictureKind::GpuLayer:
      return tr("Load by GPU and layer");
    case LoadPictureKind::NodeLayer:
      return tr("Load by node and layer");
    case LoadPictureKind::ExpertTime:
      return (in.sums->loads->ordered_in_time ? tr("Expert load over time, %1")
                                              : tr("Expert load of each window, %1"))
          .arg(layer_name(*in.sums->loads, in.layer));
  }
  return {};
}

/// "hottest of 64 experts", "3rd hottest of 16 GPUs"; "rank" would be read as a rank of EP.
QString place_by_load(LoadPictureKind kind, int hotter, std::size_t all) {
  const auto what = [kind] {
    switch (kind) {
      case LoadPictureKind::LayerGroup:
        return tr("groups");
      case LoadPictureKind::GpuLayer:
        return tr("GPUs");
      case LoadPictureKind::NodeLayer:
        return tr("nodes");
      default:
        return tr("experts");
    }
  };
  const int place = hotter + 1, tens = place / 10 % 10, ones = place % 10;
  const char* suffix = tens == 1 || ones > 3 || ones == 0 ? "th"
                       : ones == 1                        ? "st"
                       : ones == 2                        ? "nd"
                                                          : "rd";
  const QString which =
      place == 1 ? tr("hottest") : tr("%1%2 hottest").arg(place).arg(QLatin1String(suffix));
  return tr("%1 of %2 %3").arg(which).arg(all).arg(what());
}

bool of_gpus(LoadPictureKind kind) {
  return kind == LoadPictureKind::GpuLayer || kind == LoadPictureKind::NodeLayer;
}

QString note_of(const LoadPictureInput& in) {
  const LoadSet& loads = *in.sums->loads;
  QStringList parts{windows_text(loads, in.sums->windows)};
  if (!loads.ordered_in_time && in.sums->windows.count() > 1)
    parts << tr("their order is not time");
  if (!loads.unit.empty()) parts.prepend(tr("%1 unit").arg(QString::fromStdString(loads.unit)));
  if (of_gpus(in.kind)) parts << gpus_text(in);
  if (in.scale == HeatScale::Change && in.sums->reference)
    parts << tr("compared with %1").arg(reference_text(*in.sums));
  return parts.join(QStringLiteral(", "));
}

QString value_name_of(const LoadPictureInput& in) {
  const QString of = of_gpus(in.kind) ? tr("of its layer") : tr("of the layer");
  switch (in.scale) {
    case HeatScale::Linear:
      return tr("Tokens");
    case HeatScale::Log:
      return tr("Tokens (log)");
    case HeatScale::Relative:
      return tr("Load / mean %1").arg(of);
    case HeatScale::Change:
      return tr("Change of load / mean %1").arg(of);
  }
  return {};
}

/// Tokens of the cell's layer (or window) by place, and which place the cell is.
struct CellContext {
  int layer = 0, place = 0;
  std::vector<double> tokens;
};

CellContext context_of(const LoadPictureInput& in, HeatCell cell) {
  const auto& sums = *in.sums;
  const bool rows = layer_axis(in.kind) == LayerAxis::Rows;
  CellContext context;
  context.place = rows ? cell.column : cell.row;
  context.layer = in.kind == LoadPictureKind::ExpertTime ? in.layer : rows ? cell.row : cell.column;
  const auto l = static_cast<Index>(context.layer);
  if (in.kind == LoadPictureKind::ExpertTime) {
    context.tokens = sums.loads->windows[static_cast<Index>(sums.windows.first + cell.column)][l];
    return context;
  }
  LoadPictureInput one = in;
  Plan& plan = one.gpus.plan;
  plan.physical_to_logical = {plan.physical_to_logical[l]};
  if (!plan.replica_weight.empty()) plan.replica_weight = {plan.replica_weight[l]};
  const LoadMatrix line = tokens_of(one, {sums.shown[l]}, sums.windows);
  context.tokens = line.values;  // one row or one column
  return context;
}

QString replicas_text(const LoadPictureInput& in, int layer, int expert) {
  const Plan& plan = in.gpus.plan;
  const auto& row = plan.physical_to_logical[static_cast<Index>(layer)];
  QStringList places;
  for (Index s = 0; s < row.size(); ++s)
    if (row[s] == expert) {
      const int gpu = plan.gpu_of(static_cast<int>(s));
      places << (plan.num_nodes > 1 ? tr("GPU %1 (node %2)").arg(gpu).arg(plan.node_of_gpu(gpu))
                                    : tr("GPU %1").arg(gpu));
    }
  const auto count = places.size();
  while (places.size() > 8) places.removeLast();
  if (count > places.size()) places << tr("…");
  return tr("%1 %2 on %3")
      .arg(count)
      .arg(count == 1 ? tr("replica") : tr("replicas"), places.join(QStringLiteral(", ")));
}

QString held_text(const LoadPictureInput& in, int layer, int gpu) {
  const Plan& plan = in.gpus.plan;
  const auto& row = plan.physical_to_logical[static_cast<Index>(layer)];
  QStringList experts;
  for (int s = gpu * plan.slots_per_gpu(); s < (gpu + 1) * plan.slots_per_gpu(); ++s)
    if (row[static_cast<Index>(s)] >= 0) experts << QString::number(row[static_cast<Index>(s)]);
  while (experts.size() > 16) experts.removeLast();
  if (plan.slots_per_gpu() > 16) experts << tr("…");
  return tr("holds experts %1").arg(experts.join(QStringLiteral(", ")));
}

QString place_text(const LoadPictureInput& in, const CellContext& c) {
  const Plan& plan = in.gpus.plan;
  switch (in.kind) {
    case LoadPictureKind::LayerExpert:
    case LoadPictureKind::ExpertTime:
      return tr("expert %1").arg(c.place);
    case LoadPictureKind::LayerGroup: {
      const int size = in.sums->loads->experts / in.gpus.groups;
      return tr("group %1 (experts %2 to %3)")
          .arg(c.place)
          .arg(c.place * size)
          .arg((c.place + 1) * size - 1);
    }
    case LoadPictureKind::GpuLayer:
      return plan.num_nodes > 1 ? tr("GPU %1 (node %2)").arg(c.place).arg(plan.node_of_gpu(c.place))
                                : tr("GPU %1").arg(c.place);
    case LoadPictureKind::NodeLayer:
      return tr("node %1 (GPUs %2 to %3)")
          .arg(c.place)
          .arg(c.place * plan.gpus_per_node())
          .arg((c.place + 1) * plan.gpus_per_node() - 1);
  }
  return {};
}

}  // namespace

QString layer_name(const LoadSet& loads, int row) {
  const Index r = static_cast<Index>(std::max(row, 0));
  return loads.layer_ids.empty() || r >= loads.layer_ids.size()
             ? tr("layer %1").arg(row)
             : tr("layer %1").arg(loads.layer_ids[r]);
}

QString window_name(const LoadSet& loads, int window) {
  const auto w = static_cast<Index>(window);
  if (w >= loads.times.size()) return tr("window %1").arg(window);
  return tr("window %1 (%2 to %3)")
      .arg(window)
      .arg(format_time(loads.times[w].begin), format_time(loads.times[w].end));
}

QString windows_axis_name(const LoadSet& loads) {
  if (!loads.times.empty()) return tr("Window, by its begin (s)");
  return loads.ordered_in_time ? tr("Window") : tr("Window (order is not time)");
}

QString window_label(const LoadSet& loads, int window) {
  const auto w = static_cast<Index>(window);
  if (w >= loads.times.size()) return QString::number(window);
  return QString::number(static_cast<double>(loads.times[w].begin) / 1e9, 'f', 1);
}

QString windows_text(const LoadSet& loads, WindowRange windows) {
  const int all = static_cast<int>(loads.windows.size());
  if (windows.count() == 1) return all == 1 ? tr("one window") : window_name(loads, windows.first);
  const QString text = windows.count() == all
                           ? tr("all %1 windows").arg(all)
                           : tr("windows %1 to %2").arg(windows.first).arg(windows.last - 1);
  const auto last = static_cast<Index>(windows.last) - 1;
  if (last >= loads.times.size()) return text;
  const auto& begin = loads.times[static_cast<Index>(windows.first)].begin;
  return tr("%1 (%2 to %3)").arg(text, format_time(begin), format_time(loads.times[last].end));
}

QString load_scope_text(const LoadSet& loads, WindowRange windows) {
  const QString unit = QString::fromStdString(loads.unit);
  return (unit.isEmpty() ? QString() : unit + QStringLiteral(", ")) + windows_text(loads, windows);
}

QString reference_text(const LoadSums& sums) {
  const WindowRange chosen = *sums.reference_windows;
  if (!sums.reference_cut) return windows_text(*sums.loads, chosen);
  if (chosen.count() == static_cast<int>(sums.loads->windows.size()))
    return tr("all other windows");
  return tr("%1 without those shown").arg(windows_text(*sums.loads, chosen));
}

HeatPicturePtr make_load_picture(const LoadPictureInput& in) {
  if (!in.sums) return nullptr;
  auto picture = std::make_shared<HeatPicture>();
  const LayerAxis axis = layer_axis(in.kind);
  const auto tokens = tokens_of(in, in.sums->shown, in.sums->windows);
  if (in.scale == HeatScale::Change) {
    if (!in.sums->reference || in.kind == LoadPictureKind::ExpertTime) return nullptr;
    picture->values = change_of(tokens_of(in, *in.sums->reference, *in.sums->reference_windows),
                                tokens_of(in, *in.sums->compared, in.sums->windows), axis);
  } else {
    picture->values = in.scale == HeatScale::Relative ? relative_to_mean(tokens, axis) : tokens;
  }
  set_axes(in, *picture);
  picture->title = title_of(in);
  picture->note = note_of(in);
  picture->value_name = value_name_of(in);
  std::optional<HeatExtent> extent;
  if (in.growing)
    extent = steady_extent(in.scale, heat_extent(in.scale, picture->values), in.before);
  finish_heat_picture(*picture, in.scale, extent);
  return picture;
}

HeatCell cell_of(const LoadPictureInput& in, const ModelPlace& s) {
  switch (in.kind) {
    case LoadPictureKind::LayerExpert:
      return {s.layer, s.expert};
    case LoadPictureKind::LayerGroup:
      return {s.layer, s.expert < 0 || !in.sums
                           ? -1
                           : s.expert / (in.sums->loads->experts / in.gpus.groups)};
    case LoadPictureKind::GpuLayer:
      return {s.gpu, s.layer};
    case LoadPictureKind::NodeLayer:
      return {s.gpu < 0 ? -1 : in.gpus.plan.node_of_gpu(s.gpu), s.layer};
    case LoadPictureKind::ExpertTime:
      return {s.expert, -1};
  }
  return {};
}

ModelPlace selection_of(const LoadPictureInput& in, HeatCell cell, ModelPlace s) {
  if (!cell.valid()) return {};
  switch (in.kind) {
    case LoadPictureKind::LayerExpert:
      return {cell.row, cell.column, -1};
    case LoadPictureKind::LayerGroup:
      s.layer = cell.row;
      return s;
    case LoadPictureKind::GpuLayer:
      return {cell.column, -1, cell.row};
    case LoadPictureKind::NodeLayer:
      s.layer = cell.column;
      return s;
    case LoadPictureKind::ExpertTime:
      return {in.layer, cell.row, -1};
  }
  return s;
}

QString gpus_text(const LoadPictureInput& input) {
  return QString::fromStdString(describe(input.gpus, input.rule));
}

QString load_cell_text(const LoadPictureInput& in, HeatCell cell) {
  if (!in.sums || !cell.valid()) return {};
  const CellContext c = context_of(in, cell);
  const double tokens = c.tokens[static_cast<Index>(c.place)];
  QString head = layer_name(*in.sums->loads, c.layer) + QStringLiteral(", ") + place_text(in, c);
  if (in.kind == LoadPictureKind::ExpertTime)
    head +=
        QStringLiteral(", ") + window_name(*in.sums->loads, in.sums->windows.first + cell.column);
  QStringList lines{head};
  if (std::isnan(tokens)) return (lines << tr("no load: the GPU is out of use")).join('\n');
  std::vector<double> known;
  std::copy_if(c.tokens.begin(), c.tokens.end(), std::back_inserter(known),
               [](double t) { return !std::isnan(t); });
  const auto u = unevenness(known);
  if (u.total > 0) {
    const auto hotter =
        std::count_if(known.begin(), known.end(), [&](double t) { return t > tokens; });
    lines << tr("%1 tokens, %2 of the layer, %3 x mean, %4")
                 .arg(tokens_text(tokens), format_percent(100 * tokens / u.total),
                      number_text(tokens / u.mean, 2),
                      place_by_load(in.kind, static_cast<int>(hotter), known.size()));
  } else {
    lines << tr("the layer has no load");
  }
  if (in.scale == HeatScale::Change && in.sums->reference) {
    LoadPictureInput before = in;
    auto sums = std::make_shared<LoadSums>(*in.sums);
    sums->shown = *in.sums->reference;
    before.sums = sums;
    const auto old = context_of(before, cell);
    const auto old_u = unevenness(old.tokens);
    const double was = old.tokens[static_cast<Index>(old.place)];
    if (old_u.total > 0)
      lines << tr("before: %1 tokens, %2 of the layer, %3 x mean")
                   .arg(tokens_text(was), format_percent(100 * was / old_u.total),
                        number_text(was / old_u.mean, 2));
  }
  if (in.kind == LoadPictureKind::LayerExpert || in.kind == LoadPictureKind::ExpertTime)
    lines << replicas_text(in, c.layer, c.place) + QStringLiteral(", ") + gpus_text(in);
  if (in.kind == LoadPictureKind::GpuLayer) lines << held_text(in, c.layer, c.place);
  return lines.join(QLatin1Char('\n'));
}

}  // namespace moescope
