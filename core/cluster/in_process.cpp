#include "core/cluster/publisher.h"
#include "core/cluster/wire/transport.h"
#include "core/error.h"
#include "core/version.h"

namespace moescope {
namespace {

class InProcessStream final : public TelemetryStream {
 public:
  explicit InProcessStream(std::unique_ptr<Subscription> subscription)
      : subscription_(std::move(subscription)) {}
  bool read(std::string& batch) override {
    auto next = subscription_->wait_next();
    if (!next) return false;
    batch = std::move(*next);
    return true;
  }
  void grant(std::uint32_t batches) override { subscription_->grant(batches); }
  void cancel() override { subscription_->cancel(); }

 private:
  std::unique_ptr<Subscription> subscription_;
};

class InProcessTransport final : public Transport {
 public:
  InProcessTransport(NodeControl& control, Publisher& publisher, PeerRole role)
      : control_(control), publisher_(publisher), role_(role) {}

  NodeHello hello() override { return {program_version(), publisher_.run(), role_}; }
  NodeStatus status(bool with_plan) override { return control_.status(with_plan); }
  PlanOutcome apply(const PlanRequest& request, const PlanListener& listener) override {
    need_operator();
    return control_.apply(request, kPeer, listener);
  }
  PlanOutcome rollback() override {
    need_operator();
    return control_.rollback(kPeer);
  }
  void report_effect(std::uint64_t ticket, const PlanEffect& effect) override {
    need_operator();
    control_.report_effect(ticket, effect);
  }
  NodeStatus configure(const NodeSettings& settings) override {
    need_operator();
    control_.configure(settings);
    return control_.status(false);
  }
  void stop() override {
    need_operator();
    control_.stop();
  }
  std::unique_ptr<TelemetryStream> subscribe(std::uint32_t credits) override {
    return std::make_unique<InProcessStream>(publisher_.subscribe(kPeer, credits));
  }

 private:
  static constexpr const char* kPeer = "in process";
  void need_operator() const {
    if (role_ != PeerRole::Operator)
      throw Error(kPeer, "", "a viewer may not change the node", "connect as an operator");
  }

  NodeControl& control_;
  Publisher& publisher_;
  PeerRole role_;
};

}  // namespace

std::shared_ptr<Transport> in_process_transport(NodeControl& control, Publisher& publisher,
                                                PeerRole role) {
  return std::make_shared<InProcessTransport>(control, publisher, role);
}

}  // namespace moescope
