// Control of the paced links of a unit, whose ranks share a machine but behave like GPUs of one
// speed with links between them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "gpu/comm/links/link_rates.h"
#include "gpu/comm/links/paced_links.h"

namespace moescope::runtime {

/// Settings change between steps.
class LinkControl {
 public:
  virtual ~LinkControl() = default;

  /// Rates of the links; without rates transfers take as long as copying.
  virtual void set_rates(const LinkRates& rates) = 0;
  virtual LinkRates rates() const = 0;
  /// Each rank computes with `cores` of a processor's cores, spread evenly over its workers: work
  /// that a core finished faster lasts as long as the rank's share would have taken, so that ranks
  /// that share cores look like GPUs of one speed. 0: not limited.
  virtual void set_rank_cores(double cores) = 0;
  virtual double rank_cores() const = 0;

  /// The next steps are counted and recorded nowhere; afterwards steps count from 0.
  virtual void set_trial(bool trial) = 0;
  /// Mean times of a rank of this process in trial steps so far, ms: waiting for links, attention
  /// and related work, experts. Hardly affected by other load on the machine.
  struct TrialTimes {
    double links = 0, attention = 0, experts = 0;
  };
  virtual TrialTimes trial_times() const = 0;

  /// `bytes` leave a rank of the address space at `time` (ns of the steady clock), beside what
  /// steps send, and come to one of this unit.
  virtual Departure depart(int rank, Link link, std::size_t bytes, std::int64_t time) = 0;
  /// When the last byte of what left is there; 0 when links are not paced.
  virtual std::int64_t arrive(int rank, const Departure& departure) = 0;
};

}  // namespace moescope::runtime
