#include "core/agent/engine_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <vector>

#include "core/cluster/grpc/local_socket.h"
#include "core/error.h"

namespace moescope {
namespace {

constexpr std::size_t kMostPeers = 4096;
constexpr std::size_t kMostQueued = std::size_t{64} << 20;  ///< bytes that wait for one peer
constexpr auto kLook = std::chrono::seconds(1);

[[noreturn]] void fail(const std::filesystem::path& path, const char* what) {
  throw Error(path.string(), "", fmt::format("{}: {}", what, std::strerror(errno)),
              "Name another socket with --engine");
}

bool same_user(int peer) {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  return ::getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 &&
         credentials.uid == ::geteuid();
}

}  // namespace

EngineSocket::EngineSocket(std::filesystem::path path, Handler& handler)
    : path_(std::move(path)), handler_(handler) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.native().size() >= sizeof(address.sun_path))
    throw Error(path_.string(), "",
                fmt::format("is longer than the {} bytes that a socket's path may have",
                            sizeof(address.sun_path) - 1),
                "Name a shorter one with --engine");
  prepare_socket(path_);
  std::memcpy(address.sun_path, path_.c_str(), path_.native().size() + 1);
  listening_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listening_ < 0) fail(path_, "no socket");
  if (::bind(listening_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::chmod(path_.c_str(), S_IRUSR | S_IWUSR) != 0 || ::listen(listening_, SOMAXCONN) != 0) {
    const int reason = errno;
    ::close(listening_);
    errno = reason;
    fail(path_, "cannot be listened on");
  }
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_ < 0) {
    ::close(listening_);
    fail(path_, "no event");
  }
  thread_ = std::thread([this] { run(); });
}

EngineSocket::~EngineSocket() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ::eventfd_write(wake_, 1);
  thread_.join();
  for (const auto& [peer, queue] : peers_) ::close(peer);
  ::close(listening_);
  ::close(wake_);
  ::unlink(path_.c_str());
}

void EngineSocket::send(int peer, std::string bytes) {
  {
    std::lock_guard lock(mutex_);
    const auto found = peers_.find(peer);
    if (found == peers_.end()) return;
    found->second.out += bytes;
  }
  ::eventfd_write(wake_, 1);
}

void EngineSocket::run() {
  auto next_look = std::chrono::steady_clock::now() + kLook;
  std::vector<pollfd> waits;
  for (;;) {
    waits = {{wake_, POLLIN, 0}, {listening_, POLLIN, 0}};
    {
      std::lock_guard lock(mutex_);
      if (stopping_) return;
      if (peers_.size() >= kMostPeers) waits[1].events = 0;
      for (const auto& [peer, queue] : peers_)
        waits.push_back(
            {peer, static_cast<short>(POLLIN | (queue.sent < queue.out.size() ? POLLOUT : 0)), 0});
    }
    ::poll(waits.data(), waits.size(), 200);
    if ((waits[0].revents & POLLIN) != 0) {
      eventfd_t ignored = 0;
      ::eventfd_read(wake_, &ignored);
    }
    if ((waits[1].revents & POLLIN) != 0) accept_peers();
    for (std::size_t i = 2; i < waits.size(); ++i) {
      const int peer = waits[i].fd;
      if ((waits[i].revents & POLLOUT) != 0 && !write_to(peer)) {
        close_peer(peer);
        handler_.gone(peer);
      } else if ((waits[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
        read_from(peer);
      }
    }
    if (std::chrono::steady_clock::now() >= next_look) {
      next_look = std::chrono::steady_clock::now() + kLook;
      handler_.look();
    }
  }
}

void EngineSocket::accept_peers() {
  for (;;) {
    const int peer = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (peer < 0) return;
    std::unique_lock lock(mutex_);
    if (!same_user(peer) || peers_.size() >= kMostPeers) {
      ::close(peer);
      continue;
    }
    peers_[peer];
  }
}

/// One read a turn, so that a peer that sends without end does not keep the others waiting.
void EngineSocket::read_from(int peer) {
  std::array<char, 1 << 16> bytes;
  const ssize_t got = ::recv(peer, bytes.data(), bytes.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    close_peer(peer);
    handler_.gone(peer);
    return;
  }
  try {
    handler_.received(peer, {bytes.data(), static_cast<std::size_t>(got)});
  } catch (const std::exception&) {
    close_peer(peer);  // the handler has noted why
  }
}

/// False when the peer is of no use any more.
bool EngineSocket::write_to(int peer) {
  std::lock_guard lock(mutex_);
  Peer& queue = peers_.at(peer);
  if (queue.out.size() - queue.sent > kMostQueued) return false;
  const ssize_t sent =
      ::send(peer, queue.out.data() + queue.sent, queue.out.size() - queue.sent, MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN || errno == EINTR;
  queue.sent += static_cast<std::size_t>(sent);
  if (queue.sent == queue.out.size()) queue = {};
  return true;
}

void EngineSocket::close_peer(int peer) {
  std::lock_guard lock(mutex_);
  peers_.erase(peer);
  ::close(peer);
}

}  // namespace moescope
