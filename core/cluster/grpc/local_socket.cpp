#include "core/cluster/grpc/local_socket.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace moescope {

SocketState probe_socket(const std::filesystem::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0)
    return errno == EACCES ? SocketState::Denied : SocketState::Missing;
  if (!S_ISSOCK(status.st_mode)) return SocketState::NoSocket;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw Error(path.string(), "", std::string("no socket: ") + std::strerror(errno));
  const int result = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  const int error = errno;
  ::close(fd);
  if (result == 0) return SocketState::Answers;
  return error == EACCES || error == EPERM ? SocketState::Denied : SocketState::Refused;
}

void check_socket(const std::filesystem::path& path) {
  constexpr const char* kStart = "Start a node there: moescope-node --listen unix:PATH";
  switch (probe_socket(path)) {
    case SocketState::Missing:
      throw Error(path.string(), "", "there is no such socket", kStart);
    case SocketState::NoSocket:
      throw Error(path.string(), "", "is not a socket", "Name the socket that a node listens on");
    case SocketState::Refused:
      throw Error(path.string(), "", "nobody listens: the node there was killed", kStart);
    case SocketState::Denied:
      throw Error(path.string(), "", "may not be opened by this user",
                  "Run as the user who started the node");
    case SocketState::Answers:
      return;
  }
}

void prepare_socket(const std::filesystem::path& path) {
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  std::error_code error;
  std::filesystem::create_directories(folder.parent_path(), error);
  if (::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST)
    throw Error(folder.string(), "", std::string("cannot be made: ") + std::strerror(errno));
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
    throw Error(folder.string(), "", "is not a folder");
  if (status.st_uid != ::geteuid() || (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    throw Error(folder.string(), "", "is open to other users, and so would be the node",
                fmt::format("Name a socket in a separate folder, as {}/node/socket, or chmod 700",
                            folder.string()));
  switch (probe_socket(path)) {
    case SocketState::Missing:
      return;
    case SocketState::Refused:
      if (::unlink(path.c_str()) != 0)
        throw Error(path.string(), "", std::string("cannot be removed: ") + std::strerror(errno));
      return;
    case SocketState::Answers:
      throw Error(path.string(), "", "another node listens there",
                  "Stop it, or name another socket");
    case SocketState::NoSocket:
    case SocketState::Denied:
      throw Error(path.string(), "", "something else is there", "Name another socket");
  }
}

}  // namespace moescope
