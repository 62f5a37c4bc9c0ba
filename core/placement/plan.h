// A placement plan: which expert each physical slot of each MoE layer holds.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moescope {

/// A slot without an expert; allowed on dead GPUs only.
inline constexpr int kNoExpert = -1;

/// Bounds on what is read from files, far above any deployment.
inline constexpr int kMaxPlanLayers = 4096;
inline constexpr int kMaxPlanSlots = 1 << 18;    ///< slots of one layer
inline constexpr int kMaxPlanExperts = 1 << 16;  ///< logical experts of one layer
inline constexpr int kMaxPlanGpus = 1 << 16;

/// `physical_to_logical_map` and the machine it is for. Slots are global and
/// rank-major: slot s lives on GPU s / (slots / num_gpus), GPU g on node g /
/// (num_gpus / num_nodes).
struct Plan {
  int num_gpus = 1;
  int num_nodes = 1;
  int num_groups = 1;   ///< routing groups of consecutive experts; 1 when the model has none
  int num_experts = 0;  ///< logical experts of a layer
  std::vector<std::vector<int>> physical_to_logical;  ///< [layer][slot]
  std::vector<int> layer_ids;                         ///< model layer of each row; may be empty
  std::vector<std::vector<double>> replica_weight;    ///< [layer][slot]; may be empty
  std::vector<int> dead_gpus;                         ///< ascending; their slots hold kNoExpert

  int layers() const { return static_cast<int>(physical_to_logical.size()); }
  /// Slots of the first layer; all layers have as many in a valid plan.
  int slot_count() const {
    return layers() == 0 ? 0 : static_cast<int>(physical_to_logical.front().size());
  }
  int slots_per_gpu() const { return slot_count() / num_gpus; }
  int gpus_per_node() const { return num_gpus / num_nodes; }
  int gpu_of(int slot) const { return slot / slots_per_gpu(); }
  int node_of_gpu(int gpu) const { return gpu / gpus_per_node(); }
  bool dead(int gpu) const;
  int live_gpus() const { return num_gpus - static_cast<int>(dead_gpus.size()); }
  /// Model layer of row `layer`; the row itself when the plan names none.
  int layer_id(int layer) const {
    return layer_ids.empty() ? layer : layer_ids[static_cast<std::size_t>(layer)];
  }

  friend bool operator==(const Plan&, const Plan&) = default;
};

/// Slots of each expert in ascending order: [expert][replica].
std::vector<std::vector<int>> slots_of_experts(const std::vector<int>& row, int experts);
/// Replicas of each expert.
std::vector<int> replica_counts(const std::vector<int>& row, int experts);
/// `logical_to_physical_map` of one layer: [expert][max replicas over all
/// layers], padded with -1.
std::vector<std::vector<int>> logical_to_physical(const Plan& plan, int layer);

/// What is wrong with a plan, and where.
struct PlanProblem {
  enum class Severity { Error, Warning };
  Severity severity = Severity::Error;
  std::string kind;  ///< stable word, e.g. "missing_expert"
  int layer = -1;    ///< row of the map; -1 when it concerns the whole plan
  int slot = -1;     ///< -1 when it concerns the whole row
  std::string text;  ///< a sentence without place
};

/// A plan as far as it could be read, and all that is wrong with its form.
struct PlanReading {
  Plan plan;
  std::vector<PlanProblem> problems;
};

/// Reads the plan JSON of the command line contract. Throws Error when the text
/// is no JSON object or has no map; everything else is listed as a problem.
/// @param source name used in errors
PlanReading parse_plan(std::string_view text, const std::string& source);
/// Reads a plan file; throws Error when it is missing, too large or not a plan
/// at all.
PlanReading read_plan(const std::filesystem::path& path);
/// Reads a plan file and throws an Error that lists the problems when it is not
/// a valid plan.
Plan load_plan(const std::filesystem::path& path);
/// The plan as a JSON text of one line per layer.
std::string plan_json(const Plan& plan);
/// Writes a plan file through a temporary file, so that a reader never sees
/// half of it.
void save_plan(const Plan& plan, const std::filesystem::path& path);

/// The row that every engine starts with: experts in order, then again from the first.
std::vector<int> trivial_row(int experts, int slots);

}  // namespace moescope
