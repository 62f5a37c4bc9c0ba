// Links that fit the machine: virtual ranks share its cores, so links as fast as real ones would be
// done at once, and none as slow would leave anything to hide.
#pragma once

#include <string>

#include "gpu/comm/links/link_rates.h"
#include "gpu/engine/unit/unit.h"

namespace moescope::runtime {

struct PaceFit {
  LinkRates rates;
  double compute_ms = 0;  ///< what a rank computes in a step that was tried
  double links_ms = 0;    ///< what a rank waits for links in one when they are about the found ones
};

/// The unit's links. Throws Error where it has none that could be paced.
LinkControl& paceable_links(Unit& unit);

/// Between steps of a unit with paceable links: runs steps of made-up tokens, one part at a time,
/// and finds links over which communication takes as long as all else, IB at a third of NVLink.
/// Sets them; nothing of the steps stays. Takes about a second on a small machine.
PaceFit fit_links(Unit& unit, const ModelConfig& config);

/// With more ranks the steps that are tried take longer than a start may: links that nobody states
/// are not paced then.
inline constexpr int kMostFittedRanks = 64;

/// The links of both units for recordings and status; empty when they are not paced.
std::string links_text(const PaceOption& pace, Unit& prefill, Unit& decode);

/// An equal share of the cores of this machine for each of `ranks`.
double fair_cores(int ranks);

}  // namespace moescope::runtime
