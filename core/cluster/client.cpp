#include "core/cluster/client.h"

#include <thread>

#include "core/cluster/wire/transport.h"

namespace moescope {

const char* to_string(PeerRole role) {
  return role == PeerRole::Operator ? "operator" : "viewer";
}

namespace {

/// How long a node that loads its model is waited for, in deadlines of a call.
constexpr int kStartDeadlines = 4;
constexpr auto kStartPause = std::chrono::milliseconds(200);

/// Asks who answers. The address of a node is there before it serves.
void wait_for_node(ClusterClient& client, std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    try {
      client.hello();
      return;
    } catch (const NodeStarting&) {
      if (std::chrono::steady_clock::now() > end) throw;
    }
    std::this_thread::sleep_for(kStartPause);
  }
}

}  // namespace

std::shared_ptr<ClusterClient> ClusterClient::connect(const std::string& target,
                                                      const ConnectOptions& options) {
  const NodeTarget parsed = parse_target(target);
  check_security(parsed, options.files);
  auto client = std::make_shared<ClusterClient>(
      target, grpc_transport(parsed, read_secrets(options.files), options.deadline));
  wait_for_node(*client, options.deadline * kStartDeadlines);
  return client;
}

ClusterClient::ClusterClient(std::string target, std::shared_ptr<Transport> transport)
    : target_(std::move(target)), transport_(std::move(transport)) {}

NodeHello ClusterClient::hello() {
  return transport_->hello();
}
NodeStatus ClusterClient::status(bool with_plan) {
  return transport_->status(with_plan);
}
PlanOutcome ClusterClient::apply(const PlanRequest& request, const PlanListener& listener) {
  return transport_->apply(request, listener);
}
PlanOutcome ClusterClient::rollback() {
  return transport_->rollback();
}
void ClusterClient::report_effect(std::uint64_t ticket, const PlanEffect& effect) {
  transport_->report_effect(ticket, effect);
}
NodeStatus ClusterClient::configure(const NodeSettings& settings) {
  return transport_->configure(settings);
}
void ClusterClient::stop() {
  transport_->stop();
}

}  // namespace moescope
