// Memory and threads that a layout needs on a host, computed before anything is allocated.
#pragma once

#include <string>

#include "gpu/engine/options.h"
#include "gpu/model/host_limits.h"

namespace moescope::runtime {

/// How the ranks of a run are spread and whether they are recorded.
struct LayoutHost {
  int processes = 1;  ///< of this host
  int hosts = 1;
  bool recorded = true;
};

/// Upper bounds for one host, bytes. Memory of one process is only taken as it is touched, so that
/// a run mostly stays well below.
struct Footprint {
  double weights = 0;   ///< of the model, once a process
  double slots = 0;     ///< experts in memory of their own: copies between processes, spare places
  double caches = 0;    ///< of keys and values
  double exchange = 0;  ///< of dispatch and combine: every rank has room for rows of every other
  double records = 0;   ///< until they are written
  double stacks = 0;
  double threads = 0;
  double memory() const { return weights + slots + caches + exchange + records + stacks; }
};

/// `slots_per_rank` in each MoE layer. The options must be possible (check_layout()).
Footprint footprint(const EngineOptions& options, const ModelConfig& config, int slots_per_rank,
                    const LayoutHost& host);

/// "4.2 GB: 0.1 GB weights, ..." for messages.
std::string to_string(const Footprint& footprint);

/// Throws Error when the layout takes more than `limits`, with the largest number of ranks that
/// fits.
void check_footprint(const EngineOptions& options, const ModelConfig& config, int slots_per_rank,
                     const LayoutHost& host, const HostLimits& limits);

/// Stack of every thread of the program, bytes.
inline constexpr double kThreadStack = 1 << 19;

}  // namespace moescope::runtime
