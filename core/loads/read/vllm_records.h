// What vLLM writes about expert loads: counts by slot, each with the map of slots to experts.
#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/loads/files/load_budget.h"
#include "core/loads/load_set.h"

namespace moescope::load_formats {

inline constexpr const char* kVllmSnapshots = "vLLM load snapshots";

/// Collects records one by one; every window is counted with the placement of its own record.
class VllmRecords {
 public:
  using Json = nlohmann::json;
  explicit VllmRecords(LoadSet& loads) : loads_(loads) {}

  /// A line of eplb_load_stats or eplb_load_meta; others are counted and left out.
  /// @param place where it stands in the file, for errors. Throws Error.
  void add_record(const Json& record, const std::string& place);
  /// "window_expert_load", or else "latest_expert_load", with "physical_to_logical_map" and "step".
  void add_snapshot(const Json& snapshot, const std::string& place);
  /// The facts beside snapshots: "world_size", "window_size" and
  /// "num_logical_experts".
  void add_facts(const Json& facts, const std::string& place);
  /// Turns the slots into experts. Throws Error when there is no record.
  void finish();

 private:
  using Map = std::vector<std::vector<int>>;
  struct Step {
    LayerLoads load;
    std::shared_ptr<const Map> map;  ///< often that of the step before
  };
  [[noreturn]] void fail(const std::string& problem) const;
  std::optional<int> count(const Json& record, const char* key, int limit);
  void meta(const Json& record);
  void check_version(const Json& record) const;
  void add_step(const Json& record, const char* load, const char* map);
  template <typename T>
  void rows(const Json& record, const char* key, std::vector<std::vector<T>>& into);
  bool measured() const;
  void fold(const Step& step, bool measured, LoadBudget& budget);
  void add_notes();

  LoadSet& loads_;
  std::string place_;
  LoadBudget budget_{loads_.source};
  std::vector<Step> steps_;
  std::shared_ptr<const Map> map_;
  std::vector<std::int64_t> step_numbers_;  ///< of snapshots
  int window_size_ = 0;                     ///< steps that a snapshot sums; 0 when not known
  int changes_ = 0, unknown_ = 0, latest_ = 0;
};

}  // namespace moescope::load_formats
