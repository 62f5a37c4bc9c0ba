// ClusterClient: asks a running node for its state and for changes.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "core/cluster/wire/node_types.h"
#include "core/cluster/wire/target.h"

namespace moescope {

class Transport;

struct ConnectOptions {
  PeerFiles files;
  /// For every call but apply, which has ten minutes.
  std::chrono::milliseconds deadline = std::chrono::seconds(5);
};

/// Thread-safe. Calls block until there is an answer or the deadline is over, so they are not for
/// the GUI thread. All throw an Error that names the target, what happened and what to do.
class ClusterClient {
 public:
  /// `target`: "unix:PATH" or "host:port". Returns when the node answered and speaks our protocol.
  static std::shared_ptr<ClusterClient> connect(const std::string& target,
                                                const ConnectOptions& options = {});
  /// Over a given transport, e.g. in process.
  ClusterClient(std::string target, std::shared_ptr<Transport> transport);

  const std::string& target() const { return target_; }
  /// Asks which node answers, and which run of it.
  NodeHello hello();
  NodeStatus status(bool with_plan = false);
  /// Checks, copies weights, commits at a step boundary and verifies. A refusal is not an Error but
  /// an outcome that is not done. `listener` is called on this thread; when it returns false the
  /// change is abandoned unless it is already committed.
  PlanOutcome apply(const PlanRequest& request, const PlanListener& listener = {});
  /// Back to the plan before the last applied one.
  PlanOutcome rollback();
  /// Stores what was predicted and measured of a change in force in the history of the node, where
  /// all clients see it.
  void report_effect(std::uint64_t ticket, const PlanEffect& effect);
  /// Returns the state after the change.
  NodeStatus configure(const NodeSettings& settings);
  /// Asks the node to end.
  void stop();

  /// For LiveSource.
  Transport& transport() { return *transport_; }

 private:
  std::string target_;
  std::shared_ptr<Transport> transport_;
};

}  // namespace moescope
