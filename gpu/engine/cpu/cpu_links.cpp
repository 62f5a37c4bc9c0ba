// Paced links and shares of cores of a unit, and what its ranks do in trial steps.
#include <algorithm>

#include "gpu/engine/cpu/cpu_unit.h"

namespace moescope::runtime {

void CpuUnit::set_rates(const LinkRates& rates) {
  send_value(UnitCommand::Links, rates);
  shared_.links->set_rates(rates);
}

void CpuUnit::set_rank_cores(double cores) {
  send_value(UnitCommand::Cores, cores);
  apply_rank_cores(cores);
}

void CpuUnit::apply_rank_cores(double cores) {
  rank_cores_ = cores;
  shared_.worker_cores = cores / granted_.workers;
  if (shared_.worker_cores >= 1) shared_.worker_cores = 0;  // no worker is faster than a core
}

void CpuUnit::set_trial(bool trial) {
  send_value(UnitCommand::Trial, trial);
  apply_trial(trial);
}

void CpuUnit::apply_trial(bool trial) {
  shared_.trial = trial;
  if (!trial) steps_ = 0;
}

LinkControl::TrialTimes CpuUnit::trial_times() const {
  const double each = 1e-6 / static_cast<double>(std::max<std::size_t>(ranks_.size(), 1));
  const auto computed = [&](StreamId stream) {
    return each * static_cast<double>(shared_.computed[static_cast<std::size_t>(stream)]);
  };
  return {each * static_cast<double>(shared_.links->slept()), computed(StreamId::Compute),
          computed(StreamId::Experts)};
}

Departure CpuUnit::depart(int rank, Link link, std::size_t bytes, std::int64_t time) {
  return shared_.links->depart(rank, link, bytes, time);
}

std::int64_t CpuUnit::arrive(int rank, const Departure& departure) {
  return shared_.links->arrive(rank, departure);
}

}  // namespace moescope::runtime
