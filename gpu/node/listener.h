// What a node offers to clients while it serves: its recording as a stream, and its control.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/cluster/publisher.h"
#include "core/cluster/server.h"
#include "core/cluster/target.h"
#include "gpu/node/service.h"

namespace moescope::runtime {

class Listener {
 public:
  /// Throws Error when `target` is none, or lacks the files that it needs.
  Listener(const std::string& target, PeerFiles files);
  ~Listener();

  /// Where the recording goes; viewers that come later get its definitions first.
  RecordingSink& recording() { return publisher_; }
  /// Listens from here on; `control` outlives close(). `stop` is called when a client asks the
  /// node to end. Throws Error when the address cannot be listened on.
  void open(Control& control, NodeFacts facts, std::function<void()> stop);
  /// As clients name it, with the real port.
  std::string address() const { return server_->address(); }
  /// Viewers get the rest of the recording and `reason`, calls that wait return.
  void close(const std::string& reason);

 private:
  NodeTarget target_;
  PeerFiles files_;
  Publisher publisher_;
  std::unique_ptr<NodeService> service_;
  std::unique_ptr<ClusterServer> server_;
};

}  // namespace moescope::runtime
