// The rows of a comparison, by scope.
#pragma once

#include <vector>

#include "core/analysis/compare/compare.h"
#include "core/analysis/compare/noise.h"

namespace moescope {

/// Steps as samples of a figure: of one that was added up over them, or of one that is of a single
/// step each, which the samples are like.
struct StepSamples {
  Samples a, b;
  bool one_step = false;
};

/// Judges a row: noise, whether it is significant, and what became of it. With `samples` of its
/// figure per step by their means, or by how much single steps differ; else by kSameWithinPercent.
void judge(Difference& row, const std::optional<StepSamples>& samples = {});

/// Judges a row that was added up over all of both sides but is not known for each step: by its
/// mean per step, and as if it varied like the length of the steps does.
void judge_by_length(Difference& row, const CompareSide& a, const CompareSide& b);

/// Each adds its rows; those that are the same in both are rows too.
void add_trace_rows(const CompareSide& a, const CompareSide& b, std::vector<Difference>& rows);
void add_device_rows(const CompareSide& a, const CompareSide& b, std::vector<Difference>& rows);
void add_work_rows(const CompareSide& a, const CompareSide& b, std::vector<Difference>& rows);
void add_sm_pair_rows(const CompareSide& a, const CompareSide& b, std::vector<Difference>& rows);
void add_layer_rows(const CompareSide& a, const CompareSide& b, std::vector<Difference>& rows);
void add_step_rows(const CompareSide& a, const CompareSide& b, std::vector<Difference>& rows);
/// Means over the steps of each phase: length, compute, communication.
void add_phase_rows(const CompareSide& a, const CompareSide& b, std::vector<Difference>& rows);
/// How the work was run: SMs of communication, overlap of micro-batches, balance of the devices.
void add_setup_rows(const CompareSide& a, const CompareSide& b, std::vector<Difference>& rows);

/// Of a figure of which more is neither slow nor fast, though it is a time.
void call_more_or_less(Difference& row);

/// A row of a figure of the whole that is not judged yet.
Difference whole_row(const char* figure, FigureUnit unit);
/// A row of a time that is not judged yet.
Difference time_row(std::string scope, std::string key, const char* figure);

/// Lengths of the steps, ns.
Samples lengths_of(const TraceSteps& steps);
/// A figure of every step: summed over its devices, or of `device`.
Samples samples_of(const TraceSteps& steps, TimeNs OverlapFigures::*value,
                   const std::optional<DeviceKey>& device = {});

/// The keys of two maps, each once.
template <typename Map>
std::vector<typename Map::key_type> keys_of(const Map& a, const Map& b) {
  std::vector<typename Map::key_type> keys;
  keys.reserve(a.size() + b.size());
  for (const auto& [key, value] : a) keys.push_back(key);
  for (const auto& [key, value] : b)
    if (!a.contains(key)) keys.push_back(key);
  return keys;
}
/// The value of a key, nullptr when there is none.
template <typename Map>
const typename Map::mapped_type* find_in(const Map& map, const typename Map::key_type& key) {
  const auto it = map.find(key);
  return it == map.end() ? nullptr : &it->second;
}

/// "rank 3, GPU 0": by which devices of two traces are matched.
std::string device_key_text(const Trace& trace, const DeviceKey& key);

}  // namespace moescope
