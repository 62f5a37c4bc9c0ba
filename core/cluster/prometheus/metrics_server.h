// An HTTP endpoint for Prometheus.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace moescope {

/// Answers GET /metrics with what `text` gives, from construction to destruction, on threads of its
/// own; status 503 with the reason while it throws. Everything else is not found.
class MetricsServer {
 public:
  /// @param address HOST:PORT of the loopback interface; port 0: any that is free. Throws Error
  /// when it is another one, which others could read, or cannot be listened on.
  MetricsServer(const std::string& address, std::function<std::string()> text);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  int port() const;
  /// "http://HOST:PORT/metrics", with the real port.
  std::string address() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace moescope
