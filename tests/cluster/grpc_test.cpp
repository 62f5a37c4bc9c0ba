// The same over gRPC: Unix sockets, tokens, certificates, and peers that do not behave.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include "core/cluster/grpc/server.h"
#include "core/cluster/wire/cluster.grpc.pb.h"
#include "core/cluster/wire/hung_text.h"
#include "core/error.h"
#include "core/trace/file/moetrace.h"
#include "tests/support/error_of.h"
#include "tests/support/fake_node.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using std::chrono::milliseconds;
using test::error_of;
using test::eventually;
using testing::HasSubstr;

struct Node {
  explicit Node(const std::string& target, const PeerFiles& files = {},
                Publisher::Options options = {})
      : publisher(options),
        server(std::make_unique<ClusterServer>(parse_target(target), files, control, publisher)) {}
  test::FakeControl control;
  Publisher publisher;
  test::FakeRecorder recorder{publisher};
  std::unique_ptr<ClusterServer> server;
};

class ClusterGrpc : public testing::Test {
 protected:
  test::TempFolder folder;
  std::string target = "unix:" + (folder / "private/node").string();

  std::filesystem::path write(const std::string& name, const std::string& text,
                              std::filesystem::perms mode = std::filesystem::perms::owner_read |
                                                            std::filesystem::perms::owner_write) {
    std::ofstream(folder / name) << text;
    std::filesystem::permissions(folder / name, mode);
    return folder / name;
  }
};

TEST_F(ClusterGrpc, ControlCallsGoThrough) {
  Node node(target);
  const auto client = ClusterClient::connect(target);
  EXPECT_EQ(client->hello().role, PeerRole::Operator);
  EXPECT_EQ(client->hello().run, node.publisher.run());
  const NodeStatus status = client->status(true);
  EXPECT_EQ(status.model, "fake");
  EXPECT_EQ(status.plan_json, "{}");
  EXPECT_EQ(status.previous_plan_json, "{\"before\":1}");
  EXPECT_EQ(client->status().previous_plan_json, "") << "not asked for";
  ASSERT_EQ(status.units.size(), 2U);
  EXPECT_EQ(status.units[0].imbalance, (std::vector<double>{1.25, 1}));
  EXPECT_EQ(status.units[0].observed.workers, 3);
  ASSERT_EQ(status.ranks.size(), 2U);
  EXPECT_EQ(status.ranks[1].dropped, 2U);
  EXPECT_EQ(hung_lines(status.hung),
            std::vector<std::string>{
                "rank 1: it is blocked inside a step, for 3 s (process 42 on host-2)"});

  std::vector<PlanPhase> phases;
  const auto outcome = client->apply({"{}", "plan", 0, false}, [&](const NodePlanChange& change) {
    phases.push_back(change.phase);
    return true;
  });
  EXPECT_TRUE(outcome.done);
  EXPECT_EQ(outcome.change.epoch, 1U);
  EXPECT_EQ(phases, std::vector{PlanPhase::Preparing});
  const auto stale = client->apply({"{}", "plan", 0, false});
  EXPECT_FALSE(stale.done);
  EXPECT_THAT(stale.reason(), HasSubstr("stale"));
  ASSERT_EQ(client->status().history.size(), 1U);
  EXPECT_EQ(client->status().history[0].name, "plan");

  EXPECT_FALSE(client->configure({.overlap = false}).overlap);
  const auto refused = error_of([&] { client->configure({.comm_workers = 99}); });
  EXPECT_THAT(refused, HasSubstr("more than there are workers"));
  EXPECT_THAT(refused, HasSubstr("give fewer"));
  EXPECT_TRUE(client->rollback().done);
  client->stop();
  EXPECT_TRUE(node.control.stopped);
}

TEST_F(ClusterGrpc, WhatAClientReportsOfAChangeIsInTheHistoryForAll) {
  Node node(target);
  const auto client = ClusterClient::connect(target);
  ASSERT_TRUE(client->apply({"{}", "plan"}).done);
  EXPECT_FALSE(client->status().history[0].effect);
  PlanEffect effect;
  effect.imbalance = {.before = 1.5, .predicted = 1.25, .measured = 1.3, .error = 0.1};
  effect.decode_step.before = 2e6;
  effect.notes = {"weights of experts limit the step"};
  effect.fitted = {"bandwidth 3 GB/s"};
  client->report_effect(1, effect);
  EXPECT_EQ(ClusterClient::connect(target)->status().history[0].effect, effect);

  // What is no number and what nobody reads is left out.
  PlanEffect wild = effect;
  wild.imbalance.predicted = std::numeric_limits<double>::quiet_NaN();
  wild.imbalance.error = std::numeric_limits<double>::infinity();
  wild.notes = std::vector<std::string>(1000, "note");
  wild.fitted = {std::string(100'000, 'x')};
  client->report_effect(1, wild);
  const auto kept = client->status().history[0].effect;
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->imbalance.predicted, std::nullopt);
  EXPECT_EQ(kept->imbalance.error, std::nullopt);
  EXPECT_EQ(kept->imbalance.before, 1.5);
  EXPECT_LT(kept->notes.size(), 100U);
  EXPECT_TRUE(kept->fitted.empty());

  EXPECT_THAT(error_of([&] { client->report_effect(7, effect); }), HasSubstr("no such change"));
}

TEST_F(ClusterGrpc, AnAbandonedChangeIsUndone) {
  Node node(target);
  const auto client = ClusterClient::connect(target);
  node.control.slow = true;
  const auto outcome = client->apply({"{}", "plan"}, [](const NodePlanChange&) { return false; });
  EXPECT_FALSE(outcome.done);
  EXPECT_EQ(outcome.change.phase, PlanPhase::RolledBack);
}

TEST_F(ClusterGrpc, ALiveSourceFollowsAndTheEndIsReported) {
  Node node(target);
  LiveSource source(ClusterClient::connect(target), {.recording = folder / "live.moetrace"});
  ASSERT_TRUE(eventually([&] { return !node.publisher.viewers().empty(); }));
  for (int i = 0; i < 50; ++i) node.recorder.spans(200, "kernel " + std::to_string(i));
  ASSERT_TRUE(eventually([&] { return source.snapshot()->spans == 10'000; }));
  node.publisher.end("stopped by the user");
  ASSERT_TRUE(eventually([&] { return source.state() == LiveState::Ended; }));
  EXPECT_EQ(source.snapshot()->reason, "stopped by the user");
  source.stop();
  EXPECT_EQ(open_moetrace(folder / "live.moetrace")->span_count(), 10'000U);
}

TEST_F(ClusterGrpc, ANodeThatGoesAwayIsLostAndComesBack) {
  auto node = std::make_unique<Node>(target);
  LiveSource source(ClusterClient::connect(target), {});
  ASSERT_TRUE(eventually([&] { return !node->publisher.viewers().empty(); }));
  node->recorder.spans(10);
  ASSERT_TRUE(eventually([&] { return source.snapshot()->spans == 10; }));
  node->server.reset();  // without a last batch, as when it is killed
  ASSERT_TRUE(eventually([&] { return source.state() == LiveState::Lost; }));
  EXPECT_EQ(source.snapshot()->trace->span_count(), 10U);
  EXPECT_FALSE(std::filesystem::exists(folder / "private/node")) << "the socket is removed";
  node = std::make_unique<Node>(target);
  source.reconnect();
  ASSERT_TRUE(eventually([&] { return !node->publisher.viewers().empty(); }))
      << source.snapshot()->reason;
  node->recorder.spans(3);
  ASSERT_TRUE(eventually([&] { return source.snapshot()->spans == 13; }));
}

TEST_F(ClusterGrpc, AViewerThatDoesNotReadCostsDropsAndDelaysNobody) {
  Node node(target, {}, {.ring_bytes = 100'000});
  const auto stub =
      wire::Telemetry::NewStub(grpc::CreateChannel(target, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  const auto stream = stub->Subscribe(&context);
  wire::Credit credit;
  credit.set_frames(1'000'000);
  stream->Write(credit);
  ASSERT_TRUE(eventually([&] { return !node.publisher.viewers().empty(); }));
  // More than any socket or window takes; publishing goes on anyway.
  for (int i = 0; i < 400; ++i) node.recorder.spans(2000);
  ASSERT_TRUE(eventually([&] { return node.publisher.viewers()[0].dropped_batches > 0; }));
  const auto client = ClusterClient::connect(target);
  EXPECT_TRUE(client->apply({"{}", "plan"}).done);
  EXPECT_GT(client->status().viewers.at(0).dropped_spans, 0U);
  context.TryCancel();
  ASSERT_TRUE(eventually([&] { return node.publisher.viewers().empty(); })) << "a dead viewer goes";
}

TEST_F(ClusterGrpc, SocketsThatAreNoNodeAreDistinguished) {
  const auto connect = [&] { ClusterClient::connect(target); };
  EXPECT_THAT(error_of(connect), HasSubstr("there is no such socket"));
  std::filesystem::create_directory(folder / "private");
  std::filesystem::permissions(folder / "private", std::filesystem::perms::owner_all);
  write("private/node", "text");
  EXPECT_THAT(error_of(connect), HasSubstr("is not a socket"));
  EXPECT_THAT(error_of([&] { Node node(target); }), HasSubstr("something else is there"));
  std::filesystem::remove(folder / "private/node");

  // A socket that nobody listens on any more.
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (folder / "private/node").c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ::close(fd);
  EXPECT_THAT(error_of(connect), HasSubstr("was killed"));
  const Node node(target);
  EXPECT_NO_THROW(connect());
  EXPECT_THAT(error_of([&] { Node second(target); }), HasSubstr("another node listens"));
}

TEST_F(ClusterGrpc, ASocketInAFolderThatIsOpenToOthersIsRefused) {
  const std::string open = "unix:" + (folder / "node").string();
  EXPECT_THAT(error_of([&] { Node node(open); }), HasSubstr("open to other users"));
}

TEST_F(ClusterGrpc, LoopbackNeedsTheToken) {
  const auto token = write("token", "0123456789abcdef0123\n");
  EXPECT_THAT(error_of([&] { Node node("127.0.0.1:0"); }), HasSubstr("a token file"));
  Node node("127.0.0.1:0", {.token = token});
  const std::string address = node.server->address();
  EXPECT_EQ(ClusterClient::connect(address, {.files = {.token = token}})->status().model, "fake");
  const auto wrong = write("wrong", "0123456789abcdef0124");
  EXPECT_THAT(error_of([&] { ClusterClient::connect(address, {.files = {.token = wrong}}); }),
              HasSubstr("token is missing or wrong"));
  const auto open = write("open", "0123456789abcdef0123",
                          std::filesystem::perms::owner_read | std::filesystem::perms::others_read);
  EXPECT_THAT(error_of([&] { ClusterClient::connect(address, {.files = {.token = open}}); }),
              HasSubstr("can be read by others"));
  const auto empty = write("empty", "\n");
  EXPECT_THAT(error_of([&] { ClusterClient::connect(address, {.files = {.token = empty}}); }),
              HasSubstr("holds no token"));
}

TEST_F(ClusterGrpc, CallsThatAreCancelledWithoutATokenTakeNothingFromOthers) {
  const auto token = write("token", "0123456789abcdef0123\n");
  Node node("127.0.0.1:0", {.token = token});
  const std::string address = node.server->address();
  // Both sides share this machine's cores: what counts is that an answer comes, not how soon.
  const auto client = ClusterClient::connect(
      address, {.files = {.token = token}, .deadline = std::chrono::minutes(1)});
  std::atomic<int> attacks{0};
  std::jthread attacker([&](const std::stop_token& stop) {
    const auto channel = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
    const auto stub = wire::Control::NewStub(channel);
    grpc::CompletionQueue queue;
    while (!stop.stop_requested()) {
      constexpr int kCalls = 500;
      std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
      std::vector<std::unique_ptr<grpc::ClientAsyncResponseReader<wire::NodeStatus>>> calls;
      std::vector<wire::NodeStatus> replies(kCalls);
      std::vector<grpc::Status> statuses(kCalls);
      for (std::size_t i = 0; i < kCalls; ++i) {
        contexts.push_back(std::make_unique<grpc::ClientContext>());
        calls.push_back(stub->AsyncStatus(contexts.back().get(), {}, &queue));
        calls.back()->Finish(&replies[i], &statuses[i], nullptr);
        contexts.back()->TryCancel();
      }
      void* tag = nullptr;
      bool ok = false;
      for (int i = 0; i < kCalls; ++i) queue.Next(&tag, &ok);
      attacks += kCalls;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));  // as it was found
    }
  });
  ASSERT_TRUE(eventually([&] { return attacks > 0; }));
  for (int i = 0; i < 40; ++i) EXPECT_EQ(client->status().model, "fake") << "call " << i;
  EXPECT_TRUE(client->apply({"{}", "plan"}).done);
  attacker.request_stop();
  attacker.join();
}

TEST_F(ClusterGrpc, ChangesThatWaitDoNotKeepOthersFromLookingOrUndoing) {
  Node node(target);
  node.control.slow = true;
  const auto client = ClusterClient::connect(target);
  std::vector<std::thread> waiting;
  for (int i = 0; i < 30; ++i)
    waiting.emplace_back([&] {
      try {
        ClusterClient::connect(target)->apply({"{}", "plan"});
      } catch (const Error&) {  // more than may wait
      }
    });
  ASSERT_TRUE(eventually([&] { return node.control.applying > 0; }));
  EXPECT_EQ(client->hello().role, PeerRole::Operator);
  EXPECT_TRUE(client->rollback().done);
  for (auto& thread : waiting) thread.join();
}

TEST_F(ClusterGrpc, ANameOfAPlanThatIsTooLongIsRefusedAndNotKept) {
  Node node(target);
  const auto client = ClusterClient::connect(target);
  EXPECT_THAT(error_of([&] {
                client->apply({"{}", std::string(60'000, 'x')});
              }),
              HasSubstr("at most 256 bytes"));
  EXPECT_TRUE(client->status().history.empty());
  EXPECT_TRUE(client->apply({"{}", std::string(256, 'x')}).done);
}

TEST_F(ClusterGrpc, ANodeThatDoesNotServeYetSaysSo) {
  Node node(target);
  node.control.serving = false;
  const ConnectOptions hasty{.deadline = milliseconds(50)};
  EXPECT_THAT(error_of([&] { ClusterClient::connect(target, hasty); }), HasSubstr("is starting"));
  // Who has more patience gets in when it serves.
  std::shared_ptr<ClusterClient> client;
  std::thread waiting([&] { client = ClusterClient::connect(target); });
  node.control.asked = 0;
  EXPECT_TRUE(eventually([&] { return node.control.asked > 0; }));
  node.control.serving = true;
  waiting.join();
  EXPECT_EQ(client->status().model, "fake");
}

TEST_F(ClusterGrpc, AServerThatIsNoNodeAndOneThatIsSilentAreReported) {
  const auto token = write("token", "0123456789abcdef0123");
  // gRPC, but without our services.
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  wire::Telemetry::Service none;
  builder.RegisterService(&none);
  const auto other = builder.BuildAndStart();
  const ConnectOptions options{.files = {.token = token}, .deadline = milliseconds(300)};
  EXPECT_THAT(
      error_of([&] { ClusterClient::connect("127.0.0.1:" + std::to_string(port), options); }),
      HasSubstr("not a moescope-node of this version"));
  // A port that takes connections and says nothing.
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(fd, 4), 0);
  socklen_t size = sizeof(address);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  const auto silent = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  EXPECT_THAT(error_of([&] { ClusterClient::connect(silent, options); }),
              HasSubstr("did not answer within 300 ms"));
  ::close(fd);
  EXPECT_THAT(error_of([&] { ClusterClient::connect(silent, options); }),
              HasSubstr("cannot be reached"));
}

/// Certificates made for the test: an authority, a node, an operator, a viewer, and a stranger.
class ClusterTls : public ClusterGrpc {
 protected:
  void SetUp() override {
    if (std::system("openssl version > /dev/null 2>&1") != 0)
      GTEST_SKIP() << "the openssl command is not installed";
    authority("ca");
    authority("other");
    sign("node", "ca", "IP:127.0.0.1");
    sign("operator", "ca", std::string("URI:") + kOperatorUri);
    sign("viewer", "ca", "URI:moescope:viewer");
    sign("elsewhere", "ca", "DNS:gpu7.example.org");
    sign("stranger", "other", std::string("URI:") + kOperatorUri);
    for (const char* kind : {"DNS", "email"})
      sign(kind, "ca", std::string(kind) + ":" + kOperatorUri);
    sign("mixed", "ca", std::string("DNS:host,URI:moescope:viewer,URI:") + kOperatorUri);
  }
  PeerFiles files(const std::string& name) const {
    return {.tls_ca = folder / "ca.pem",
            .tls_cert = folder / (name + ".pem"),
            .tls_key = folder / (name + ".key")};
  }

 private:
  void run(const std::string& arguments) {
    const std::string command =
        "cd '" + folder.path().string() + "' && openssl " + arguments + " 2> /dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }
  void authority(const std::string& name) {
    run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=" +
        name + " -keyout " + name + ".key -out " + name + ".pem");
  }
  void sign(const std::string& name, const std::string& by, const std::string& alternative) {
    run("req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=" + name +
        " -keyout " + name + ".key -out " + name + ".csr");
    write(name + ".ext", "subjectAltName=" + alternative + "\n");
    run("x509 -req -in " + name + ".csr -CA " + by + ".pem -CAkey " + by +
        ".key -CAcreateserial -days 2 -extfile " + name + ".ext -out " + name + ".pem");
  }
};

TEST_F(ClusterTls, TheCertificateGivesTheRole) {
  Node node("127.0.0.1:0", files("node"));
  const std::string address = node.server->address();
  const auto chief = ClusterClient::connect(address, {.files = files("operator")});
  EXPECT_EQ(chief->hello().role, PeerRole::Operator);
  EXPECT_TRUE(chief->apply({"{}", "plan"}).done);
  EXPECT_THAT(chief->status().history.at(0).who, HasSubstr("operator"));
  const auto viewer = ClusterClient::connect(address, {.files = files("viewer")});
  EXPECT_EQ(viewer->hello().role, PeerRole::Viewer);
  EXPECT_EQ(viewer->status().model, "fake");
  const auto refused = error_of([&] { viewer->apply({"{}", "plan"}); });
  EXPECT_THAT(refused, HasSubstr("viewer may not change"));
  EXPECT_THAT(error_of([&] { viewer->rollback(); }), HasSubstr("viewer may not change"));
  EXPECT_THAT(error_of([&] { viewer->configure({}); }), HasSubstr("viewer may not change"));
  EXPECT_THAT(error_of([&] { viewer->stop(); }), HasSubstr("viewer may not change"));
  LiveSource source(viewer, {});
  ASSERT_TRUE(eventually([&] { return !node.publisher.viewers().empty(); }));
  node.recorder.spans(4);
  EXPECT_TRUE(eventually([&] { return source.snapshot()->spans == 4; })) << "a viewer may look";
}

TEST_F(ClusterTls, OnlyAUriMakesAnOperator) {
  Node node("127.0.0.1:0", files("node"));
  const std::string address = node.server->address();
  for (const char* kind : {"DNS", "email"}) {
    const auto client = ClusterClient::connect(address, {.files = files(kind)});
    EXPECT_EQ(client->hello().role, PeerRole::Viewer) << kind;
    EXPECT_THAT(error_of([&] { client->stop(); }), HasSubstr("viewer may not change")) << kind;
  }
  EXPECT_EQ(ClusterClient::connect(address, {.files = files("mixed")})->hello().role,
            PeerRole::Operator);
}

TEST_F(ClusterTls, AViewerWithManyIdleStreamsDoesNotLockOthersOut) {
  Node node("127.0.0.1:0", files("node"));
  const std::string address = node.server->address();
  const auto text = [&](const std::filesystem::path& path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const PeerFiles own = files("viewer");
  const auto channel = grpc::CreateChannel(
      address, grpc::SslCredentials({text(own.tls_ca), text(own.tls_key), text(own.tls_cert)}));
  const auto stub = wire::Telemetry::NewStub(channel);
  struct Stream {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReaderWriter<wire::Credit, wire::Frame>> calls;
  };
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 16; ++i) {
    streams.push_back(std::make_unique<Stream>());
    streams.back()->calls = stub->Subscribe(&streams.back()->context);
  }
  ASSERT_TRUE(eventually([&] { return node.publisher.viewers().size() == 4; }));
  LiveSource chief(ClusterClient::connect(address, {.files = files("operator")}), {});
  ASSERT_TRUE(eventually([&] { return node.publisher.viewers().size() == 5; }));
  node.recorder.spans(4);
  EXPECT_TRUE(eventually([&] { return chief.snapshot()->spans == 4; }));
  for (auto& stream : streams) stream->context.TryCancel();
}

TEST_F(ClusterTls, TheStatusSaysThatTheCertificateExpiresSoon) {
  Node node("127.0.0.1:0", files("node"));  // made for two days
  const auto client = ClusterClient::connect(node.server->address(), {.files = files("operator")});
  EXPECT_THAT(client->status().notices, testing::ElementsAre(HasSubstr("expires on")));
}

TEST_F(ClusterTls, StrangersAndPlainClientsAreRefused) {
  const auto token = write("token", "0123456789abcdef0123");
  Node node("127.0.0.1:0", files("node"));
  const std::string address = node.server->address();
  const ConnectOptions stranger{.files = files("stranger"), .deadline = milliseconds(2000)};
  EXPECT_NE(error_of([&] { ClusterClient::connect(address, stranger); }), "no error");
  const ConnectOptions plain{.files = {.token = token}, .deadline = milliseconds(2000)};
  EXPECT_NE(error_of([&] { ClusterClient::connect(address, plain); }), "no error");
  EXPECT_EQ(node.publisher.viewers().size(), 0U);
}

TEST_F(ClusterTls, ANodeThatIsNotWhoTheNameSaysIsRefused) {
  Node node("127.0.0.1:0", files("elsewhere"));
  const ConnectOptions options{.files = files("operator"), .deadline = milliseconds(2000)};
  EXPECT_NE(error_of([&] { ClusterClient::connect(node.server->address(), options); }), "no error");
}

}  // namespace
}  // namespace moescope
