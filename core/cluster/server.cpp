#include "core/cluster/server.h"

#include <fmt/format.h>
#include <grpc/grpc.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/resource_quota.h>
#include <sys/stat.h>

#include <mutex>
#include <thread>

#include "core/cluster/cluster.grpc.pb.h"
#include "core/cluster/local_socket.h"
#include "core/cluster/publisher.h"
#include "core/cluster/wire_types.h"
#include "core/error.h"

namespace moescope {
namespace {

constexpr int kMaxStreams = 16, kMaxThreads = 64, kMaxMetadata = 16 << 10;
constexpr int kLeastPingMs = 1000;
constexpr auto kGrace = std::chrono::seconds(2);
/// More credits than this are no wish of a viewer of ours.
constexpr std::uint32_t kMaxCredits = 1024;

/// Ending the library with the last server waits up to 10 s for a thread of its own that polls: a
/// node that failed would seem to serve on. It stays until the process ends.
void keep_grpc() {
  static std::once_flag once;
  std::call_once(once, [] { grpc_init(); });
}

/// Compares all bytes whatever they are, so that the time tells nothing.
bool same_secret(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i] ^ b[b.empty() ? 0 : i % b.size()]);
  return difference == 0;
}

/// Who calls, and what they may do.
struct Caller {
  PeerRole role = PeerRole::Viewer;
  std::string name;
};

class Guard {
 public:
  Guard(bool tls, std::string token) : tls_(tls), token_(std::move(token)) {}

  /// Fills `caller`; not OK when the peer may not call at all.
  grpc::Status admit(const grpc::ServerContext& context, Caller& caller) const {
    if (!token_.empty()) {
      const auto& metadata = context.client_metadata();
      const auto it = metadata.find(kTokenMetadata);
      if (it == metadata.end() || !same_secret({it->second.data(), it->second.size()}, token_))
        return {grpc::StatusCode::UNAUTHENTICATED, "the token is missing or wrong"};
    }
    caller.name = context.peer();
    caller.role = PeerRole::Operator;
    if (!tls_) return grpc::Status::OK;
    caller.role = PeerRole::Viewer;
    const auto identity = context.auth_context();
    for (const auto& name : identity->FindPropertyValues(GRPC_X509_CN_PROPERTY_NAME))
      caller.name = std::string(name.data(), name.size()) + " at " + context.peer();
    for (const auto& name : identity->FindPropertyValues(GRPC_X509_SAN_PROPERTY_NAME))
      if (std::string_view(name.data(), name.size()) == kOperatorUri)
        caller.role = PeerRole::Operator;
    return grpc::Status::OK;
  }

 private:
  bool tls_;
  std::string token_;
};

grpc::Status status_of(const std::exception& problem) {
  if (const auto* error = dynamic_cast<const Error*>(&problem))
    return {grpc::StatusCode::INVALID_ARGUMENT, error->problem(), error->remedy()};
  return {grpc::StatusCode::INTERNAL, problem.what()};
}

class ControlService final : public wire::Control::Service {
 public:
  ControlService(const Guard& guard, NodeControl& control, const Publisher& publisher)
      : guard_(guard), control_(control), publisher_(publisher) {}

  grpc::Status Hello(grpc::ServerContext* context, const wire::HelloRequest* request,
                     wire::HelloReply* reply) override {
    return answer(*context, PeerRole::Viewer, [&](const Caller& caller) {
      if (request->protocol() != kClusterProtocol)
        throw Error("", "",
                    fmt::format("the node speaks protocol {} (version {}), the client protocol {}",
                                kClusterProtocol, MOESCOPE_VERSION, request->protocol()),
                    "Update the older of the two programs");
      reply->set_protocol(kClusterProtocol);
      reply->set_version(MOESCOPE_VERSION);
      reply->set_run(publisher_.run());
      reply->set_role(static_cast<std::uint32_t>(caller.role));
    });
  }
  grpc::Status Status(grpc::ServerContext* context, const wire::StatusRequest* request,
                      wire::NodeStatus* reply) override {
    return answer(*context, PeerRole::Viewer,
                  [&](const Caller&) { fill(request->with_plan(), *reply); });
  }
  grpc::Status Apply(grpc::ServerContext* context, const wire::ApplyRequest* request,
                     grpc::ServerWriter<wire::ApplyEvent>* writer) override {
    return answer(*context, PeerRole::Operator, [&](const Caller& caller) {
      // A client that goes away does not stop the change: the history tells how it ended.
      const auto outcome =
          control_.apply(decode(*request), caller.name, [&](const NodePlanChange& change) {
            wire::ApplyEvent event;
            encode(change, *event.mutable_progress());
            writer->Write(event);
            return true;
          });
      wire::ApplyEvent event;
      encode(outcome, *event.mutable_outcome());
      writer->Write(event);
    });
  }
  grpc::Status Rollback(grpc::ServerContext* context, const wire::Empty*,
                        wire::PlanOutcome* reply) override {
    return answer(*context, PeerRole::Operator,
                  [&](const Caller& caller) { encode(control_.rollback(caller.name), *reply); });
  }
  grpc::Status TellEffect(grpc::ServerContext* context, const wire::EffectReport* request,
                          wire::Empty*) override {
    return answer(*context, PeerRole::Operator, [&](const Caller&) {
      control_.tell_effect(request->ticket(), decode(request->effect()));
    });
  }
  grpc::Status Configure(grpc::ServerContext* context, const wire::NodeSettings* request,
                         wire::NodeStatus* reply) override {
    return answer(*context, PeerRole::Operator, [&](const Caller&) {
      control_.configure(decode(*request));
      fill(false, *reply);
    });
  }
  grpc::Status Stop(grpc::ServerContext* context, const wire::Empty*, wire::Empty*) override {
    return answer(*context, PeerRole::Operator, [&](const Caller&) { control_.stop(); });
  }

 private:
  template <typename Work>
  grpc::Status answer(const grpc::ServerContext& context, PeerRole needed, Work work) const {
    Caller caller;
    if (auto status = guard_.admit(context, caller); !status.ok()) return status;
    if (needed == PeerRole::Operator && caller.role != PeerRole::Operator)
      return {grpc::StatusCode::PERMISSION_DENIED, "a viewer may not change the node"};
    try {
      work(caller);
      return grpc::Status::OK;
    } catch (const std::exception& problem) {
      return status_of(problem);
    }
  }
  void fill(bool with_plan, wire::NodeStatus& reply) const {
    NodeStatus status = control_.status(with_plan);
    status.run = publisher_.run();
    status.viewers = publisher_.viewers();
    encode(status, reply);
  }

  const Guard& guard_;
  NodeControl& control_;
  const Publisher& publisher_;
};

class TelemetryService final : public wire::Telemetry::Service {
 public:
  TelemetryService(const Guard& guard, Publisher& publisher)
      : guard_(guard), publisher_(publisher) {}

  using Stream = grpc::ServerReaderWriter<wire::Frame, wire::Credit>;
  grpc::Status Subscribe(grpc::ServerContext* context, Stream* stream) override {
    Caller caller;
    if (auto status = guard_.admit(*context, caller); !status.ok()) return status;
    std::unique_ptr<Subscription> viewer;
    try {
      viewer = publisher_.subscribe(caller.name, 0);
    } catch (const Error& error) {
      return {grpc::StatusCode::RESOURCE_EXHAUSTED, error.problem(), error.remedy()};
    }
    std::thread credits([&] {
      wire::Credit credit;
      while (stream->Read(&credit)) viewer->grant(std::min(credit.frames(), kMaxCredits));
      viewer->cancel();
    });
    wire::Frame frame;
    while (auto batch = viewer->wait_next()) {
      frame.set_batch(std::move(*batch));
      if (!stream->Write(frame)) break;
    }
    // After the last batch the viewer ends the call; then, or when it is gone, Read() returns.
    credits.join();
    return grpc::Status::OK;
  }

 private:
  const Guard& guard_;
  Publisher& publisher_;
};

/// Until destruction new files are closed to others: the socket is made by gRPC.
class PrivateFiles {
 public:
  PrivateFiles() : before_(::umask(S_IRWXG | S_IRWXO)) {}
  ~PrivateFiles() { ::umask(before_); }
  PrivateFiles(const PrivateFiles&) = delete;
  PrivateFiles& operator=(const PrivateFiles&) = delete;

 private:
  mode_t before_;
};

std::shared_ptr<grpc::ServerCredentials> credentials(const PeerSecrets& secrets) {
  if (secrets.cert.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = secrets.ca;
  options.pem_key_cert_pairs.push_back({secrets.key, secrets.cert});
  return grpc::SslServerCredentials(options);
}

void limit(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMaxControlBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreams);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadata);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kLeastPingMs);
  grpc::ResourceQuota quota("clients");
  quota.SetMaxThreads(kMaxThreads);
  builder.SetResourceQuota(quota);
}

}  // namespace

struct ClusterServer::State {
  State(const NodeTarget& t, PeerSecrets secrets, NodeControl& control, Publisher& publisher)
      : target(t),
        guard(!secrets.cert.empty(), secrets.token),
        control_service(guard, control, publisher),
        telemetry_service(guard, publisher) {}
  NodeTarget target;
  Guard guard;
  ControlService control_service;
  TelemetryService telemetry_service;
  std::unique_ptr<grpc::Server> server;
};

ClusterServer::ClusterServer(const NodeTarget& target, const PeerFiles& files, NodeControl& control,
                             Publisher& publisher) {
  check_security(target, files);
  const PeerSecrets secrets = read_secrets(files);
  keep_grpc();
  state_ = std::make_unique<State>(target, secrets, control, publisher);
  if (target.local_socket()) prepare_socket(target.socket);
  grpc::ServerBuilder builder;
  limit(builder);
  int port = 0;
  builder.AddListeningPort(target.local_socket() ? "unix:" + target.socket.string() : target.text,
                           credentials(secrets), &port);
  builder.RegisterService(&state_->control_service);
  builder.RegisterService(&state_->telemetry_service);
  {
    const PrivateFiles only_ours;
    state_->server = builder.BuildAndStart();
  }
  if (!state_->server || port == 0)
    throw Error(
        target.text, "", "cannot be listened on",
        secrets.cert.empty()
            ? "Is the address one of this machine, and free?"
            : "Is the address one of this machine, and free? Do key and certificate match?");
  state_->target.port = port;
}

ClusterServer::~ClusterServer() {
  state_->server->Shutdown(std::chrono::system_clock::now() + kGrace);
  if (state_->target.local_socket()) {
    std::error_code ignored;
    std::filesystem::remove(state_->target.socket, ignored);
  }
}

std::string ClusterServer::address() const {
  const NodeTarget& t = state_->target;
  if (t.local_socket()) return t.text;
  const bool v6 = t.host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", t.host, t.port) : fmt::format("{}:{}", t.host, t.port);
}

}  // namespace moescope
