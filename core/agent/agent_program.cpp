#include "core/agent/agent_program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "core/agent/agent_recorder.h"
#include "core/agent/agent_service.h"
#include "core/agent/metrics_poll.h"
#include "core/cluster/grpc/server.h"
#include "core/cluster/prometheus/metrics_server.h"
#include "core/cluster/publisher.h"
#include "core/error.h"
#include "core/node/metrics_text.h"
#include "core/version.h"

namespace moescope {
namespace {

struct AgentOptions {
  std::string engine, listen, state, metrics, prometheus;
  PeerFiles files;
};

std::atomic<bool> stopping{false};

void on_signal(int) {
  stopping = true;
}

/// The state file in a folder that one agent uses at a time.
class StateFolder {
 public:
  explicit StateFolder(const std::filesystem::path& folder) {
    if (folder.empty()) return;
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    const auto path = folder / "lock";
    lock_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (lock_ < 0)
      throw Error(path.string(), "", std::string("cannot be opened: ") + std::strerror(errno),
                  "Name a folder that you may write to with --state");
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
      ::close(lock_);
      throw Error(folder.string(), "", "is the state of another agent, which runs",
                  "Stop that one, or name another folder with --state");
    }
    file_ = folder / "agent.json";
  }
  ~StateFolder() {
    if (lock_ >= 0) ::close(lock_);
  }
  StateFolder(const StateFolder&) = delete;
  StateFolder& operator=(const StateFolder&) = delete;
  const std::filesystem::path& file() const { return file_; }

 private:
  std::filesystem::path file_;
  int lock_ = -1;
};

std::uint64_t random_run() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

/// The part of "unix:PATH" behind the colon.
std::filesystem::path engine_socket(const std::string& text) {
  const NodeTarget target = parse_target(text);
  if (!target.local_socket())
    throw Error(text, "", "is no Unix socket: an engine's ranks talk to an agent on their own host",
                "Name unix:PATH with --engine");
  return target.socket;
}

void run(const AgentOptions& options) {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGXFSZ, SIG_IGN);
  const StateFolder state(options.state);
  Publisher publisher;
  const double start =
      std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  AgentRecorder recorder(publisher, start);
  AgentService service(random_run(), recorder, state.file(), [] { stopping = true; });
  const auto path = engine_socket(options.engine);
  std::optional<MetricsServer> prometheus;
  if (!options.prometheus.empty())
    prometheus.emplace(options.prometheus,
                       [&service] { return metrics_text(service.status(false)); });
  std::unique_ptr<EngineSocket>
      socket;  // outlives the calls of clients, which send plans through it
  {
    ClusterServer server(parse_target(options.listen), options.files, service, publisher);
    socket = std::make_unique<EngineSocket>(path, service);
    service.set_socket(*socket);
    fmt::print(stderr, "moescope-agent: engine at unix:{}, clients at {}\n", path.string(),
               server.address());
    for (const std::string& notice : server.notices())
      fmt::print(stderr, "moescope-agent: {}\n", notice);
    if (prometheus) fmt::print(stderr, "moescope-agent: figures at {}\n", prometheus->address());
    std::optional<MetricsPoll> poll;
    if (!options.metrics.empty()) {
      service.served(nullptr, "nothing was read yet");
      poll.emplace(options.metrics,
                   [&service](const ScrapedEngine* engine, const std::string& fault) {
                     service.served(engine, fault);
                   });
    }
    while (!stopping) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    service.leave();
    publisher.end(kNodeEnded);
  }
}

void add_options(CLI::App& app, AgentOptions& o) {
  app.set_version_flag("--version", program_version());
  app.add_option("--engine", o.engine,
                 "Where the engine's ranks connect: unix:PATH, as in their MOESCOPE_SOCKET")
      ->required();
  app.add_option("--listen", o.listen, "Where clients connect: unix:PATH or HOST:PORT")->required();
  app.add_option("--state", o.state,
                 "Folder that keeps epoch and history of plans over a restart of the agent");
  app.add_option("--metrics", o.metrics,
                 "API server of the engine, http://HOST:PORT: requests, KV cache, TTFT and TPOT "
                 "come from its /metrics");
  app.add_option("--prometheus", o.prometheus,
                 "Offer the figures of status to Prometheus at http://127.0.0.1:PORT/metrics");
  app.add_option("--token-file", o.files.token,
                 "Shared secret on loopback TCP, readable by its owner only");
  app.add_option("--tls-ca", o.files.tls_ca, "Certificates that sign the clients', PEM");
  app.add_option("--tls-cert", o.files.tls_cert, "Certificate of this agent, PEM");
  app.add_option("--tls-key", o.files.tls_key, "Its key, PEM");
}

}  // namespace

int run_agent(int argc, char** argv) {
  CLI::App app(
      "Joins SGLang or vLLM with the plugin moescope-engine to MoEscope: live loads, plans, "
      "history");
  AgentOptions options;
  add_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    run(options);
  } catch (const std::exception& error) {
    const auto* known = dynamic_cast<const Error*>(&error);
    fmt::print(stderr, "moescope-agent: {}\n",
               known != nullptr ? known->command_line_text() : error.what());
    return 1;
  }
  return 0;
}

}  // namespace moescope
