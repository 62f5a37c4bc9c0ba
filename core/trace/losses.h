// What is missing from a recording: dropped records, reduced detail, and gaps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/trace/types.h"

namespace moescope {

enum class LossKind : std::uint8_t {
  DroppedSpans,
  DroppedSmRecords,  ///< which SM, or worker, ran which block
  DroppedLoads,
  DroppedCounters,
  DroppedNotes,
  ReducedDetail,  ///< less was recorded on purpose, e.g. summaries instead of spans
  Disconnected,   ///< the connection was lost: nothing was received in this time
};
inline constexpr int kLossKindCount = static_cast<int>(LossKind::Disconnected) + 1;
/// Word in files and in JSON: "dropped_spans", "reduced_detail", ...
const char* to_string(LossKind kind);
/// The kind that `word` names; nullopt when none does.
std::optional<LossKind> loss_kind(std::string_view word);

/// Something that is missing, fully or partly, from the recording.
struct Loss {
  LossKind kind = LossKind::DroppedSpans;
  std::optional<ProcessId> process;  ///< whose records; nullopt: of any process
  std::optional<TrackId> track;      ///< where they would be; nullopt: on any track of the process
  TimeRange when;  ///< contains everything that was lost; other records in it may exist
  std::optional<std::uint64_t> count;  ///< records that were lost; nullopt where unknown
  std::string reason;                  ///< for the user: "the ring of the recorder was full"
  friend bool operator==(const Loss&, const Loss&) = default;
};

/// A bounded list of losses: one that closely follows another of the same kind, place and reason
/// extends it. Beyond `limit` rows even distant ones are joined, so that a recorder that drops for
/// hours does not fill its file with reports.
class LossList {
 public:
  static constexpr TimeNs kJoined = 250'000'000;  ///< ns between two losses that become one
  explicit LossList(std::size_t limit = 10'000) : limit_(limit) {}

  /// Returns the index of the row that was added or extended.
  std::size_t add(Loss loss);
  const std::vector<Loss>& all() const { return losses_; }

 private:
  using Key = std::tuple<LossKind, std::optional<ProcessId>, std::optional<TrackId>, std::string>;
  std::size_t limit_;
  std::vector<Loss> losses_;
  std::map<Key, std::size_t> last_;  ///< newest row of each kind, place and reason
};

}  // namespace moescope
