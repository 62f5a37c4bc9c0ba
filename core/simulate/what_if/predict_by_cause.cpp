#include "core/simulate/what_if/predict_by_cause.h"

#include <algorithm>
#include <array>

#include "core/simulate/step/schedule.h"

namespace moescope {
namespace {

using Index = std::size_t;

/// Sums over GPUs and batches what each stage has of their time. Stages on the stream of compute
/// have their whole time; those on the other one what no compute covers. The rest is waiting.
class CauseMeter {
 public:
  CauseMeter(int gpus, int live_gpus) : live_gpus_(live_gpus), gpus_(static_cast<Index>(gpus)) {}

  void add(int batch, const StageSpan& span) {
    if (batch != batch_) end_batch();
    batch_ = batch;
    end_ = std::max(end_, span.end);
    auto& gpu = gpus_[static_cast<Index>(span.gpu)];
    if (span.beside) {
      if (span.stage != Stage::DispatchWait && span.stage != Stage::CombineWait)
        gpu.beside.push_back({span.stage, {span.begin, span.end}});
      return;
    }
    count(span.stage, span.end - span.begin, 1);
    if (!gpu.computes.empty() && gpu.computes.back().end == span.begin)
      gpu.computes.back().end = span.end;
    else
      gpu.computes.push_back({span.begin, span.end});
  }

  /// Means over GPUs and batches, ns. @param p of the batches that were added
  StepCauses causes(const Prediction& p) {
    end_batch();
    StepCauses out;
    const double parts = static_cast<double>(live_gpus_) * std::max(batches_, 1);
    const auto mean = [&](Stage stage) { return of(stage).ns / parts; };
    const auto floor = [&](Stage stage, double ns) {
      return std::min(ns * of(stage).runs / parts, mean(stage));
    };
    double expert_floor = 0;
    for (const auto& layer : p.layers) expert_floor = std::max(expert_floor, layer.expert_floor_ns);
    const double of_attention =
        floor(Stage::Attention, p.attention_floor_ns) + floor(Stage::Gate, p.gate_floor_ns) +
        floor(Stage::Shared, p.shared_floor_ns) + floor(Stage::DenseMlp, p.dense_floor_ns);
    const double of_experts = floor(Stage::Experts, expert_floor);
    out[StepCause::Attention] = -of_attention;
    for (const auto stage : {Stage::Attention, Stage::Gather, Stage::Scatter, Stage::DenseMlp,
                             Stage::Gate, Stage::Shared})
      out[StepCause::Attention] += mean(stage);
    out[StepCause::Experts] = mean(Stage::Experts) - of_experts;
    out[StepCause::Dispatch] = mean(Stage::Dispatch);
    out[StepCause::Combine] = mean(Stage::Combine);
    out[StepCause::Floors] = of_attention + of_experts;
    out[StepCause::Waiting] = std::max(0.0, p.step_ns - out.step_ns());
    return out;
  }

 private:
  struct Beside {
    Stage stage;
    TimeRange time;
  };
  struct Gpu {
    std::vector<TimeRange> computes;  ///< in order of time, apart
    std::vector<Beside> beside;       ///< in order of time, apart
  };
  struct Total {
    double ns = 0;
    double runs = 0;  ///< stages, those that compute covers in part by the rest
  };

  Total& of(Stage stage) { return totals_[static_cast<Index>(stage)]; }

  void count(Stage stage, TimeNs time, double runs) {
    of(stage).ns += static_cast<double>(time);
    of(stage).runs += runs;
  }

  void end_batch() {
    if (end_ == 0) return;
    for (auto& gpu : gpus_) {
      uncover(gpu);
      gpu.computes.clear();
      gpu.beside.clear();
    }
    ++batches_;
    end_ = 0;
  }

  void uncover(const Gpu& gpu) {
    Index next = 0;
    for (const auto& [stage, time] : gpu.beside) {
      while (next < gpu.computes.size() && gpu.computes[next].end <= time.begin) ++next;
      TimeNs covered = 0;
      for (Index c = next; c < gpu.computes.size() && gpu.computes[c].begin < time.end; ++c)
        covered +=
            std::min(gpu.computes[c].end, time.end) - std::max(gpu.computes[c].begin, time.begin);
      const TimeNs alone = time.length() - covered;
      count(stage, alone, static_cast<double>(alone) / static_cast<double>(time.length()));
    }
  }

  int live_gpus_, batch_ = 0, batches_ = 0;
  TimeNs end_ = 0;  ///< of the batch; 0: nothing was added to it
  std::vector<Gpu> gpus_;
  std::array<Total, kStageCount> totals_{};
};

}  // namespace

CausedPrediction predict_by_cause(const Hardware& hardware, const ModelShape& model,
                                  const ServingUnit& unit, const Plan& plan, const LoadSet& loads,
                                  const PredictOptions& options, Progress& progress) {
  CauseMeter meter(plan.num_gpus, plan.live_gpus());
  auto seen = options;
  seen.visit = [&](int batch, const StageSpan& span) {
    meter.add(batch, span);
    if (options.visit) options.visit(batch, span);
  };
  CausedPrediction out;
  out.prediction = predict(hardware, model, unit, plan, loads, seen, progress);
  out.causes = meter.causes(out.prediction);
  return out;
}

}  // namespace moescope
