// Expert loads of any origin in one shape.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/loads/load_reading.h"
#include "core/placement/evaluate.h"
#include "core/placement/plan.h"
#include "core/progress.h"

namespace moescope {

/// Most counts that are kept: windows * layers * experts.
inline constexpr std::size_t kMaxLoadValues = std::size_t{1} << 27;

/// When a window of loads began and ended, ns from the trace start.
struct WindowTime {
  std::int64_t begin = 0, end = 0;
  friend bool operator==(const WindowTime&, const WindowTime&) = default;
};

/// Token counts [window][layer][expert]; a token routed to k experts counts k times.
struct LoadSet {
  std::string source;  ///< file or folder as the user named it
  std::string format;  ///< e.g. "SGLang recorder (stat)"
  std::string unit;    ///< "prefill" or "decode" where the source keeps them apart, else empty
  std::string engine;  ///< that served, as in rule_engines(); empty when the source does not say
  int experts = 0;
  std::vector<LayerLoads> windows;
  std::vector<int> layer_ids;   ///< model layer of each row; may be empty
  int dropped_layers = 0;       ///< all zero, left out by drop_dense_layers()
  bool ordered_in_time = true;  ///< windows follow one another
  std::optional<int> top_k;
  std::optional<int> num_gpus;    ///< expert-parallel ranks, when the source has them
  std::optional<int> num_nodes;   ///< that these are spread over, when the source has them
  std::optional<int> num_groups;  ///< routing groups, when the source has them
  std::vector<WindowTime> times;  ///< of each window; empty when the source has none
  /// Tokens of each GPU, [window][layer][GPU], where they were counted; else empty.
  std::vector<LayerLoads> measured;
  /// Tokens by the rank that they come from, of all windows together, where the source tells them;
  /// else empty.
  SourceLoads by_source;
  /// The placement during the recording, [layer][slot]; with several the last one.
  std::optional<std::vector<std::vector<int>>> running_map;
  Routes routes;                   ///< per token, when the source has them
  std::vector<std::string> notes;  ///< pitfalls found and how they were handled

  int layers() const { return windows.empty() ? 0 : static_cast<int>(windows.front().size()); }
};

/// Reads any load dump, recognised by content: SGLang recorder .pt and JSON, TensorRT-LLM statistic
/// folders, vLLM statistic JSONL and snapshots, {layer: {expert: tokens}}, bare tensors .pt, routes
/// as JSONL or safetensors, replies with routed experts, CSV, NPY, ESFT-style JSON, and recordings
/// (.moetrace). Of a recording with several units it takes the first and adds a note.
/// @param reading what the user specifies about ambiguous arrays Throws Error when the input is
/// none of these, damaged, empty or larger than the limits.
LoadSet read_loads(const std::filesystem::path& path, Progress& progress,
                   const LoadReading& reading = {});

/// As read_loads(), one set for each unit of a recording: prefill and decode have different loads,
/// GPUs and plans. A recording without loads is an Error.
std::vector<LoadSet> read_load_sets(const std::filesystem::path& path, Progress& progress,
                                    const LoadReading& reading = {});
/// Keeps only the sets of `unit`, "prefill" or "decode". Throws Error when there are none.
void keep_unit(std::vector<LoadSet>& sets, const std::string& source, const std::string& unit);
/// The set of one unit of a recording; as read_load_sets() and keep_unit().
LoadSet read_loads_of_unit(const std::filesystem::path& path, const std::string& unit,
                           Progress& progress, const LoadReading& reading = {});
/// Whether a .moetrace has loads. Throws Error when it is none.
bool has_recorded_loads(const std::filesystem::path& path);

/// Sum over windows [first, last).
LayerLoads sum_windows(const LoadSet& loads, int first, int last);
/// Sum over those of [first, last) that are not in [but_first, but_last), for comparison with the
/// latter: a sum that includes it would hide part of the change. All of [first, last) when nothing
/// would be left.
LayerLoads sum_windows_but(const LoadSet& loads, int first, int last, int but_first, int but_last);
/// Sum over windows [first, last) in the layers of the plan: by layer ids when both have them.
/// Throws Error when the plan has a layer that the loads lack.
LayerLoads loads_of_plan(const LoadSet& loads, const Plan& plan, int first, int last);
/// The sources of the tokens in the layers of the plan, in the same way; empty when the loads do
/// not tell them for as many ranks as the plan has.
SourceLoads sources_of_plan(const LoadSet& loads, const Plan& plan);
/// All windows in the layers of the plan, in the same way. Routes and the running map are kept when
/// the layers are the same.
LoadSet layers_of_plan(const LoadSet& loads, const Plan& plan);
/// The windows in `parts` consecutive groups of nearly equal number, each summed.
std::vector<LayerLoads> group_windows(const LoadSet& loads, int parts);
/// Adds physical counts of one layer to logical ones. Throws Error when the map does not fit.
void fold_physical(const std::vector<double>& physical, const std::vector<int>& map,
                   std::vector<double>& logical, const std::string& source);

/// Tokens of each GPU from those of its slots, which are rank-major, with the same number of slots
/// for each GPU. @pre gpus divides their number
std::vector<double> gpu_sums(std::span<const double> slots, int gpus);

/// Recorders with a row for each model layer leave the dense ones zero: drops them and keeps the
/// ids of the others, in all that is kept by layer. Does nothing when the layers already have ids.
void drop_dense_layers(LoadSet& loads);
/// "once", "3 times": for notes.
std::string times_text(int count);
/// Checks shape and values, and finds the pitfalls that all formats share. Called by all readers.
void finish_loads(LoadSet& loads);

}  // namespace moescope
