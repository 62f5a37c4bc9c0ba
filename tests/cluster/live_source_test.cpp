// The live source over a node in process: growing trace, recording, drops, loss and reconnection.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/files.h"
#include "core/trace/file/moetrace.h"
#include "core/version.h"
#include "tests/support/fake_node.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using test::eventually;
using testing::HasSubstr;

struct Node {
  explicit Node(PeerRole role = PeerRole::Operator)
      : client(std::make_shared<ClusterClient>("in process",
                                               in_process_transport(control, publisher, role))) {}
  Publisher publisher;
  test::FakeControl control;
  test::FakeRecorder recorder{publisher};
  std::shared_ptr<ClusterClient> client;

  /// Until the viewer is there, so that nothing is published before it.
  void wait_for_viewer() {
    ASSERT_TRUE(eventually([&] { return !publisher.viewers().empty(); }));
  }
};

TEST(ClusterLiveSource, ShowsWhatTheNodeRecords) {
  Node node;
  std::atomic<int> changes{0};
  LiveSource source(node.client, {.notice_interval = std::chrono::milliseconds(1)},
                    [&] { ++changes; });
  node.wait_for_viewer();
  node.recorder.spans(100);
  node.recorder.request(3);
  node.recorder.loads(2);
  node.recorder.plan("epoch 1");
  // Plans travel beside the spans and may overtake them; the state is announced last.
  ASSERT_TRUE(eventually([&] {
    const auto now = source.snapshot();
    return now->plans.size() == 1 && now->spans == 101 && now->state == LiveState::Live;
  }));
  const auto snapshot = source.snapshot();
  EXPECT_EQ(snapshot->trace->span_count(), 101U);
  ASSERT_EQ(snapshot->requests.size(), 1U);
  EXPECT_EQ(snapshot->requests[0].id, 3U);
  EXPECT_EQ(snapshot->requests[0].ttft, 70);
  EXPECT_EQ(snapshot->requests[0].tpot, 9);
  EXPECT_EQ(snapshot->spans, 101U);
  EXPECT_GT(snapshot->rates.bytes_per_second, 0);
  EXPECT_EQ(snapshot->drops.batches, 0U);
  EXPECT_TRUE(eventually([&] { return changes > 0; }));
  node.publisher.end("done");
  ASSERT_TRUE(eventually([&] { return source.state() == LiveState::Ended; }));
  EXPECT_EQ(source.snapshot()->reason, "done");
}

TEST(ClusterLiveSource, ASnapshotWithoutNewsIsTheSame) {
  Node node;
  LiveSource source(node.client, {});
  node.wait_for_viewer();
  node.recorder.spans(10);
  ASSERT_TRUE(eventually([&] { return source.snapshot()->spans == 10; }));
  EXPECT_EQ(source.snapshot(), source.snapshot());
}

TEST(ClusterLiveSource, RecordsToAFileThatSaysTheSame) {
  const test::TempFolder folder;
  Node node;
  {
    LiveSource source(node.client, {.recording = folder / "live.moetrace"});
    node.wait_for_viewer();
    for (int i = 0; i < 20; ++i) node.recorder.spans(50, "kernel " + std::to_string(i % 3));
    node.recorder.loads(4);
    node.recorder.plan("epoch 1");
    // Plans travel beside the spans and may overtake them.
    ASSERT_TRUE(eventually([&] {
      const auto now = source.snapshot();
      return now->plans.size() == 1 && now->trace && now->trace->span_count() >= 1000;
    }));
    EXPECT_EQ(source.snapshot()->recording, folder / "live.moetrace");
    source.stop();
    const auto live = source.snapshot()->trace, file = open_moetrace(folder / "live.moetrace");
    ASSERT_EQ(file->span_count(), live->span_count());
    for (std::uint32_t i = 0; i < 1000; i += 37) {
      EXPECT_EQ(file->name({0, i}), live->name({0, i}));
      EXPECT_EQ(file->span({0, i}).start, live->span({0, i}).start);
      EXPECT_EQ(file->args({0, i}), live->args({0, i}));
    }
    EXPECT_EQ(file->sm_records().size(), live->sm_records().size());
  }
  EXPECT_EQ(read_load_rows(folder / "live.moetrace").size(), 2U);
}

TEST(ClusterLiveSource, ARecordingThatCannotBeWrittenIsReportedAtOnce) {
  Node node;
  EXPECT_THROW(LiveSource(node.client, {.recording = "/nowhere/live.moetrace"}), Error);
}

/// A transport whose stream breaks on request, as a killed node's does.
class BreakableTransport final : public Transport {
 public:
  BreakableTransport(NodeControl& control, Publisher& publisher)
      : inner_(in_process_transport(control, publisher)), publisher_(&publisher) {}
  NodeHello hello() override {
    if (down) throw Error("node", "", "cannot be reached", "start it");
    return {program_version(), publisher_.load()->run(), PeerRole::Operator};
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
    return std::make_unique<Stream>(*this, publisher_.load()->subscribe("viewer", credits));
  }
  void kill() {
    down = true;
    std::lock_guard lock(mutex_);
    if (current_ != nullptr) current_->cancel();
  }
  /// A node that was restarted.
  void restart(Publisher& publisher) {
    publisher_ = &publisher;
    down = false;
  }
  std::atomic<bool> down{false};

 private:
  class Stream final : public TelemetryStream {
   public:
    Stream(BreakableTransport& owner, std::unique_ptr<Subscription> subscription)
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
      if (!next && owner_.down) throw Error("node", "", "the connection broke", "reconnect");
      if (next) batch = std::move(*next);
      return next.has_value();
    }
    void grant(std::uint32_t batches) override { subscription_->grant(batches); }
    void cancel() override { subscription_->cancel(); }

   private:
    BreakableTransport& owner_;
    std::unique_ptr<Subscription> subscription_;
  };
  std::shared_ptr<Transport> inner_;
  std::atomic<Publisher*> publisher_;
  std::mutex mutex_;
  Subscription* current_ = nullptr;
};

TEST(ClusterLiveSource, ALostNodeIsReportedAndReconnectGoesOnWithTheSameTrace) {
  const test::TempFolder folder;
  write_text_file(folder / "live-2.moetrace", "of somebody else");
  Publisher publisher, second;
  test::FakeControl control;
  test::FakeRecorder recorder(publisher);
  const auto transport = std::make_shared<BreakableTransport>(control, publisher);
  LiveSource source(std::make_shared<ClusterClient>("node", transport),
                    {.recording = folder / "live.moetrace"});
  ASSERT_TRUE(eventually([&] { return !publisher.viewers().empty(); }));
  recorder.spans(10);
  ASSERT_TRUE(eventually([&] { return source.snapshot()->spans == 10; }));
  transport->kill();
  ASSERT_TRUE(eventually([&] { return source.state() == LiveState::Lost; }));
  EXPECT_THAT(source.snapshot()->reason, HasSubstr("connection broke"));
  EXPECT_EQ(source.snapshot()->trace->span_count(), 10U) << "what was received stays";

  source.reconnect();
  ASSERT_TRUE(eventually([&] {
    return source.state() == LiveState::Lost &&
           source.snapshot()->reason.find("cannot be reached") != std::string::npos;
  })) << source.snapshot()->reason;

  transport->down = false;
  source.reconnect();
  ASSERT_TRUE(eventually([&] { return !publisher.viewers().empty(); }));
  recorder.spans(5);
  ASSERT_TRUE(eventually([&] { return source.snapshot()->spans == 15; }));
  EXPECT_EQ(source.snapshot()->trace->span_count(), 15U);
  const auto generation = source.snapshot()->generation;

  // Another run of the node: a new trace, and a new file beside the first.
  transport->kill();
  ASSERT_TRUE(eventually([&] { return source.state() == LiveState::Lost; }));
  transport->restart(second);
  test::FakeRecorder again(second);
  source.reconnect();
  ASSERT_TRUE(eventually([&] { return !second.viewers().empty(); }));
  again.spans(3);
  ASSERT_TRUE(eventually([&] { return source.snapshot()->spans == 18; }));
  EXPECT_EQ(source.snapshot()->trace->span_count(), 3U);
  EXPECT_GT(source.snapshot()->generation, generation);
  source.stop();
  const TracePtr first = open_moetrace(folder / "live.moetrace");
  EXPECT_EQ(first->span_count(), 15U);
  EXPECT_EQ(open_moetrace(folder / "live-3.moetrace")->span_count(), 3U);
  EXPECT_EQ(read_text_file(folder / "live-2.moetrace", 100), "of somebody else");
  // The time without a connection is a loss, from the last span before it to the first one after.
  ASSERT_EQ(first->losses().size(), 1U);
  const Loss& gap = first->losses()[0];
  EXPECT_EQ(gap.kind, LossKind::Disconnected);
  EXPECT_EQ(gap.when.begin, first->span({0, 9}).end());
  EXPECT_EQ(gap.when.end, first->span({0, 10}).end());
  EXPECT_EQ(gap.count, std::nullopt);
}

TEST(ClusterLiveSource, NonsenseFromTheNodeEndsInLostAndKeepsTheRest) {
  struct Nonsense final : TelemetryStream {
    bool read(std::string& batch) override {
      batch = "\xff\xff\xff";
      return true;
    }
    void grant(std::uint32_t) override {}
    void cancel() override {}
  };
  class NonsenseTransport final : public Transport {
   public:
    explicit NonsenseTransport(std::shared_ptr<Transport> inner) : inner_(std::move(inner)) {}
    NodeHello hello() override { return inner_->hello(); }
    NodeStatus status(bool p) override { return inner_->status(p); }
    PlanOutcome apply(const PlanRequest& r, const PlanListener& l) override {
      return inner_->apply(r, l);
    }
    PlanOutcome rollback() override { return inner_->rollback(); }
    void report_effect(std::uint64_t t, const PlanEffect& e) override {
      inner_->report_effect(t, e);
    }
    NodeStatus configure(const NodeSettings& s) override { return inner_->configure(s); }
    void stop() override {}
    std::unique_ptr<TelemetryStream> subscribe(std::uint32_t) override {
      return std::make_unique<Nonsense>();
    }

   private:
    std::shared_ptr<Transport> inner_;
  };
  Node node;
  LiveSource source(std::make_shared<ClusterClient>(
                        "node", std::make_shared<NonsenseTransport>(
                                    in_process_transport(node.control, node.publisher))),
                    {});
  ASSERT_TRUE(eventually([&] { return source.state() == LiveState::Lost; }));
  EXPECT_THAT(source.snapshot()->reason, HasSubstr("not a batch"));
}

TEST(ClusterLiveSource, StopsAtOnceWhileNothingComes) {
  Node node;
  LiveSource source(node.client, {});
  node.wait_for_viewer();
  source.stop();
  EXPECT_EQ(source.state(), LiveState::Ended);
  EXPECT_EQ(source.snapshot()->reason, "stopped");
}

TEST(ClusterClient, AViewerMayLookButNotChange) {
  Node node(PeerRole::Viewer);
  EXPECT_EQ(node.client->status().model, "fake");
  EXPECT_THROW(node.client->apply({}), Error);
  EXPECT_THROW(node.client->rollback(), Error);
  EXPECT_THROW(node.client->report_effect(1, {}), Error);
  EXPECT_THROW(node.client->configure({}), Error);
  EXPECT_THROW(node.client->stop(), Error);
  EXPECT_FALSE(node.control.stopped);
}

TEST(ClusterTarget, FormsAreReadAndOthersRefused) {
  EXPECT_EQ(parse_target("unix:/run/x/node").socket, "/run/x/node");
  EXPECT_EQ(parse_target("gpu7:9000").host, "gpu7");
  EXPECT_EQ(parse_target("[::1]:9000").host, "::1");
  EXPECT_TRUE(parse_target("[::1]:9000").loopback());
  EXPECT_TRUE(parse_target("127.0.0.9:1").loopback());
  EXPECT_FALSE(parse_target("127.example.org:1").loopback());
  for (const char* bad : {"", "node", "unix:", "host:", "host:x", "host:70000", ":9000", "::1:90"})
    EXPECT_THROW(parse_target(bad), Error) << bad;
  EXPECT_THROW(parse_target("unix:/" + std::string(200, 'x')), Error);
}

TEST(ClusterTarget, OffLoopbackNeedsMutualTls) {
  EXPECT_NO_THROW(check_security(parse_target("unix:/x"), {}));
  EXPECT_THROW(check_security(parse_target("127.0.0.1:1"), {}), Error);
  EXPECT_NO_THROW(check_security(parse_target("127.0.0.1:1"), {.token = "t"}));
  EXPECT_THROW(check_security(parse_target("gpu7:1"), {.token = "t"}), Error);
  EXPECT_THROW(check_security(parse_target("gpu7:1"), {.tls_ca = "a", .tls_cert = "b"}), Error);
  EXPECT_NO_THROW(
      check_security(parse_target("gpu7:1"), {.tls_ca = "a", .tls_cert = "b", .tls_key = "c"}));
}

}  // namespace
}  // namespace moescope
