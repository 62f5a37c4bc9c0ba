// What a node offers to clients while it serves: its recording as a stream, and its control.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/cluster/grpc/server.h"
#include "core/cluster/prometheus/metrics_server.h"
#include "core/cluster/publisher.h"
#include "core/cluster/wire/target.h"
#include "gpu/node/service.h"

namespace moescope::runtime {

/// Lives longer than the engine that it offers.
class Listener {
 public:
  /// Binds the address; clients get the answer that the node is starting. Throws Error when
  /// `target` is none, lacks the files that it needs, or cannot be listened on: before anything
  /// large is loaded.
  Listener(const std::string& target, const PeerFiles& files);
  ~Listener();

  /// Where the recording goes; viewers that come later get its definitions first.
  RecordingSink& recording() { return publisher_; }

  /// Lets clients ask `control` as long as it lives.
  class [[nodiscard]] Offer {
   public:
    Offer(NodeService& service, Control& control, NodeFacts facts, std::function<void()> stop);
    ~Offer();
    Offer(const Offer&) = delete;
    Offer& operator=(const Offer&) = delete;

   private:
    NodeService& service_;
  };
  /// `stop` is called when a client asks the node to end. The offer ends before `control` does.
  std::unique_ptr<Offer> offer(Control& control, NodeFacts facts, std::function<void()> stop);

  /// Offers the figures of status to Prometheus at `address`, a port of the loopback interface.
  /// Throws Error when it is none or cannot be listened on.
  void offer_metrics(const std::string& address);

  /// As clients name it, with the real port.
  std::string address() const { return server_->address(); }
  /// Where Prometheus finds the figures; empty: nowhere.
  std::string metrics_address() const { return metrics_ ? metrics_->address() : ""; }
  /// What an operator should see to.
  std::vector<std::string> notices() const { return server_->notices(); }
  /// Viewers get the rest of the recording and `reason`; no client is answered afterwards.
  void close(const std::string& reason);

 private:
  Publisher publisher_;
  NodeService service_;
  std::unique_ptr<ClusterServer> server_;
  std::unique_ptr<MetricsServer> metrics_;
};

}  // namespace moescope::runtime
