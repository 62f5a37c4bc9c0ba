// SGLang's replica rule "static", slot for slot.
//
// Source: sgl-project/sglang, python/sglang/srt/eplb/expert_location.py of 0.5.23
// (_compute_logical_to_all_physical_map, compute_logical_to_rank_dispatch_physical_map,
// _find_nearest_expert, _fair_choices), run with an all-to-all backend.
#pragma once

#include <memory>
#include <vector>

#include "core/placement/plan.h"
#include "core/placement/rules/python_random.h"

namespace moescope {

/// Each rank draws for all of them, so that the work grows with the square of their number.
inline constexpr int kMostStaticGpus = 1024;

/// The replica that SGLang calls the nearest for tokens of `gpu`: the only one; the lowest slot on
/// that GPU; the lowest on its node when the node holds some, but not all. -1 when there is none.
/// @param slots of the expert, ascending
int nearest_slot(const std::vector<int>& slots, int gpu, int slots_per_gpu, int gpus_per_node);

/// Every rank decides for itself, with a generator of the same seed that goes through layers and
/// experts in order. For an expert with a nearest replica it draws nothing; for others it makes the
/// choices of all ranks without one and takes its own. The generators of ranks that skip different
/// experts read the same numbers from different places, so that their choices do not fit together.
class SglangStatic {
 public:
  SglangStatic(int gpus, int nodes);

  /// A draw for an expert: the replica of each rank in `ranks`, by number, as a generator at
  /// `place` makes it.
  /// @param out [ranks] index of the replica in the order of its slots
  void draw(int replicas, int ranks, std::size_t& place, std::vector<int>& out);

  /// Goes through the next row. @param choice [rank][expert] slot, resized; -1 for an expert
  /// without one
  void add_row(const std::vector<int>& row, int experts, std::vector<std::vector<int>>& choice);

  /// Where the generator of each rank stands.
  const std::vector<std::size_t>& places() const { return places_; }
  void set_places(std::vector<std::size_t> places) { places_ = std::move(places); }

 private:
  struct Made {  ///< choices of a generator that stood at `before`
    std::size_t before, after;
    std::vector<int> choices;
  };
  void choose(const std::vector<int>& slots, std::size_t expert, int slots_per_gpu,
              std::vector<std::vector<int>>& choice);

  int gpus_, gpus_per_node_;
  PythonRandom random_;
  std::vector<std::size_t> places_;
  std::vector<Made> made_;
  std::vector<int> drawing_;
};

/// The rows that SGLang sees of a plan: all layers of the model up to the last one of the plan,
/// with the trivial placement in those that are not in the plan. Each with the plan's row, -1 for a
/// trivial one.
struct SglangRow {
  int layer;
  std::vector<int> row;
};
std::vector<SglangRow> sglang_rows(const Plan& plan);

}  // namespace moescope
