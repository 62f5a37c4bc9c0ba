#include "core/trace/losses.h"

#include <algorithm>
#include <array>

namespace moescope {
namespace {

constexpr std::array<const char*, kLossKindCount> kWords = {
    "dropped_spans", "dropped_sm_records", "dropped_loads", "dropped_counters",
    "dropped_notes", "reduced_detail",     "disconnected"};

}  // namespace

const char* to_string(LossKind kind) {
  return kWords.at(static_cast<std::size_t>(kind));
}

std::optional<LossKind> loss_kind(std::string_view word) {
  const auto found = std::find(kWords.begin(), kWords.end(), word);
  if (found == kWords.end()) return std::nullopt;
  return static_cast<LossKind>(found - kWords.begin());
}

std::size_t LossList::add(Loss loss) {
  const Key key{loss.kind, loss.process, loss.track, loss.reason};
  const auto [last, first_of_its_kind] = last_.try_emplace(key, losses_.size());
  if (!first_of_its_kind) {
    Loss& before = losses_[last->second];
    if (losses_.size() >= limit_ || loss.when.begin <= before.when.end + kJoined) {
      before.when = {std::min(before.when.begin, loss.when.begin),
                     std::max(before.when.end, loss.when.end)};
      // A sum with an unknown part is unknown.
      before.count =
          before.count && loss.count ? std::optional(*before.count + *loss.count) : std::nullopt;
      return last->second;
    }
    last->second = losses_.size();
  }
  losses_.push_back(std::move(loss));
  return losses_.size() - 1;
}

}  // namespace moescope
