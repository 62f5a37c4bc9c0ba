// Addresses of nodes, and credentials of peers.
#pragma once

#include <filesystem>
#include <string>

namespace moescope {

/// "unix:PATH" or "host:port" ("[::1]:port" for IPv6).
struct NodeTarget {
  std::string text;              ///< as the user wrote it
  std::filesystem::path socket;  ///< of "unix:", else empty
  std::string host;
  int port = 0;

  bool local_socket() const { return !socket.empty(); }
  /// localhost, 127.0.0.0/8 or ::1.
  bool loopback() const;
};

/// Throws an Error that shows the expected form.
NodeTarget parse_target(const std::string& text);

/// Credentials of a client or a node; empty where not given.
struct PeerFiles {
  std::filesystem::path token;     ///< shared secret on loopback TCP, mode 0600
  std::filesystem::path tls_ca;    ///< certificates that sign the peers', PEM
  std::filesystem::path tls_cert;  ///< own certificate, PEM
  std::filesystem::path tls_key;   ///< its key, PEM, not readable by others

  bool tls() const { return !tls_ca.empty() || !tls_cert.empty() || !tls_key.empty(); }
};

/// A certificate with this subject alternative name, which must be a URI, may change the node.
inline constexpr const char* kOperatorUri = "moescope:operator";

/// Checks that `files` has what the target needs: nothing on a Unix socket, a token or TLS on
/// loopback, TLS elsewhere. Throws an Error that names the missing files.
void check_security(const NodeTarget& target, const PeerFiles& files);
/// Texts of the files.
struct PeerSecrets {
  std::string token, ca, cert, key;
};
/// Throws Error when one is missing, unreadable, too large, or a secret that others can read; when
/// the certificate is not valid now, or the key is not its.
PeerSecrets read_secrets(const PeerFiles& files);

}  // namespace moescope
