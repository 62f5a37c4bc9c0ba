#include "gpu/node/listener.h"

#include "core/node/metrics_text.h"

namespace moescope::runtime {

Listener::Offer::Offer(NodeService& service, Control& control, NodeFacts facts,
                       std::function<void()> stop)
    : service_(service) {
  service_.serve(control, std::move(facts), std::move(stop));
}

Listener::Offer::~Offer() {
  service_.leave();
}

Listener::Listener(const std::string& target, const PeerFiles& files)
    : server_(std::make_unique<ClusterServer>(parse_target(target), files, service_, publisher_)) {}

Listener::~Listener() {
  close(kNodeEnded);
}

std::unique_ptr<Listener::Offer> Listener::offer(Control& control, NodeFacts facts,
                                                 std::function<void()> stop) {
  return std::make_unique<Offer>(service_, control, std::move(facts), std::move(stop));
}

void Listener::offer_metrics(const std::string& address) {
  metrics_ = std::make_unique<MetricsServer>(
      address, [this] { return metrics_text(service_.status(false)); });
}

void Listener::close(const std::string& reason) {
  if (!server_) return;
  metrics_.reset();
  service_.leave();
  publisher_.end(reason);
  server_.reset();
}

}  // namespace moescope::runtime
