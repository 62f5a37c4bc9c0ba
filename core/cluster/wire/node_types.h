// Requests to a node as plain values; its answers are in core/node.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/analysis/serving/plan_effect.h"
#include "core/error.h"
#include "core/node/node_status.h"

namespace moescope {

/// Why a stream ends when nothing went wrong; any other reason is a failure.
inline constexpr const char* kNodeEnded = "the node ended";

/// What a peer may do. Only an operator changes anything.
enum class PeerRole : std::uint8_t { Viewer, Operator };
const char* to_string(PeerRole role);  ///< "viewer", "operator"

/// Answer to the first call of a client.
struct NodeHello {
  std::string version;               ///< of the program
  std::uint64_t run = 0;             ///< differs after every start
  PeerRole role = PeerRole::Viewer;  ///< of the client
};

struct PlanRequest {
  std::string plan_json;                    ///< in the form of plan files
  std::string name;                         ///< shown in the history
  std::optional<std::uint64_t> base_epoch;  ///< refused when another is in force; nullopt: any
  bool dry_run = false;                     ///< only check and report what would move
};

/// What may be changed while a node runs; nullopt leaves it.
struct NodeSettings {
  std::optional<bool> overlap;
  std::optional<int> workers, comm_workers;
  std::optional<std::string> workload;  ///< in the form of --workload
};

/// Called with the progress of a change of plan; returns false to abandon it.
using PlanListener = std::function<bool(const NodePlanChange&)>;

/// Thrown by a node that does not serve yet, or no longer serves.
class NotServing : public Error {
 public:
  explicit NotServing(const std::string& why) : Error("node", "", why, "Try again in a moment") {}
};

/// The interface of a node; the service calls it from several threads. Implementations throw Error
/// for requests that cannot be met and refuse plans by PlanOutcome.
class NodeControl {
 public:
  virtual ~NodeControl() = default;
  /// Throws NotServing when the node does not serve; all other calls do the same. Does not block.
  virtual void check_serving() {}
  virtual NodeStatus status(bool with_plan) = 0;
  virtual PlanOutcome apply(const PlanRequest& request, const std::string& who,
                            const PlanListener& listener) = 0;
  virtual PlanOutcome rollback(const std::string& who) = 0;
  /// Keeps what a client predicted and measured of a change, for the history. Replaces an earlier
  /// report; throws Error when there is no such change in force.
  virtual void report_effect(std::uint64_t ticket, const PlanEffect& effect) = 0;
  virtual void configure(const NodeSettings& settings) = 0;
  /// Asks the node to end; returns at once.
  virtual void stop() = 0;
};

}  // namespace moescope
