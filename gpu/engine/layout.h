// How the ranks, weights and limits of an engine follow from its options.
#pragma once

#include <vector>

#include "gpu/engine/options.h"
#include "gpu/engine/plan/plan_form.h"
#include "gpu/record/recorder.h"

namespace moescope::runtime {

/// More cannot be distinguished in a recording.
inline constexpr int kMostRanks = 1 << 16;

/// Throw Error when the options are impossible for the model. Arithmetic only: nothing is
/// allocated.
void check_layout(const EngineOptions& options, const ModelConfig& config);
void check_workload(const WorkloadOptions& workload, const EngineOptions& options,
                    const ModelConfig& config);
/// What a recording says about the ranks. Throws Error likewise.
std::vector<RecordedRank> recorded_ranks(const EngineOptions& options, const ModelConfig& config);
/// Node of every rank: the prefill unit over all nodes, then the decode unit.
std::vector<int> node_table(const EngineOptions& options);
/// The process of each rank: every process hosts neighbours of both units. Throws Error when there
/// are more processes than ranks in a unit.
std::vector<int> rank_hosts(const EngineOptions& options, const Processes* processes);
/// Makes room for keys and values and for rows of a micro-batch smaller where there are many ranks;
/// what is left always holds some of the longest requests, and a prompt of the workload.
void fit_to_ranks(EngineOptions& options);
/// What plans of these options must fit.
PlanFrame plan_frame(const EngineOptions& options);
/// options.spare_places, made up where it is negative.
int spare_places(const EngineOptions& options, const ModelConfig& config, int slots_per_rank);

}  // namespace moescope::runtime
