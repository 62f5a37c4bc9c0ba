// The Unix socket on which a serving engine's ranks talk to the agent.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace moescope {

/// Listens from construction to destruction, with one thread that calls the handler. Only processes
/// of this user are let in: the folder is closed to others, and the peer's user is asked for.
class EngineSocket {
 public:
  class Handler {
   public:
    virtual ~Handler() = default;
    /// Bytes of a peer, whose first ones open it. An exception closes the connection, without
    /// gone().
    virtual void received(int peer, std::string_view bytes) = 0;
    virtual void gone(int peer) = 0;
    /// About once a second.
    virtual void look() = 0;
  };

  /// Throws Error when the folder is open to others, or something else is at the path.
  EngineSocket(std::filesystem::path path, Handler& handler);
  ~EngineSocket();
  EngineSocket(const EngineSocket&) = delete;
  EngineSocket& operator=(const EngineSocket&) = delete;

  /// Queues bytes for a peer; nothing happens when it is gone. From any thread, never waits.
  void send(int peer, std::string bytes);

 private:
  struct Peer {
    std::string out;
    std::size_t sent = 0;
  };
  void run();
  void accept_peers();
  void read_from(int peer);
  bool write_to(int peer);
  void close_peer(int peer);

  std::filesystem::path path_;
  Handler& handler_;
  int listening_ = -1, wake_ = -1;
  std::mutex mutex_;           ///< guards the rest
  std::map<int, Peer> peers_;  ///< by file descriptor
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace moescope
