// Programs of different protocols meet, and peers that use numbers which nobody knows.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "core/cluster/grpc/server.h"
#include "core/cluster/wire/cluster.grpc.pb.h"
#include "core/error.h"
#include "core/version.h"
#include "tests/support/error_of.h"
#include "tests/support/fake_node.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using test::error_of;
using testing::HasSubstr;

class ClusterProtocol : public testing::Test {
 protected:
  test::TempFolder folder;
  std::string target = "unix:" + (folder / "private/node").string();
};

TEST_F(ClusterProtocol, AnotherProtocolIsRefusedByName) {
  test::FakeControl control;
  Publisher publisher;
  const ClusterServer server(parse_target(target), {}, control, publisher);
  const auto stub =
      wire::Control::NewStub(grpc::CreateChannel(target, grpc::InsecureChannelCredentials()));
  const auto hello = [&](std::uint32_t protocol, const std::string& version) {
    grpc::ClientContext context;
    wire::HelloRequest request;
    request.set_protocol(protocol);
    request.set_version(version);
    wire::HelloReply reply;
    const auto status = stub->Hello(&context, request, &reply);
    EXPECT_FALSE(status.ok());
    return status.error_message() + ". " + status.error_details();
  };
  const std::string ours = "node speaks protocol 2 (MoEscope " + program_version() + ")";
  EXPECT_EQ(hello(1, "0.1.0"),
            ours + ", this program speaks 1 (MoEscope 0.1.0). Update this program");
  EXPECT_EQ(hello(3, "0.9.0"), ours + ", this program speaks 3 (MoEscope 0.9.0). Update the node");
  EXPECT_EQ(hello(0, ""), ours + ", this program speaks 0. Update this program");
}

/// A node of another protocol: answers the first call as it likes.
class OtherNode final : public wire::Control::Service {
 public:
  explicit OtherNode(const std::string& target) {
    std::filesystem::create_directory(parse_target(target).socket.parent_path());
    std::filesystem::permissions(parse_target(target).socket.parent_path(),
                                 std::filesystem::perms::owner_all);
    grpc::ServerBuilder builder;
    builder.AddListeningPort(target, grpc::InsecureServerCredentials());
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  grpc::Status Hello(grpc::ServerContext*, const wire::HelloRequest*,
                     wire::HelloReply* out) override {
    *out = reply;
    return status;
  }
  grpc::Status Status(grpc::ServerContext*, const wire::StatusRequest*,
                      wire::NodeStatus* out) override {
    *out = reported;
    return grpc::Status::OK;
  }

  wire::HelloReply reply;
  grpc::Status status;
  wire::NodeStatus reported;

 private:
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(ClusterProtocol, ANodeOfAnotherProtocolIsRefusedByName) {
  OtherNode node(target);
  const auto connect = [&] { return error_of([&] { ClusterClient::connect(target); }); };
  const std::string us = ", this program speaks 2 (MoEscope " + program_version() + "). ";
  node.reply.set_protocol(1);
  node.reply.set_version("0.1.0");
  EXPECT_EQ(connect(),
            target + ": node speaks protocol 1 (MoEscope 0.1.0)" + us + "Update the node");
  node.reply.set_protocol(3);
  node.reply.set_version("0.9.0\n" + std::string(1000, 'x'));
  EXPECT_THAT(connect(), HasSubstr("node speaks protocol 3 (MoEscope 0.9.0?xxx"));
  EXPECT_THAT(connect(), HasSubstr(us + "Update this program"));
  EXPECT_LT(connect().size(), 400U) << "a peer's text is bounded";
  // So does 0.1.0 itself: it refuses us before it says anything else.
  node.status = {grpc::StatusCode::INVALID_ARGUMENT,
                 "the node speaks protocol 1 (version 0.1.0), the client protocol 2",
                 "Update the older of the two programs"};
  EXPECT_EQ(connect(), target +
                           ": the node speaks protocol 1 (version 0.1.0), the client protocol 2. "
                           "Update the older of the two programs");
}

TEST_F(ClusterProtocol, NumbersOfEnumsThatAreNotKnownAreErrorsThatNameTheNode) {
  OtherNode node(target);
  node.reply.set_protocol(2);
  node.reply.set_role(wire::Role(9));
  EXPECT_THAT(error_of([&] { ClusterClient::connect(target); }),
              testing::StartsWith(target + ": gives this program role 9"));
  node.reply.set_role(wire::ROLE_VIEWER);
  const auto client = ClusterClient::connect(target);
  EXPECT_EQ(client->hello().role, PeerRole::Viewer);
  node.reported.add_history()->set_phase(wire::PlanPhase(42));
  EXPECT_EQ(error_of([&] { client->status(); }),
            target +
                ", phase of a change of plan: is number 42, which this program does not "
                "know. Update the older of the two programs");
}

}  // namespace
}  // namespace moescope
