#include "gpu/engine/pace_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

#include "core/error.h"

namespace moescope::runtime {
namespace {

constexpr int kSequenceRows = 16;
constexpr int kPrefillRows = 16, kDecodeRows = 8;  ///< of a rank in a micro-batch
constexpr int kRounds = 2;                         ///< of trying links, each closer than before
constexpr int kSteps = 2;                          ///< of a round
constexpr double kFirstRate = 20e6;                ///< of NVLink, bytes per second
/// Ratio of waiting for links to compute in trial steps, whose ranks have equal work. In serving,
/// waiting for other ranks adds to it, so that both together take about as long as compute.
constexpr double kLinksOverCompute = 0.45;

/// The same batch for every attention group, in pages that it gives back.
class TrialBatch {
 public:
  TrialBatch(Unit& unit, const ModelConfig& config) : unit_(unit) {
    const bool prefill = unit.options().kind == UnitKind::Prefill;
    const int most = prefill ? kPrefillRows : kDecodeRows;
    const int rows = unit.options().tp * std::min(most, unit.options().max_tokens);
    const int length = prefill ? std::min({kSequenceRows, unit.options().max_positions, rows}) : 1;
    inputs_.resize(static_cast<std::size_t>(unit.groups()));
    const int sequences = unit.options().micro_batches * (rows / length);
    for (int group = 0; group < unit.groups(); ++group)
      for (int i = 0; i < sequences && add(group, i, length, config); ++i) {
      }
  }
  TrialBatch(const TrialBatch&) = delete;
  TrialBatch& operator=(const TrialBatch&) = delete;
  ~TrialBatch() {
    for (auto& [group, sequence] : sequences_) unit_.pages(group).release(*sequence);
  }
  void step() { unit_.step(inputs_); }

 private:
  /// False when there are no more pages.
  bool add(int group, int index, int length, const ModelConfig& config) {
    auto sequence = std::make_unique<KvSequence>();
    if (!unit_.pages(group).reserve(*sequence, length)) return false;
    MicroBatch& batch = inputs_[static_cast<std::size_t>(group)]
                            .micro_batches[index % unit_.options().micro_batches];
    for (int position = 0; position < length; ++position)
      batch.add((group * 97 + index * 31 + position * 7) % config.vocab, sequence.get(), position,
                static_cast<std::uint64_t>(group * 1000 + index));
    sequences_.emplace_back(group, std::move(sequence));
    return true;
  }

  Unit& unit_;
  std::vector<std::pair<int, std::unique_ptr<KvSequence>>> sequences_;
  std::vector<RankInput> inputs_;
};

/// Of a step, on average.
LinkControl::TrialTimes times_of(const LinkControl& links, TrialBatch& batch, int steps) {
  const LinkControl::TrialTimes before = links.trial_times();
  for (int i = 0; i < steps; ++i) batch.step();
  const LinkControl::TrialTimes after = links.trial_times();
  return {(after.links - before.links) / steps, (after.attention - before.attention) / steps,
          (after.experts - before.experts) / steps};
}

LinkRates rates_of(double nvlink) {
  return {nvlink, nvlink / kNvlinkOverIb, kLinkLatency};
}

}  // namespace

LinkControl& paceable_links(Unit& unit) {
  if (LinkControl* links = unit.links()) return *links;
  throw Error("links", "", "cannot be paced when ranks on several hosts share no memory",
              "use --pace off");
}

PaceFit fit_links(Unit& unit, const ModelConfig& config) {
  LinkControl& links = paceable_links(unit);
  const bool overlap = unit.options().overlap;
  links.set_trial(true);
  unit.set_overlap(false);
  links.set_rates({});
  PaceFit fit;
  {
    TrialBatch batch(unit, config);
    batch.step();  // first touch of memory and threads
    double nvlink = kFirstRate;
    for (int round = 0; round < kRounds; ++round) {
      links.set_rates(rates_of(nvlink));
      const LinkControl::TrialTimes times = times_of(links, batch, kSteps);
      fit.compute_ms = times.attention + times.experts;
      fit.links_ms = times.links;
      nvlink *= std::clamp(fit.links_ms / (kLinksOverCompute * fit.compute_ms), 0.01, 100.0);
      // Where attention takes longest, all else of the other micro-batch goes beside it.
      unit.set_order(times.attention >= times.experts + kLinksOverCompute * fit.compute_ms
                         ? DecodeOrder::AttentionAgainstRest
                         : DecodeOrder::PartByPart);
    }
    fit.rates = rates_of(nvlink);
    links.set_rates(fit.rates);
  }
  unit.set_overlap(overlap);
  links.set_trial(false);
  return fit;
}

double fair_cores(int ranks) {
  return std::max(std::thread::hardware_concurrency(), 1U) / static_cast<double>(ranks);
}

std::string links_text(const PaceOption& pace, Unit& first, Unit& second) {
  if (first.links() == nullptr || second.links() == nullptr) return "";
  const LinkRates prefill = first.links()->rates(), decode = second.links()->rates();
  if (!prefill.paced()) return "";
  const std::string rates =
      prefill == decode ? rates_text(prefill)
                        : "prefill " + rates_text(prefill) + "; decode " + rates_text(decode);
  return fmt::format("{}{}; a rank computes with {:.3g} cores", rates,
                     pace.mode == PaceOption::Mode::Fit ? " (fitted to this machine)" : "",
                     first.links()->rank_cores());
}

}  // namespace moescope::runtime
