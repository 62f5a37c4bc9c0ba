// A node that stops answering is found again by its viewer; one that is gone is lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/trace/file/moetrace.h"
#include "tests/support/fake_node.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using std::chrono::milliseconds;
using test::eventually;
using testing::HasSubstr;

/// A node that can be cut off, as a stopped process is, or gone for good.
class CuttableTransport final : public Transport {
 public:
  CuttableTransport(NodeControl& control, Publisher& publisher)
      : inner_(in_process_transport(control, publisher)), publisher_(publisher) {}
  NodeHello hello() override {
    ++attempts;
    if (cut) throw lost();
    return inner_->hello();
  }
  NodeStatus status(bool with_plan) override { return inner_->status(with_plan); }
  PlanOutcome apply(const PlanRequest& r, const PlanListener& l) override {
    return inner_->apply(r, l);
  }
  PlanOutcome rollback() override { return inner_->rollback(); }
  void report_effect(std::uint64_t t, const PlanEffect& e) override { inner_->report_effect(t, e); }
  NodeStatus configure(const NodeSettings& s) override { return inner_->configure(s); }
  void stop() override { inner_->stop(); }
  std::unique_ptr<TelemetryStream> subscribe(std::uint32_t credits) override {
    return std::make_unique<Stream>(*this, publisher_.subscribe("viewer", credits));
  }
  void cut_off() {
    cut = true;
    end_subscription();
  }
  void end_subscription() {
    std::lock_guard lock(mutex_);
    if (current_ != nullptr) current_->cancel();
  }

  std::atomic<bool> cut{false}, gone{false};
  std::atomic<int> attempts{0};

 private:
  ConnectionError lost() const {
    return {Error("node", "", gone ? "nobody listens" : "did not answer"), gone};
  }
  class Stream final : public TelemetryStream {
   public:
    Stream(CuttableTransport& owner, std::unique_ptr<Subscription> subscription)
        : owner_(owner), subscription_(std::move(subscription)) {
      std::lock_guard lock(owner_.mutex_);
      owner_.current_ = subscription_.get();
    }
    ~Stream() override {
      std::lock_guard lock(owner_.mutex_);
      owner_.current_ = nullptr;
    }
    bool read(std::string& batch) override {
      auto next = subscription_->wait_next();
      if (!next && owner_.cut) throw owner_.lost();
      if (next) batch = std::move(*next);
      return next.has_value();
    }
    void grant(std::uint32_t batches) override { subscription_->grant(batches); }
    void cancel() override { subscription_->cancel(); }

   private:
    CuttableTransport& owner_;
    std::unique_ptr<Subscription> subscription_;
  };
  std::shared_ptr<Transport> inner_;
  Publisher& publisher_;
  std::mutex mutex_;
  Subscription* current_ = nullptr;
};

class ClusterReconnect : public testing::Test {
 protected:
  test::TempFolder folder;
  Publisher publisher;
  test::FakeControl control;
  test::FakeRecorder recorder{publisher};
  std::shared_ptr<CuttableTransport> transport =
      std::make_shared<CuttableTransport>(control, publisher);
  std::shared_ptr<ClusterClient> client = std::make_shared<ClusterClient>("node", transport);

  LiveOptions patient(milliseconds patience) {
    LiveOptions options;
    options.recording = folder / "live.moetrace";
    options.patience = patience;
    return options;
  }
  void receive(LiveSource& source, std::size_t spans, std::uint64_t in_all) {
    ASSERT_TRUE(eventually([&] { return !publisher.viewers().empty(); }));
    recorder.spans(spans);
    ASSERT_TRUE(eventually([&] { return source.figures().spans == in_all; }));
  }
};

TEST_F(ClusterReconnect, ANodeThatIsSilentForAWhileIsFoundAgain) {
  // However long it is silent: the patience is only for nodes that are gone.
  LiveSource source(client, patient(milliseconds(1)));
  receive(source, 10, 10);
  transport->cut_off();
  ASSERT_TRUE(eventually([&] { return source.state() == LiveState::Waiting; }));
  EXPECT_THAT(source.figures().reason, HasSubstr("did not answer"));
  EXPECT_EQ(source.snapshot()->trace->span_count(), 10U) << "what was received stays";
  const int attempts = transport->attempts;
  ASSERT_TRUE(eventually([&] { return transport->attempts > attempts + 1; }))
      << "without a request";
  transport->cut = false;
  receive(source, 5, 15);
  EXPECT_TRUE(eventually([&] { return source.state() == LiveState::Live; }));
  source.stop();
  EXPECT_EQ(open_moetrace(folder / "live.moetrace")->span_count(), 15U) << "one file, one trace";
}

TEST_F(ClusterReconnect, ANodeThatIsGoneIsLostAfterItsPatience) {
  LiveSource source(client, patient(milliseconds(1)));
  receive(source, 10, 10);
  transport->gone = true;
  transport->cut_off();
  ASSERT_TRUE(eventually([&] { return source.state() == LiveState::Lost; }));
  EXPECT_THAT(source.figures().reason, HasSubstr("nobody listens"));
  // Asked for, it is tried again.
  transport->gone = transport->cut = false;
  source.reconnect();
  receive(source, 5, 15);
}

TEST_F(ClusterReconnect, StoppingWhileItIsSilentEndsAtOnceAndKeepsAll) {
  LiveSource source(client, patient(milliseconds(1)));
  receive(source, 10, 10);
  transport->cut_off();
  ASSERT_TRUE(eventually([&] { return source.state() == LiveState::Waiting; }));
  source.stop();
  EXPECT_EQ(open_moetrace(folder / "live.moetrace")->span_count(), 10U);
}

TEST_F(ClusterReconnect, SubscriptionsThatTheNodeEndsAreMadeAgain) {
  LiveSource source(client, patient(milliseconds(1)));
  receive(source, 10, 10);
  const int attempts = transport->attempts;
  transport->end_subscription();
  ASSERT_TRUE(eventually([&] { return transport->attempts > attempts; }));
  receive(source, 5, 15);
}

}  // namespace
}  // namespace moescope
