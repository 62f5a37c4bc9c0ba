// Metadata, counters and asynchronous events of a file.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/import/kineto/collect.h"

namespace moescope::kineto {

struct RareSpan {
  TimeNs start = 0, duration = 0;
  std::string name, pid, track, args;
  SpanKind kind = SpanKind::Other;
};

struct RareCounter {
  std::string pid, name;
  std::vector<TimeNs> times;
  std::vector<double> values;
};

struct RareEvents {
  std::vector<RareSpan> spans;
  std::vector<RareCounter> counters;
  std::map<std::string, std::string> process_names;                         ///< by pid
  std::map<std::pair<std::string, std::string>, std::string> thread_names;  ///< by pid, tid
  std::map<std::string, std::uint64_t> skipped;

  std::string process_name(const std::string& pid) const;
  std::string thread_name(const std::string& pid, const std::string& tid) const;
};

/// Takes the rare events of all blocks: reads names, pairs asynchronous begins and ends, collects
/// counters in order of time.
RareEvents sort_out_rare(std::vector<BlockEvents>& blocks);

}  // namespace moescope::kineto
