// Unix sockets of nodes: what lies at a path, and whether anybody listens there.
#pragma once

#include <filesystem>

namespace moescope {

enum class SocketState {
  Missing,
  NoSocket,  ///< something else lies there
  Refused,   ///< nobody listens: left over from a node that was killed
  Denied,    ///< this user may not open it
  Answers,
};
SocketState probe_socket(const std::filesystem::path& path);

/// Throws Error that says why a client cannot get in.
void check_socket(const std::filesystem::path& path);

/// Makes the path ready to listen on: its folder exists, is the user's own and closed to others; a
/// socket left over is removed. Throws Error, also when another node listens there.
void prepare_socket(const std::filesystem::path& path);

}  // namespace moescope
