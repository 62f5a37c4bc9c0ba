#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <atomic>

#include "core/cluster/grpc/grpc_log.h"
#include "core/cluster/grpc/local_socket.h"
#include "core/cluster/wire/batch.h"
#include "core/cluster/wire/cluster.grpc.pb.h"
#include "core/cluster/wire/protocol.h"
#include "core/cluster/wire/transport.h"
#include "core/cluster/wire/wire_enums.h"
#include "core/cluster/wire/wire_types.h"
#include "core/error.h"
#include "core/version.h"

namespace moescope {
namespace {

using std::chrono::milliseconds;

/// Copying the weights of a whole model over a slow link.
constexpr auto kApplyDeadline = std::chrono::minutes(10);
/// gRPC takes the least backoff as the time that a connection may take to be made, too.
constexpr int kKeepaliveMs = 5000, kBackoffMs = 100, kConnectMs = 5000;
/// Bytes of telemetry that may be under way: what the node keeps for a viewer. With gRPC's 64 KiB
/// every frame would wait for word that the one before was read.
constexpr int kLookahead = 8 << 20;

/// Who is asked, for messages.
struct Peer {
  NodeTarget target;
  bool tls = false;
  milliseconds deadline{};

  [[noreturn]] void fail(const grpc::Status& status) const;
  /// Throws ConnectionError when no node listens on the socket; does nothing for other targets.
  void check_there() const;
  void check(const grpc::Status& status) const {
    if (!status.ok()) fail(status);
  }
  /// What a message of the node says. Throws Error when it is not of our protocol.
  template <typename Message>
  auto read(const Message& message) const {
    try {
      return decode(message);
    } catch (const Error& error) {
      throw Error(target.text, error.place(), error.problem(), error.remedy());
    }
  }
};

void Peer::check_there() const {
  if (!target.local_socket()) return;
  try {
    check_socket(target.socket);
  } catch (const Error& error) {
    throw ConnectionError(error, true);
  }
}

void Peer::fail(const grpc::Status& status) const {
  const auto& text = target.text;
  const std::string said = status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      check_there();
      throw ConnectionError(
          Error(text, "", "cannot be reached, or the connection broke: " + said,
                tls ? "Is moescope-node running there? Do both certificates come from the "
                      "authorities that the other side trusts, and name this host?"
                    : "Is moescope-node running there?"),
          said.find("Connection refused") != std::string::npos);
    case grpc::StatusCode::UNAUTHENTICATED:
      throw Error(text, "", said, "Give the token file that the node was started with",
                  "--token-file");
    case grpc::StatusCode::PERMISSION_DENIED:
      throw Error(text, "", said, "Use the certificate of an operator");
    case grpc::StatusCode::UNIMPLEMENTED:
      throw Error(text, "", "answers, but is not a moescope-node of this version",
                  "Check the address; update the older of the two programs");
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      throw ConnectionError(
          Error(text, "", fmt::format("did not answer within {} ms", deadline.count()),
                "Is the machine overloaded, or is it the address of another program?"),
          false);
    case grpc::StatusCode::CANCELLED:
      throw ConnectionError(Error(text, "", "the node ended the call: it is shutting down"), false);
    case grpc::StatusCode::FAILED_PRECONDITION:
      throw NodeStarting(Error(text, "", said, status.error_details()));
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      throw ConnectionError(Error(text, "", said, status.error_details()), false);
    default:
      // Errors of the node carry their remedy as details.
      throw Error(text, "", said.empty() ? "the call failed" : said, status.error_details());
  }
}

enum class Purpose { Control, Telemetry };

std::shared_ptr<grpc::Channel> make_channel(const Peer& peer, const PeerSecrets& secrets,
                                            Purpose purpose) {
  grpc::ChannelArguments arguments;
  if (purpose == Purpose::Telemetry)
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kLookahead);
  arguments.SetMaxReceiveMessageSize(static_cast<int>(kMaxBatchBytes) + kMaxControlBytes);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kBackoffMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kBackoffMs);
  const auto credentials = peer.tls ? grpc::SslCredentials({secrets.ca, secrets.key, secrets.cert})
                                    : grpc::InsecureChannelCredentials();
  const std::string address =
      peer.target.local_socket() ? "unix:" + peer.target.socket.string() : peer.target.text;
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

class GrpcStream final : public TelemetryStream {
 public:
  GrpcStream(Peer peer, wire::Telemetry::Stub& stub, const std::string& token,
             std::uint32_t credits)
      : peer_(std::move(peer)) {
    if (!token.empty()) context_.AddMetadata(kTokenMetadata, token);
    stream_ = stub.Subscribe(&context_);
    grant(credits);
  }
  ~GrpcStream() override {
    context_.TryCancel();
    if (!finished_) stream_->Finish();
  }
  bool read(std::string& batch) override {
    if (stream_->Read(&frame_)) {
      batch.swap(*frame_.mutable_batch());
      return true;
    }
    const grpc::Status status = stream_->Finish();
    finished_ = true;
    if (!cancelled_) peer_.check(status);
    return false;
  }
  void grant(std::uint32_t batches) override {
    wire::Credit credit;
    credit.set_frames(batches);
    stream_->Write(credit);  // read() reports a broken stream
  }
  void cancel() override {
    cancelled_ = true;
    context_.TryCancel();
  }

 private:
  Peer peer_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<wire::Credit, wire::Frame>> stream_;
  wire::Frame frame_;
  bool finished_ = false;
  std::atomic<bool> cancelled_{false};
};

class GrpcTransport final : public Transport {
 public:
  GrpcTransport(Peer peer, const PeerSecrets& secrets)
      : peer_(std::move(peer)),
        token_(secrets.token),
        control_(wire::Control::NewStub(make_channel(peer_, secrets, Purpose::Control))),
        telemetry_(wire::Telemetry::NewStub(make_channel(peer_, secrets, Purpose::Telemetry))) {}

  NodeHello hello() override;
  NodeStatus status(bool with_plan) override {
    wire::StatusRequest request;
    request.set_with_plan(with_plan);
    return peer_.read(call<wire::NodeStatus>(&wire::Control::Stub::Status, request));
  }
  PlanOutcome apply(const PlanRequest& request, const PlanListener& listener) override;
  PlanOutcome rollback() override {
    return peer_.read(
        call<wire::PlanOutcome>(&wire::Control::Stub::Rollback, wire::Empty(), kApplyDeadline));
  }
  void report_effect(std::uint64_t ticket, const PlanEffect& effect) override {
    wire::EffectReport report;
    report.set_ticket(ticket);
    encode(effect, *report.mutable_effect());
    call<wire::Empty>(&wire::Control::Stub::ReportEffect, report);
  }
  NodeStatus configure(const NodeSettings& settings) override {
    wire::NodeSettings request;
    encode(settings, request);
    return peer_.read(call<wire::NodeStatus>(&wire::Control::Stub::Configure, request));
  }
  void stop() override { call<wire::Empty>(&wire::Control::Stub::Stop, wire::Empty()); }
  std::unique_ptr<TelemetryStream> subscribe(std::uint32_t credits) override {
    return std::make_unique<GrpcStream>(peer_, *telemetry_, token_, credits);
  }

 private:
  void prepare(grpc::ClientContext& context, milliseconds deadline) const {
    context.set_deadline(std::chrono::system_clock::now() + deadline);
    if (!token_.empty()) context.AddMetadata(kTokenMetadata, token_);
  }
  template <typename Reply, typename Method, typename Request>
  Reply call(Method method, const Request& request, milliseconds deadline = milliseconds(0)) const {
    grpc::ClientContext context;
    prepare(context, deadline.count() > 0 ? deadline : peer_.deadline);
    Reply reply;
    peer_.check(((*control_).*method)(&context, request, &reply));
    return reply;
  }

  Peer peer_;
  std::string token_;
  std::unique_ptr<wire::Control::Stub> control_;
  std::unique_ptr<wire::Telemetry::Stub> telemetry_;
};

NodeHello GrpcTransport::hello() {
  peer_.check_there();
  wire::HelloRequest request;
  request.set_protocol(kClusterProtocol);
  request.set_version(program_version());
  const auto reply = call<wire::HelloReply>(&wire::Control::Stub::Hello, request);
  check_protocols(peer_.target.text, {reply.protocol(), reply.version()}, {});
  const auto role = from_wire(reply.role());
  if (!role)
    throw Error(peer_.target.text, "",
                fmt::format("gives this program role {}, which it does not know",
                            static_cast<int>(reply.role())),
                "Update the older of the two programs");
  return {reply.version(), reply.run(), *role};
}

PlanOutcome GrpcTransport::apply(const PlanRequest& request, const PlanListener& listener) {
  grpc::ClientContext context;
  prepare(context, kApplyDeadline);
  wire::ApplyRequest message;
  encode(request, message);
  const auto reader = control_->Apply(&context, message);
  std::optional<PlanOutcome> outcome;
  bool undone = false;
  wire::ApplyEvent event;
  while (reader->Read(&event)) {
    if (event.has_outcome()) {
      outcome = peer_.read(event.outcome());
    } else if (listener && !listener(peer_.read(event.progress())) && !undone) {
      undone = true;
      rollback();  // the outcome that follows has the result
    }
  }
  peer_.check(reader->Finish());
  if (!outcome) throw Error(peer_.target.text, "", "did not say how the change of plan ended");
  return *outcome;
}

}  // namespace

std::shared_ptr<Transport> grpc_transport(const NodeTarget& target, const PeerSecrets& secrets,
                                          milliseconds deadline) {
  silence_grpc();
  return std::make_shared<GrpcTransport>(Peer{target, !secrets.cert.empty(), deadline}, secrets);
}

}  // namespace moescope
