// RecordedLoads: rows of the tables `loads` and `plans`, as they come, become windows of loads.
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

/// Every row is looked at once; what one costs does not depend on how many there were before.
class RecordedLoads {
 public:
  /// `source` is what the sets are said to come from.
  explicit RecordedLoads(std::string source, LoadLimits limits = {});
  ~RecordedLoads();
  RecordedLoads(RecordedLoads&&) noexcept;

  /// A process of the recording; the units are told apart by its name.
  void add_process(int rank, std::string_view name);
  /// In the order of the recording.
  void add(const LoadRow& row);
  void add_plan(PlanRow row);
  bool empty() const;

  /// A set for each unit, prefill first. While the recording goes on, `growing`, the newest window
  /// of a unit may not be whole yet: it is left out then, and a unit without a whole window too.
  /// Throws Error when what was recorded does not fit together.
  std::vector<LoadSet> sets(bool growing, Progress& progress);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace moescope
