#include "core/simulate/step/schedule.h"

#include <algorithm>
#include <array>

namespace moescope {
namespace {

using Index = std::size_t;

class Step {
 public:
  Step(const std::vector<char>& dead, Index micro_batches, bool beside, TimeNs begin,
       const StageVisitor& visit)
      : dead_(dead),
        beside_(beside),
        visit_(visit),
        compute_(dead.size(), begin),
        comm_(dead.size(), begin),
        ready_(micro_batches, std::vector<TimeNs>(dead.size(), begin)) {}

  void run_layer(const std::vector<LayerStages>& layer, int index) {
    for (Index mb = 0; mb < layer.size(); ++mb) attention(layer[mb], index, mb);
    if (layer[0].dense) return;
    if (beside_) {
      for (Index mb = 0; mb < layer.size(); ++mb) {
        transfer(Stage::DispatchWait, Stage::Dispatch, layer[mb].dispatch, index, mb);
        experts(layer[mb], index, mb);
        transfer(Stage::CombineWait, Stage::Combine, layer[mb].combine, index, mb);
      }
      return;
    }
    for (Index mb = 0; mb < layer.size(); ++mb)
      transfer(Stage::DispatchWait, Stage::Dispatch, layer[mb].dispatch, index, mb);
    for (Index mb = 0; mb < layer.size(); ++mb) experts(layer[mb], index, mb);
    for (Index mb = 0; mb < layer.size(); ++mb)
      transfer(Stage::CombineWait, Stage::Combine, layer[mb].combine, index, mb);
  }

  TimeNs end() const {
    TimeNs last = 0;
    for (const auto& times : ready_)
      for (Index g = 0; g < times.size(); ++g)
        if (dead_[g] == 0) last = std::max(last, times[g]);
    return last;
  }

 private:
  void attention(const LayerStages& l, int layer, Index mb) {
    for (Index g = 0; g < dead_.size(); ++g) {
      if (dead_[g] != 0) continue;
      TimeNs at = std::max(compute_[g], ready_[mb][g]);
      const auto next = [&](Stage stage, TimeNs duration) {
        span(g, layer, mb, stage, false, at, at + duration);
        at += duration;
      };
      next(Stage::Gather, l.gather);
      next(Stage::Attention, l.attention);
      next(Stage::Scatter, l.scatter);
      if (l.dense)
        next(Stage::DenseMlp, l.dense_mlp);
      else
        next(Stage::Gate, l.gate);
      ready_[mb][g] = compute_[g] = at;
    }
  }

  void experts(const LayerStages& l, int layer, Index mb) {
    auto& stream = beside_ ? comm_ : compute_;
    for (Index g = 0; g < dead_.size(); ++g) {
      if (dead_[g] != 0) continue;
      if (ready_.size() == 1) compute_[g] = std::max(compute_[g], ready_[mb][g]);
      if (l.shared > 0) {  // needs nothing from other GPUs, so it fills the time until they sent
        span(g, layer, mb, Stage::Shared, false, compute_[g], compute_[g] + l.shared);
        compute_[g] += l.shared;
        ready_[mb][g] = beside_ ? ready_[mb][g] : std::max(ready_[mb][g], compute_[g]);
      }
      const TimeNs begin = std::max(stream[g], ready_[mb][g]), end = begin + l.experts[g];
      span(g, layer, mb, Stage::Experts, beside_, begin, end);
      stream[g] = ready_[mb][g] = end;
    }
  }

  void transfer(Stage wait, Stage move, TimeNs duration, int layer, Index mb) {
    TimeNs begin = 0;
    const auto own = [&](Index g) { return std::max(comm_[g], ready_[mb][g]); };
    for (Index g = 0; g < dead_.size(); ++g)
      if (dead_[g] == 0) begin = std::max(begin, own(g));
    for (Index g = 0; g < dead_.size(); ++g) {
      if (dead_[g] != 0) continue;
      span(g, layer, mb, wait, true, own(g), begin);
      span(g, layer, mb, move, true, begin, begin + duration);
      comm_[g] = ready_[mb][g] = begin + duration;
    }
  }

  void span(Index gpu, int layer, Index mb, Stage stage, bool beside, TimeNs begin, TimeNs end) {
    if (visit_ && end > begin)
      visit_({static_cast<int>(gpu), layer, static_cast<int>(mb), stage, beside, begin, end});
  }

  const std::vector<char>& dead_;
  bool beside_;
  const StageVisitor& visit_;
  std::vector<TimeNs> compute_, comm_;      ///< [gpu] when the stream is free
  std::vector<std::vector<TimeNs>> ready_;  ///< [micro-batch][gpu] when its last stage ended
};

}  // namespace

const char* to_string(Stage stage) {
  constexpr std::array<const char*, kStageCount> names = {"attention",
                                                          "all_gather (tensor parallel)",
                                                          "reduce_scatter (tensor parallel)",
                                                          "dense mlp",
                                                          "gate",
                                                          "shared_expert",
                                                          "dispatch wait",
                                                          "dispatch",
                                                          "experts",
                                                          "combine wait",
                                                          "combine"};
  return names.at(static_cast<Index>(stage));
}

bool is_communication(Stage stage) {
  switch (stage) {
    case Stage::Gather:
    case Stage::Scatter:
    case Stage::DispatchWait:
    case Stage::Dispatch:
    case Stage::CombineWait:
    case Stage::Combine:
      return true;
    default:
      return false;
  }
}

TimeNs run_step(const std::vector<std::vector<LayerStages>>& layers, const std::vector<char>& dead,
                bool experts_beside, TimeNs begin, const StageVisitor& visit,
                std::vector<TimeNs>* layer_end) {
  if (layers.empty()) return begin;
  Step step(dead, layers[0].size(), experts_beside, begin, visit);
  for (Index l = 0; l < layers.size(); ++l) {
    step.run_layer(layers[l], static_cast<int>(l));
    if (layer_end != nullptr) layer_end->push_back(step.end());
  }
  return step.end();
}

}  // namespace moescope
