#include "core/cluster/grpc/server.h"

#include <fmt/format.h>
#include <grpc/grpc.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/resource_quota.h>
#include <sys/stat.h>

#include <mutex>

#include "core/cluster/grpc/control_service.h"
#include "core/cluster/grpc/grpc_log.h"
#include "core/cluster/grpc/local_socket.h"
#include "core/cluster/grpc/telemetry_service.h"
#include "core/cluster/publisher.h"
#include "core/cluster/wire/certificate.h"
#include "core/cluster/wire/wire_types.h"
#include "core/error.h"

namespace moescope {
namespace {

constexpr int kMaxStreams = 16, kMaxMetadata = 16 << 10;
constexpr int kLeastPingMs = 1000;
/// A connection that is not set up, has no calls or does not answer for so long is closed.
constexpr int kHandshakeMs = 10'000, kIdleMs = 300'000, kPingMs = 60'000, kPongMs = 20'000;
/// What gRPC may hold of messages of all connections together.
constexpr std::size_t kMessageMemory = std::size_t{256} << 20;
constexpr auto kGrace = std::chrono::seconds(2);

/// Ending the library with the last server waits up to 10 s for a thread of its own that polls: a
/// node that failed would seem to serve on. It stays until the process ends.
void keep_grpc() {
  static std::once_flag once;
  std::call_once(once, [] { grpc_init(); });
}

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
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kIdleMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kPingMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPongMs);
  grpc::ResourceQuota quota("clients");
  quota.Resize(kMessageMemory);
  builder.SetResourceQuota(quota);
}

}  // namespace

struct ClusterServer::State {
  State(const NodeTarget& t, const PeerSecrets& secrets, NodeControl& control, Publisher& publisher)
      : target(t),
        certificate(secrets.cert),
        guard(!secrets.cert.empty(), secrets.token),
        control_service(guard, control, publisher, [this] { return notices(); }),
        telemetry_service(guard, control, publisher) {}
  std::vector<std::string> notices() const {
    const auto warning = expiry_warning(certificate, target.text);
    return warning ? std::vector{*warning} : std::vector<std::string>();
  }
  NodeTarget target;
  std::string certificate;  ///< own, PEM; empty: none
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
  silence_grpc();
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

std::vector<std::string> ClusterServer::notices() const {
  return state_->notices();
}

std::string ClusterServer::address() const {
  const NodeTarget& t = state_->target;
  if (t.local_socket()) return t.text;
  const bool v6 = t.host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", t.host, t.port) : fmt::format("{}:{}", t.host, t.port);
}

}  // namespace moescope
