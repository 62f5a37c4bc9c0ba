#include "core/analysis/serving/plan_flips.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace moescope {
namespace {

/// Where the runtime records the stages of its changes.
constexpr std::string_view kPlanTrack = "plan changes";

/// What the spans of one ticket say.
struct Change {
  TimeRange range;
  std::uint64_t epoch = 0;
  bool begun = false, verified = false;
  std::optional<TimeNs> commit;       ///< of its first stage
  std::optional<TimeNs> rolled_back;  ///< after it was in force
};
using Changes = std::map<std::uint64_t, Change>;

void add(Changes& changes, const Span& span, std::string_view name, std::string_view args) {
  const auto json = nlohmann::json::parse(args, nullptr, false);
  if (!json.is_object()) return;
  const auto ticket = json.find("ticket"), epoch = json.find("epoch");
  if (ticket == json.end() || !ticket->is_number_unsigned() || epoch == json.end() ||
      !epoch->is_number_unsigned())
    return;
  Change& change = changes[ticket->get<std::uint64_t>()];
  change.range.begin = change.begun ? std::min(change.range.begin, span.start) : span.start;
  change.begun = true;
  if (name == "plan rollback" && change.verified) {
    change.rolled_back = span.start;
    return;
  }
  change.range.end = std::max(change.range.end, span.end());
  if (name == "plan commit" && !change.commit) change.commit = span.start;
  if (name != "plan verify") return;
  change.verified = true;
  change.epoch = epoch->get<std::uint64_t>();
}

bool tells_of_plans(std::string_view name) {
  return name == "plan prepare" || name == "plan commit" || name == "plan verify" ||
         name == "plan rollback";
}

Changes changes_of(const Trace& trace) {
  Changes changes;
  for (TrackId track = 0; track < trace.tracks().size(); ++track) {
    if (trace.tracks()[track].name != kPlanTrack) continue;
    trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t) {
      std::vector<std::string> args;
      for (std::size_t row = 0; row < chunk.size(); ++row) {
        const Span span = chunk.columns().at(row);
        const std::string_view name = trace.strings()[span.name];
        if (!tells_of_plans(name)) continue;
        if (args.empty()) args = chunk.args().rows();
        if (row < args.size()) add(changes, span, name, args[row]);
      }
      return true;
    });
  }
  return changes;
}

}  // namespace

std::vector<PlanFlip> plan_flips(const Trace& trace) {
  const Changes changes = changes_of(trace);
  std::vector<PlanFlip> flips;
  for (const auto& [ticket, change] : changes) {
    if (!change.verified) continue;
    PlanFlip flip{ticket, change.epoch, change.range, change.commit.value_or(change.range.begin),
                  trace.range()};
    TimeRange& free = flip.undisturbed;
    if (change.rolled_back) free.end = *change.rolled_back;
    for (const auto& [other_ticket, other] : changes) {
      if (other_ticket == ticket) continue;
      if (other.range.begin >= change.range.end)
        free.end = std::min(free.end, other.range.begin);
      else
        free.begin = std::max(free.begin, other.range.end);
    }
    flips.push_back(flip);
  }
  std::stable_sort(flips.begin(), flips.end(), [](const PlanFlip& a, const PlanFlip& b) {
    return a.change.begin < b.change.begin;
  });
  return flips;
}

std::optional<BeforeAfter> around(const PlanFlip& flip) {
  const TimeNs free = flip.change.begin - flip.undisturbed.begin;
  const bool copying = free < flip.commit - flip.change.begin;
  const TimeNs flipped = copying ? flip.commit : flip.change.begin;
  const TimeNs length =
      std::min(flipped - flip.undisturbed.begin, flip.undisturbed.end - flip.change.end);
  if (length <= 0) return std::nullopt;
  return BeforeAfter{
      {flipped - length, flipped}, {flip.change.end, flip.change.end + length}, copying};
}

}  // namespace moescope
