// RecordedLoads: builds windows of loads from rows of the tables `loads` and `plans` as they
// arrive.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/loads/load_set.h"
#include "core/progress.h"
#include "core/trace/file/moetrace_loads.h"

namespace moescope {

/// How much of a recording's loads is kept, for each unit; the oldest windows go first.
struct LoadLimits {
  std::size_t windows = kMaxLoadValues;
  std::size_t values = kMaxLoadValues;  ///< windows * layers * experts
};

/// Reads every row once, at a cost independent of the number of rows before it.
class RecordedLoads {
 public:
  /// `source` names the origin of the sets.
  explicit RecordedLoads(std::string source, LoadLimits limits = {});
  ~RecordedLoads();
  RecordedLoads(RecordedLoads&&) noexcept;

  /// A process of the recording; its name determines the unit.
  void add_process(int rank, std::string_view name);
  /// In the order of the recording.
  void add(const LoadRow& row);
  void add_plan(PlanRow row);
  bool empty() const;

  /// A set for each unit, prefill first. While the recording goes on (`growing`), incomplete
  /// windows are left out, and so are units without a complete one. Throws Error when what was
  /// recorded does not fit together.
  std::vector<LoadSet> sets(bool growing, Progress& progress);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace moescope
