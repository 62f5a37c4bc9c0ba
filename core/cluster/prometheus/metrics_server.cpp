#include "core/cluster/prometheus/metrics_server.h"

#include <fmt/format.h>
#include <httplib.h>

#include <atomic>
#include <exception>
#include <thread>

#include "core/cluster/wire/target.h"
#include "core/error.h"

namespace moescope {

struct MetricsServer::State {
  httplib::Server server;
  std::thread thread;
  std::atomic<bool> over{false};
  std::string host;
  int port = 0;
};

MetricsServer::MetricsServer(const std::string& address, std::function<std::string()> text)
    : state_(std::make_unique<State>()) {
  const NodeTarget target = parse_target(address);
  if (target.local_socket() || !target.loopback())
    throw Error(address, "", "is not an address of the loopback interface",
                "Name 127.0.0.1:PORT, and let a proxy with access control offer it to others",
                "--prometheus");
  httplib::Server& server = state_->server;
  server.new_task_queue = [] { return new httplib::ThreadPool(2); };
  server.set_payload_max_length(0);
  server.set_keep_alive_max_count(1);
  constexpr time_t kSeconds = 5;
  server.set_read_timeout(kSeconds);
  server.set_write_timeout(kSeconds);
  server.Get("/metrics",
             [text = std::move(text)](const httplib::Request&, httplib::Response& reply) {
               try {
                 reply.set_content(text(), "text/plain; version=0.0.4");
               } catch (const std::exception& error) {  // it starts or stops
                 constexpr int kUnavailable = 503;
                 reply.status = kUnavailable;
                 reply.set_content(std::string(error.what()) + "\n", "text/plain");
               }
             });
  state_->host = target.host;
  state_->port = target.port == 0 ? server.bind_to_any_port(target.host.c_str())
                 : server.bind_to_port(target.host.c_str(), target.port) ? target.port
                                                                         : -1;
  if (state_->port < 0)
    throw Error(address, "", "cannot be listened on", "Name another port", "--prometheus");
  state_->thread = std::thread([state = state_.get()] {
    state->server.listen_after_bind();
    state->over = true;
  });
}

MetricsServer::~MetricsServer() {
  // stop() does nothing before the thread listens.
  while (!state_->server.is_running() && !state_->over) std::this_thread::yield();
  state_->server.stop();
  state_->thread.join();
}

int MetricsServer::port() const {
  return state_->port;
}

std::string MetricsServer::address() const {
  const bool ipv6 = state_->host.find(':') != std::string::npos;
  return fmt::format("http://{}:{}/metrics", ipv6 ? "[" + state_->host + "]" : state_->host,
                     state_->port);
}

}  // namespace moescope
