#include "core/analysis/compare/figure_words.h"

#include <cctype>
#include <utility>

namespace moescope {
namespace {

constexpr std::string_view kPhaseStep = "_step_ns";

constexpr std::pair<std::string_view, std::string_view> kWords[] = {
    // whole traces, devices, phases and layers
    {"span_ns", "From first to last GPU work"},
    {"busy_ns", "Busy"},
    {"idle_ns", "Idle"},
    {"compute_ns", "Compute"},
    {"comm_ns", "Communication"},
    {"memory_ns", "Copies and fills"},
    {"overlap_ns", "Hidden communication"},
    {"exposed_comm_ns", "Exposed communication"},
    {"comm_wait_ns", "Waiting in communication"},
    {"overlap_pct", "Hidden share of communication"},
    {"comm_events", "Communication kernels"},
    {"compute_events", "Compute kernels"},
    {"memory_events", "Copies and fills, number"},
    {"comm_sm_ns", "SM time of communication"},
    {"compute_sm_ns", "SM time of compute"},
    {"free_sm_ns", "SM time that is free"},
    {"oversubscribed_ns", "Time with more SMs wanted than there are"},
    // how the work was run
    {"comm_sms", "Held by communication while it runs"},
    {"comm_workers", "Workers for communication"},
    {"micro_batch_overlap_ns", "Micro-batches beside each other"},
    {"compute_imbalance", "Compute of the busiest device over the mean"},
    {"step_ns", "Step, mean"},
    // kernels, classes, pairs of SMs
    {"total_ns", "Total"},
    {"mean_ns", "Mean of a run"},
    {"count", "Runs"},
    {"ns", "Time"},
    // loads
    {"tokens", "Tokens"},
    {"imbalance", "Imbalance of experts"},
    {"imbalance_mean", "Mean imbalance of experts"},
    {"imbalance_worst", "Worst imbalance of experts"},
    {"share_pct", "Share of the tokens of its layer"},
    // plans
    {"slots_changed", "Slots with another expert"},
    {"copies", "Copies between GPUs"},
    {"layers_changed", "Layers that change"},
    {"replicated_experts", "Experts with replicas"},
};

}  // namespace

std::string figure_words(std::string_view figure) {
  for (const auto& [name, words] : kWords)
    if (name == figure) return std::string(words);
  if (!figure.ends_with(kPhaseStep)) return std::string(figure);
  std::string words(figure.substr(0, figure.size() - kPhaseStep.size()));
  words[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(words[0])));
  return words + " step, mean";
}

}  // namespace moescope
