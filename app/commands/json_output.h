// JSON of analyses, in the field names of the command line contract.
#pragma once

#include <nlohmann/json.hpp>

#include "core/analysis/overlap/overlap.h"
#include "core/analysis/sm/sm_allocation.h"
#include "core/trace/trace.h"

namespace moescope {

using Json = nlohmann::ordered_json;

/// [{"reason":..., "count":N}]: events of the source that were not used, and records that the
/// recorder dropped.
Json skipped_json(const Trace& trace);
/// [{"kind":..., "process":..., "rank":..., "track":..., "begin_ns":N, "end_ns":N, "count":N,
/// "reason":...}]
Json losses_json(const Trace& trace, const std::vector<Loss>& losses);
/// Null when it does not apply.
template <typename T>
Json nullable(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}
/// The figures of one device or scope, integer nanoseconds.
Json figures_json(const OverlapFigures& figures);
Json sm_json(const SmAllocation& allocation);
/// Prints the results of one run, or of several with --separate: the documents are then combined as
/// {"schema":1,"runs":[...]}, and text has a line before each run.
class RunPrinter {
 public:
  RunPrinter(bool separate, bool json) : separate_(separate), json_(json) {}
  /// Before the text of a run.
  void begin_run(const Trace& trace);
  /// The document of a run; without --separate it is printed at once.
  void add(Json document);
  void finish() const;

 private:
  bool separate_, json_;
  int runs_ = 0;
  Json documents_ = Json::array();
};

/// Prints a document on stdout; bytes that are not UTF-8 are replaced.
void print_json(const Json& document);

}  // namespace moescope
