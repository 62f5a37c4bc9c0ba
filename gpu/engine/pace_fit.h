// Fitting links to the machine: virtual ranks share its cores, so real link rates would be too fast
// to matter relative to compute.
#pragma once

#include <string>

#include "gpu/comm/links/link_rates.h"
#include "gpu/engine/unit/unit.h"

namespace moescope::runtime {

struct PaceFit {
  LinkRates rates;
  double compute_ms = 0;  ///< compute of a rank in a trial step
  double links_ms =
      0;  ///< time that a rank waits for links in a trial step, with about the final rates
};

/// The unit's links. Throws Error where it has none that could be paced.
LinkControl& paceable_links(Unit& unit);

/// Between steps of a unit with paceable links: runs steps of random tokens, one part at a time,
/// and finds link rates with which communication takes as long as everything else, IB at a third of
/// NVLink. Sets them; the steps leave no trace. Takes about a second on a small machine.
PaceFit fit_links(Unit& unit, const ModelConfig& config);

/// With more ranks the trial steps would take too long at start-up: links without given rates are
/// then not paced.
inline constexpr int kMostFittedRanks = 64;

/// The links of both units for recordings and status; empty when they are not paced.
std::string links_text(const PaceOption& pace, Unit& prefill, Unit& decode);

/// An equal share of the cores of this machine for each of `ranks`.
double fair_cores(int ranks);

}  // namespace moescope::runtime
