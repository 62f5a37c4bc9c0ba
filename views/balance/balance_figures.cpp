#include "views/balance/balance_figures.h"

#include <QCoreApplication>
#include <algorithm>
#include <limits>

#include "core/loads/rule_of_loads.h"
#include "views/load/load_pictures.h"
#include "views/load/load_side.h"
#include "views/load/number_text.h"

namespace moescope {
namespace {

using Index = std::size_t;
using Style = ChartSeries::Style;
using As = ChartSeries::Role;
constexpr int kCurvePoints = 40;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

QString tr(const char* text) {
  return QCoreApplication::translate("Balance", text);
}

double imbalance(const LayerEvaluation& layer) {
  return layer.weighted.value_or(layer.equal);
}

std::vector<double> imbalances(const std::vector<LayerEvaluation>& layers) {
  std::vector<double> values;
  for (const auto& layer : layers) values.push_back(imbalance(layer));
  return values;
}

/// A lower bound on max / mean in the words of another measure; nothing where there is no relation.
std::optional<double> bound_as(BalanceMetric metric, double bound) {
  switch (metric) {
    case BalanceMetric::MaxOverMean:
      return bound;
    case BalanceMetric::MeanOverMax:
      return 1 / bound;
    case BalanceMetric::Excess:
      return bound - 1;
    default:
      return std::nullopt;
  }
}

std::function<QString(int)> layer_labels(const LoadsPtr& loads) {
  return [loads](int layer) { return layer_name(*loads, layer).section(QLatin1Char(' '), 1); };
}

ChartSeries series(const QString& name, Style style, As role, std::vector<double> values) {
  return {name, style, role, std::move(values)};
}

QString now_name(const PlacementOfLoads& view) {
  switch (view.origin) {
    case PlacementOfLoads::Origin::Plan:
      return tr("with the plan");
    case PlacementOfLoads::Origin::Running:
      return tr("as it ran");
    case PlacementOfLoads::Origin::InOrder:
      break;
  }
  return tr("experts in order");
}

void add_bounds(const BalanceFigures& figures, BalanceMetric metric, SeriesPicture& picture) {
  std::vector<double> any, hierarchical;
  bool has_hierarchical = false;
  for (const auto& layer : figures.now) {
    const auto bound = bound_as(metric, layer.bound);
    if (!bound) return;
    any.push_back(*bound);
    has_hierarchical |= layer.bound_hierarchical.has_value();
    hierarchical.push_back(layer.bound_hierarchical ? *bound_as(metric, *layer.bound_hierarchical)
                                                    : kNone);
  }
  picture.series.push_back(
      series(tr("bound of any plan with %1 slots").arg(figures.input.now.plan.slot_count()),
             Style::Level, As::Bound, std::move(any)));
  if (has_hierarchical)
    picture.series.push_back(series(tr("bound with every group on one node"), Style::Level,
                                    As::Extra, std::move(hierarchical)));
}

/// Mean and highest of each window.
std::pair<std::vector<double>, std::vector<double>> mean_and_worst(const WindowBalance& balance) {
  std::pair<std::vector<double>, std::vector<double>> result;
  for (const auto& layers : balance) {
    double sum = 0, worst = 0;
    for (const double value : layers) sum += value, worst = std::max(worst, value);
    result.first.push_back(sum / static_cast<double>(std::max<Index>(layers.size(), 1)));
    result.second.push_back(worst);
  }
  return result;
}

std::vector<double> over_mean(const LoadMatrix& gpus) {
  return relative_to_mean(gpus, LayerAxis::Columns).values;
}

/// Loads of the GPUs of one layer under a plan.
std::vector<double> gpu_values(const PlacementOfLoads& view, const LoadSums& sums, int layer) {
  Plan plan = view.plan;
  const auto l = static_cast<Index>(layer);
  plan.physical_to_logical = {view.plan.physical_to_logical[l]};
  if (!plan.replica_weight.empty()) plan.replica_weight = {view.plan.replica_weight[l]};
  return over_mean(gpu_by_layer({sums.shown[l]}, plan));
}

std::vector<double> measured_values(const LoadSums& sums, int layer) {
  if (sums.loads->measured.empty()) return {};
  const auto& first = sums.loads->measured.front()[static_cast<Index>(layer)];
  LoadMatrix m(static_cast<int>(first.size()), 1);
  for (double& value : m.values) value = 0;
  for (int w = sums.windows.first; w < sums.windows.last; ++w)
    for (Index g = 0; g < m.values.size(); ++g)
      m.values[g] += sums.loads->measured[static_cast<Index>(w)][static_cast<Index>(layer)][g];
  return over_mean(m);
}

/// All figures are then of the shares that the rule gives.
BalanceInput with_rule(BalanceInput input) {
  const auto apply = [&input](Plan& plan) {
    plan = under_rule(plan, input.rule, input.sums->shown, *input.sums->loads);
  };
  apply(input.now.plan);
  if (input.before) apply(input.before->plan);
  return input;
}

/// " under SGLang static"; empty where no rule is named.
QString rule_words_of(const BalanceInput& input) {
  return input.rule ? tr(" under %1").arg(QString::fromStdString(rule_title(*input.rule)))
                    : QString();
}

}  // namespace

std::optional<BalanceInput> balance_input(const LoadDocument& document, const LoadSumsPtr& sums) {
  if (!sums || sums->loads != document.loads()) return std::nullopt;
  BalanceInput input{sums, *document.placement(), std::nullopt, document.rule()};
  if (input.now.origin == PlacementOfLoads::Origin::Plan) {
    AssumedLayout assumed = document.assumed();
    assumed.gpus = input.now.plan.num_gpus;
    input.before = placement_of_loads(*sums->loads, nullptr, assumed);
    // The running plan is not compared with itself.
    if (input.before->plan.physical_to_logical == input.now.plan.physical_to_logical &&
        input.now.plan.replica_weight.empty())
      input.before.reset();
  }
  return input;
}

BalanceFiguresPtr make_balance_figures(const BalanceInput& asked, const BalanceFiguresPtr& old,
                                       Progress& progress) {
  auto figures = std::make_shared<BalanceFigures>();
  figures->input = with_rule(asked);
  const BalanceInput& input = figures->input;
  const LayerLoads& loads = input.sums->shown;
  progress.report(0, "balance of the layers");
  EvaluateOptions options;
  options.with_best_split = false;
  figures->now = evaluate_plan(input.now.plan, loads, options, progress);
  if (input.before) figures->before = evaluate_plan(input.before->plan, loads, options, progress);
  const bool same_loads = old && old->input.sums->loads == input.sums->loads;
  progress.report(0.2, "balance over time");
  if (same_loads && old->input.now.plan == input.now.plan) {
    figures->over_time = old->over_time;
    figures->measured = old->measured;
  } else {
    figures->over_time = balance_over_windows(*input.sums->loads, input.now.plan,
                                              BalanceMetric::MaxOverMean, progress);
    figures->measured = measured_balance(*input.sums->loads, BalanceMetric::MaxOverMean);
  }
  progress.report(0.7, "bounds by slots");
  if (same_loads && old->input.sums == input.sums &&
      old->input.now.plan.num_gpus == input.now.plan.num_gpus)
    figures->curve = old->curve;
  else
    figures->curve = bound_by_slots(loads, input.now.plan.num_gpus, kCurvePoints, progress);
  return figures;
}

SeriesPicturePtr layer_picture(const BalanceFigures& figures, BalanceMetric metric) {
  auto picture = std::make_shared<SeriesPicture>();
  const auto& input = figures.input;
  const LoadsPtr& loads = input.sums->loads;
  picture->title = tr("%1 of GPUs by layer").arg(metric_label(metric));
  picture->note = QString::fromStdString(describe(input.now)) + QStringLiteral(", ") +
                  load_scope_text(*loads, input.sums->windows) +
                  (input.rule ? QLatin1Char(',') + rule_words_of(input) : QString());
  picture->x_name = tr("Layer");
  picture->y_name = metric_label(metric);
  picture->places = loads->layers();
  picture->base = metric == BalanceMetric::MaxOverMean ? 1 : 0;
  picture->x_label = layer_labels(loads);
  if (input.before)
    picture->series.push_back(
        series(tr("before: %1").arg(now_name(*input.before)), Style::Bars, As::Before,
               layer_balance(input.sums->shown, &input.before->plan, metric)));
  picture->series.push_back(series(now_name(input.now), Style::Bars, As::Now,
                                   layer_balance(input.sums->shown, &input.now.plan, metric)));
  add_bounds(figures, metric, *picture);
  return picture;
}

int layer_to_show(const BalanceFigures& figures, int layer) {
  if (layer >= 0 && layer < static_cast<int>(figures.now.size())) return layer;
  const auto worst =
      std::max_element(figures.now.begin(), figures.now.end(),
                       [](const auto& a, const auto& b) { return imbalance(a) < imbalance(b); });
  return static_cast<int>(worst - figures.now.begin());
}

SeriesPicturePtr gpu_picture(const BalanceFigures& figures, int chosen) {
  auto picture = std::make_shared<SeriesPicture>();
  const auto& input = figures.input;
  const int layer = layer_to_show(figures, chosen);
  picture->title = tr("Load of each GPU, %1").arg(layer_name(*input.sums->loads, layer));
  picture->note = chosen < 0
                      ? tr("the layer with the highest imbalance; select a layer to see another")
                      : QString::fromStdString(describe(input.now));
  picture->x_name = tr("GPU");
  picture->y_name = tr("Load / mean of the GPUs");
  picture->places = input.now.plan.num_gpus;
  picture->x_label = [](int gpu) { return QString::number(gpu); };
  if (input.before && input.before->plan.num_gpus == input.now.plan.num_gpus)
    picture->series.push_back(series(tr("before: %1").arg(now_name(*input.before)), Style::Bars,
                                     As::Before, gpu_values(*input.before, *input.sums, layer)));
  picture->series.push_back(
      series(now_name(input.now), Style::Bars, As::Now, gpu_values(input.now, *input.sums, layer)));
  if (auto measured = measured_values(*input.sums, layer);
      static_cast<int>(measured.size()) == picture->places)
    picture->series.push_back(
        series(tr("measured"), Style::Level, As::Measured, std::move(measured)));
  return picture;
}

SeriesPicturePtr time_picture(const BalanceFigures& figures, int layer) {
  auto picture = std::make_shared<SeriesPicture>();
  const LoadsPtr& loads = figures.input.sums->loads;
  const bool in_time = loads->ordered_in_time;
  picture->title = in_time ? tr("Imbalance (max / mean of GPU load) over time")
                           : tr("Imbalance (max / mean of GPU load) of each window");
  picture->note = QString::fromStdString(describe(figures.input.now));
  if (!in_time) picture->note = tr("the order of the windows is not time");
  // A line implies that one value follows another.
  const Style style = in_time ? Style::Line : Style::Level;
  picture->x_name = windows_axis_name(*loads);
  picture->y_name = tr("max / mean");
  picture->base = 1;
  picture->places = static_cast<int>(figures.over_time.size());
  picture->x_label = [loads](int window) { return window_label(*loads, window); };
  auto [mean, worst] = mean_and_worst(figures.over_time);
  picture->series.push_back(series(tr("worst layer"), style, As::Worst, std::move(worst)));
  picture->series.push_back(series(tr("mean over layers"), style, As::Now, std::move(mean)));
  if (!figures.measured.empty())
    picture->series.push_back(series(tr("measured, mean over layers"), style, As::Measured,
                                     mean_and_worst(figures.measured).first));
  if (layer >= 0 && layer < loads->layers()) {
    std::vector<double> values;
    for (const auto& window : figures.over_time)
      values.push_back(window[static_cast<Index>(layer)]);
    picture->series.push_back(
        series(layer_name(*loads, layer), style, As::Selected, std::move(values)));
  }
  return picture;
}

namespace {

/// The curve in words; it may be flat.
QString curve_note(const std::vector<BoundPoint>& curve) {
  constexpr double kPerfect = 1.005;  // shown as 1.00
  const auto even = std::find_if(curve.begin(), curve.end(),
                                 [](const BoundPoint& p) { return p.worst < kPerfect; });
  if (even == curve.end())
    return tr("no plan with so many slots is better, whatever the split of tokens");
  return even == curve.begin()
             ? tr("1.00 everywhere: the loads allow perfect balance without redundant experts")
             : tr("no plan is better; from %1 slots on the loads allow perfect balance")
                   .arg(even->slot_count);
}

}  // namespace

SeriesPicturePtr curve_picture(const BalanceFigures& figures) {
  auto picture = std::make_shared<SeriesPicture>();
  const int gpus = figures.input.now.plan.num_gpus;
  const auto& curve = figures.curve;
  picture->title = tr("Lowest imbalance that redundant experts allow, %1 GPUs").arg(gpus);
  picture->note = curve_note(curve);
  picture->x_name = tr("Slots (slots per GPU)");
  picture->y_name = tr("bound on max / mean");
  picture->base = 1;
  picture->places = static_cast<int>(curve.size());
  picture->x_label = [points = curve, gpus](int i) {
    const int count = points[static_cast<Index>(i)].slot_count;
    return QStringLiteral("%1 (%2)").arg(count).arg(count / gpus);
  };
  std::vector<double> mean, worst;
  for (Index i = 0; i < curve.size(); ++i) {
    mean.push_back(curve[i].mean);
    worst.push_back(curve[i].worst);
    if (curve[i].slot_count == figures.input.now.plan.slot_count())
      picture->events.push_back({static_cast<int>(i), tr("slots of the plan shown")});
  }
  picture->series.push_back(series(tr("worst layer"), Style::Line, As::Worst, std::move(worst)));
  picture->series.push_back(series(tr("mean over layers"), Style::Line, As::Now, std::move(mean)));
  return picture;
}

QString balance_summary(const BalanceFigures& figures) {
  const auto sentence = [&](const QString& name, const std::vector<LayerEvaluation>& layers) {
    const auto summary = summarize(imbalances(layers));
    return tr("%1: %2 on average, %3 in the worst layer")
        .arg(name, number_text(summary.mean, 2), number_text(summary.max, 2));
  };
  QStringList parts{sentence(tr("Imbalance (max / mean)%1, %2")
                                 .arg(rule_words_of(figures.input), now_name(figures.input.now)),
                             figures.now)};
  if (!figures.before.empty())
    parts << sentence(tr("before (%1)").arg(now_name(*figures.input.before)), figures.before);
  std::vector<double> bounds;
  for (const auto& layer : figures.now) bounds.push_back(layer.bound);
  const auto bound = summarize(bounds);
  parts << tr("no plan with as many slots can be below %1 on average, %2 in the worst layer")
               .arg(number_text(bound.mean, 2), number_text(bound.max, 2));
  const LoadSums& sums = *figures.input.sums;
  return tr("%1, over %2.")
      .arg(parts.join(QStringLiteral("; ")), load_scope_text(*sums.loads, sums.windows));
}

std::vector<QStringList> balance_rows(const BalanceFigures& figures) {
  const auto& input = figures.input;
  std::vector<QStringList> rows{{tr("layer"), tr("tokens"), tr("max/mean"), tr("mean/max"),
                                 tr("(max-mean)/mean"), tr("Gini"), tr("CV"), tr("max/mean before"),
                                 tr("bound of max/mean"), tr("bound with groups on nodes")}};
  std::vector<std::vector<double>> columns;
  for (const BalanceMetric metric : kBalanceMetrics)
    columns.push_back(layer_balance(input.sums->shown, &input.now.plan, metric));
  const auto text = [](double value) { return QString::number(value, 'f', 4); };
  for (Index l = 0; l < figures.now.size(); ++l) {
    const auto& layer = figures.now[l];
    double tokens = 0;
    for (const double t : input.sums->shown[l]) tokens += t;
    QStringList fields{layer_name(*input.sums->loads, static_cast<int>(l)).section(' ', 1),
                       QString::number(tokens, 'g', 12)};
    for (const auto& column : columns) fields << text(column[l]);
    fields << (figures.before.empty() ? QString() : text(imbalance(figures.before[l])))
           << text(layer.bound)
           << (layer.bound_hierarchical ? text(*layer.bound_hierarchical) : QString());
    rows.push_back(std::move(fields));
  }
  return rows;
}

}  // namespace moescope
