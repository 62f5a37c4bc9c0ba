#include "core/simulate/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "core/figure_text.h"

namespace moescope {
namespace {

using Index = std::size_t;

constexpr std::array<std::pair<SweepOver, const char*>, 4> kNames = {
    {{SweepOver::CommSms, "comm-sms"},
     {SweepOver::Redundant, "redundant"},
     {SweepOver::Gpus, "ep"},
     {SweepOver::Batch, "batch"}}};
constexpr int kMostSms = 48, kSmStep = 4;
constexpr int kMostSlotsMore = 4;  ///< redundant slots of a GPU
constexpr int kMostGpus = 320;

std::vector<double> usual_values(const SweepInput& in, SweepOver over) {
  std::vector<double> values;
  const auto& u = in.unit;
  switch (over) {
    case SweepOver::CommSms:
      for (int sms = kSmStep; sms <= kMostSms; sms += kSmStep) values.push_back(sms);
      break;
    case SweepOver::Redundant:
      for (int more = 0; more <= kMostSlotsMore; ++more) {
        const int least = (in.model.experts + u.gpus - 1) / u.gpus;
        values.push_back((least + more) * u.gpus - in.model.experts);
      }
      break;
    case SweepOver::Gpus:
      for (int gpus = u.gpus_per_node(); gpus <= kMostGpus; gpus *= 2) values.push_back(gpus);
      break;
    case SweepOver::Batch:
      for (double share = 0.125; share <= 8; share *= 2)
        values.push_back(std::max(1.0, std::round(u.tokens_per_gpu * share)));
      break;
  }
  return values;
}

}  // namespace

ServingUnit unit_with(const ServingUnit& from, const ModelShape& model, SweepOver over,
                      double value) {
  auto unit = from;
  const auto whole = [&] {
    if (!(value >= 0) || value != std::floor(value) || value > 1e6)
      throw Error("", to_string(over), fmt::format("{} is not a whole number", value));
    return static_cast<int>(value);
  };
  if (over == SweepOver::Batch) {
    if (!(value > 0)) throw Error("", "batch", fmt::format("{} is not positive", value));
    unit.tokens_per_gpu = value;
  } else if (over == SweepOver::CommSms) {
    unit.comm_sms = whole();
  } else if (over == SweepOver::Redundant) {
    unit.slot_count = model.experts + whole();
  } else {
    const int per_node = unit.gpus_per_node(), spare = unit.slot_count - model.experts;
    unit.gpus = whole();
    if (unit.gpus < 1 || (unit.gpus > per_node && unit.gpus % per_node != 0))
      throw Error("", "ep", fmt::format("{} GPUs are no whole nodes of {}", unit.gpus, per_node));
    unit.nodes = std::max(1, unit.gpus / per_node);
    const int slots = model.experts + std::max(0, spare);
    unit.slot_count = (slots + unit.gpus - 1) / unit.gpus * unit.gpus;
  }
  if (unit.slot_count % unit.gpus != 0)
    throw Error("", to_string(over),
                fmt::format("{} slots do not divide over {} GPUs", unit.slot_count, unit.gpus));
  return unit;
}

namespace {

SweepPoint predict_point(const SweepInput& in, SweepOver over, double value, Progress& progress) {
  const auto unit = unit_with(in.unit, in.model, over, value);
  PredictOptions options;
  options.batches = 4;
  const auto p =
      predict(in.hardware, in.model, unit, in.plan_for(unit), in.loads, options, progress);
  SweepPoint point{.value = value, .step_ns = p.step_ns, .error_ns = p.error_ns()};
  point.tokens_per_second_gpu = p.tokens_per_second / unit.gpus;
  const double batches = unit.micro_batches;
  const auto layers = static_cast<double>(p.layers.size());
  point.attention_ns =
      batches * (layers * (p.attention_ns + p.attention_comm_ns + p.gate_ns + p.shared_ns) +
                 in.model.dense_layers * (p.attention_ns + p.dense_ns));
  for (const auto& layer : p.layers) {
    point.experts_ns += batches * layer.expert_ns;
    point.transfer_ns += batches * (layer.dispatch_ns + layer.combine_ns);
  }
  point.fits = p.memory.fits();
  return point;
}

/// The part that grows most from `best` to `other`; where none does, what is lost in tokens.
std::string growth(const SweepPoint& best, const SweepPoint& other) {
  const std::array<std::pair<const char*, double>, 3> parts = {
      {{"attention", other.attention_ns - best.attention_ns},
       {"experts", other.experts_ns - best.experts_ns},
       {"dispatch and combine", other.transfer_ns - best.transfer_ns}}};
  const auto most = std::max_element(
      parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (!(most->second > 0)) return fmt::format("{:.0f} tokens/s a GPU", other.tokens_per_second_gpu);
  return fmt::format("{} {} longer", most->first, duration_text(most->second));
}

std::string reason_of(const Sweep& sweep, bool by_tokens) {
  const auto& best = sweep.points[*sweep.best];
  auto text = fmt::format("{} {}: ", to_string(sweep.over), best.value);
  text += by_tokens ? fmt::format("{:.0f} tokens/s a GPU, the most", best.tokens_per_second_gpu)
                    : fmt::format("a step of {}, the shortest", duration_text(best.step_ns));
  const auto neighbour = [&](Index at, const char* side) {
    const auto& other = sweep.points[at];
    text += !other.fits ? fmt::format("; with {} it does not fit in memory", other.value)
                        : fmt::format("; with {} ({}) {}", side, other.value, growth(best, other));
  };
  if (*sweep.best > 0) neighbour(*sweep.best - 1, "fewer");
  if (*sweep.best + 1 < sweep.points.size()) neighbour(*sweep.best + 1, "more");
  return text;
}

}  // namespace

const char* to_string(SweepOver over) {
  for (const auto& [value, name] : kNames)
    if (value == over) return name;
  return "";
}

std::optional<SweepOver> sweep_from_name(const std::string& name) {
  for (const auto& [value, known] : kNames)
    if (name == known) return value;
  return std::nullopt;
}

Sweep sweep_unit(const SweepInput& input, SweepOver over, std::vector<double> values,
                 Progress& progress) {
  if (values.empty()) values = usual_values(input, over);
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  Sweep sweep{.over = over};
  for (Index i = 0; i < values.size(); ++i) {
    progress.report(static_cast<double>(i) / static_cast<double>(values.size()),
                    "predicting units");
    try {
      sweep.points.push_back(predict_point(input, over, values[i], no_progress()));
    } catch (const Error& e) {
      sweep.skipped.push_back(fmt::format("{}: {}", values[i], e.problem()));
    }
  }
  if (sweep.points.empty())
    throw Error("", to_string(over),
                fmt::format("no value is possible: {}", fmt::join(sweep.skipped, "; ")));
  const bool by_tokens = over == SweepOver::Gpus || over == SweepOver::Batch;
  const auto better = [&](const SweepPoint& a, const SweepPoint& b) {
    return by_tokens ? a.tokens_per_second_gpu > b.tokens_per_second_gpu : a.step_ns < b.step_ns;
  };
  for (Index i = 0; i < sweep.points.size(); ++i)
    if (sweep.points[i].fits && (!sweep.best || better(sweep.points[i], sweep.points[*sweep.best])))
      sweep.best = i;
  sweep.reason = sweep.best ? reason_of(sweep, by_tokens) : "no value fits in the memory of a GPU";
  return sweep;
}

}  // namespace moescope
