#include "gpu/node/room.h"

#include <pthread.h>

#include "gpu/engine/footprint.h"
#include "gpu/engine/layout.h"

namespace moescope::runtime {

void check_room(const Backend& backend, EngineOptions& options, const ModelConfig& config,
                const std::optional<Placement>& placement, const Processes* processes,
                bool recorded) {
  fit_to_ranks(options);
  LayoutHost host;
  host.recorded = recorded;
  if (processes != nullptr) {
    host.hosts = processes->hosts();
    host.processes = (processes->size() + host.hosts - 1) / host.hosts;
  }
  const int slots =
      placement ? placement->slots_per_rank() : slots_per_rank(config, plan_frame(options));
  backend.check_room(options, config, slots, host);
}

void bound_stacks() {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return;
  if (pthread_attr_setstacksize(&attributes, static_cast<std::size_t>(kThreadStack)) == 0)
    pthread_setattr_default_np(&attributes);
  pthread_attr_destroy(&attributes);
}

}  // namespace moescope::runtime
