// Unix sockets of nodes: what is at a path, and whether a node listens there.
#pragma once

#include <filesystem>

namespace moescope {

enum class SocketState {
  Missing,
  NoSocket,  ///< something else is there
  Refused,   ///< nobody listens: left over from a node that was killed
  Denied,    ///< this user may not open it
  Answers,
};
SocketState probe_socket(const std::filesystem::path& path);

/// Throws an Error that says why a client cannot connect.
void check_socket(const std::filesystem::path& path);

/// Prepares the path for listening: makes sure that its folder exists, belongs to the user and is
/// closed to others, and removes a stale socket. Throws Error, also when another node listens
/// there.
void prepare_socket(const std::filesystem::path& path);

}  // namespace moescope
