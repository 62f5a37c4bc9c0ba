// Facts that a file states beside its events.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/trace/types.h"

namespace moescope::kineto {

struct Facts {
  std::map<std::int64_t, Device> devices;  ///< by ordinal
  std::optional<int> rank;
  int world_size = 0;
  TimeNs base_time = 0;  ///< baseTimeNanoseconds
  std::string producer;
  std::map<std::string, std::string> extra;
  std::uint64_t impossible_sm_counts = 0;  ///< devices with more than kMaxSmCount
};

/// Reads top-level values (key to JSON text); broken ones are left out.
Facts read_facts(const std::map<std::string, std::string>& values);

}  // namespace moescope::kineto
