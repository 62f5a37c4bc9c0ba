// Transport to a node: over gRPC, or in process for tests.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "core/cluster/wire/node_types.h"
#include "core/cluster/wire/target.h"
#include "core/error.h"

namespace moescope {

class Publisher;

/// The connection broke, could not be made, or the node does not answer; a retry may succeed.
class ConnectionError : public Error {
 public:
  ConnectionError(const Error& error, bool gone) : Error(error), gone_(gone) {}
  /// Nobody listens there any more.
  bool gone() const noexcept { return gone_; }

 private:
  bool gone_;
};

/// The node is there, but does not serve yet.
class NodeStarting : public ConnectionError {
 public:
  explicit NodeStarting(const Error& error) : ConnectionError(error, false) {}
};

/// Batches of telemetry from one node, see core/cluster/wire/batch.h. One thread reads.
class TelemetryStream {
 public:
  virtual ~TelemetryStream() = default;
  /// Waits for the next batch; false when the stream ended. Throws ConnectionError.
  virtual bool read(std::string& batch) = 0;
  /// Lets the node send `batches` more.
  virtual void grant(std::uint32_t batches) = 0;
  /// Ends a waiting read(), from any thread.
  virtual void cancel() = 0;
};

/// Safe from several threads. Every call ends within a deadline. Failures are Errors with a remedy;
/// a ConnectionError when a retry may succeed.
class Transport {
 public:
  virtual ~Transport() = default;
  /// Negotiates the protocol. Throws Error when there is no node or it speaks another version.
  virtual NodeHello hello() = 0;
  virtual NodeStatus status(bool with_plan) = 0;
  virtual PlanOutcome apply(const PlanRequest& request, const PlanListener& listener) = 0;
  virtual PlanOutcome rollback() = 0;
  virtual void report_effect(std::uint64_t ticket, const PlanEffect& effect) = 0;
  virtual NodeStatus configure(const NodeSettings& settings) = 0;
  virtual void stop() = 0;
  /// Starts with `credits` granted.
  virtual std::unique_ptr<TelemetryStream> subscribe(std::uint32_t credits) = 0;
};

/// Calls `control` and `publisher` directly; both outlive it.
std::shared_ptr<Transport> in_process_transport(NodeControl& control, Publisher& publisher,
                                                PeerRole role = PeerRole::Operator);

/// gRPC to `target`, control and telemetry on channels of their own. Connects with the first call.
std::shared_ptr<Transport> grpc_transport(const NodeTarget& target, const PeerSecrets& secrets,
                                          std::chrono::milliseconds deadline);

}  // namespace moescope
