#include "gpu/node/listener.h"

namespace moescope::runtime {

Listener::Listener(const std::string& target, PeerFiles files)
    : target_(parse_target(target)), files_(std::move(files)) {
  check_security(target_, files_);
}

Listener::~Listener() {
  close(kNodeEnded);
}

void Listener::open(Control& control, NodeFacts facts, std::function<void()> stop) {
  service_ = std::make_unique<NodeService>(control, std::move(facts), std::move(stop));
  server_ = std::make_unique<ClusterServer>(target_, files_, *service_, publisher_);
}

void Listener::close(const std::string& reason) {
  if (!server_) return;
  service_->close();
  publisher_.end(reason);
  server_.reset();
  service_.reset();
}

}  // namespace moescope::runtime
