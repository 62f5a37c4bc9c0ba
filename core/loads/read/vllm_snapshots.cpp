// Snapshots of loads that vLLM's EPLB state dumps as one JSON document per model, read one
// snapshot at a time.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/loads/read/formats.h"
#include "core/loads/read/vllm_records.h"

namespace moescope::load_formats {
namespace {

using SnapshotJson = nlohmann::json;

/// Values of one snapshot, counts and map together: several times those of any model.
constexpr std::size_t kMaxSnapshotValues = std::size_t{1} << 23;

/// Takes the elements of "snapshots" as they end and drops them from the document.
class SnapshotFilter {
 public:
  SnapshotFilter(VllmRecords& records, const std::string& source, Progress& progress)
      : records_(records), source_(source), progress_(progress) {}

  bool operator()(int depth, SnapshotJson::parse_event_t event, SnapshotJson& parsed) {
    using Event = SnapshotJson::parse_event_t;
    if (event == Event::key && depth == 1) key_ = parsed.get_ref<const std::string&>();
    if (++values_ > kMaxSnapshotValues)
      throw Error(source_, place(), "has more values than a snapshot of loads needs");
    if (depth != 2 || key_ != "snapshots") return true;
    if (event != Event::object_end && event != Event::array_end && event != Event::value)
      return true;
    progress_.check();
    if (event != Event::object_end)
      throw Error(source_, place(), "is not an object", "Expected a list of snapshots");
    records_.add_snapshot(parsed, place());
    ++count_;
    values_ = 0;
    return false;
  }

 private:
  std::string place() const { return fmt::format("snapshot {}", count_); }

  VllmRecords& records_;
  const std::string& source_;
  Progress& progress_;
  std::string key_;
  std::size_t count_ = 0, values_ = 0;
};

}  // namespace

LoadSet read_vllm_snapshots(std::string_view text, const std::string& source, Progress& progress) {
  LoadSet loads;
  loads.source = source;
  loads.format = kVllmSnapshots;
  VllmRecords records(loads);
  try {
    SnapshotFilter filter(records, source, progress);
    const auto facts = SnapshotJson::parse(text, std::ref(filter));
    records.add_facts(facts, "");
    records.finish();
  } catch (const SnapshotJson::exception& error) {
    throw Error(source, "", fmt::format("is no valid document of snapshots ({})", error.what()),
                "NaN and cut off files are not read");
  }
  finish_loads(loads);
  return loads;
}

}  // namespace moescope::load_formats
