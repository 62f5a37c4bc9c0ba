#include "core/cluster/wire/target.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <charconv>

#include "core/cluster/wire/certificate.h"
#include "core/error.h"
#include "core/files.h"

namespace moescope {
namespace {

constexpr std::string_view kUnix = "unix:";
/// sockaddr_un has 108 bytes, the last of them 0.
constexpr std::size_t kMaxSocketPath = 107;
constexpr std::size_t kMaxSecret = std::size_t{1} << 20;
constexpr const char* kGiveTls = "Give the certificate authority, your certificate and its key";
constexpr const char* kTlsOptions = "--tls-ca, --tls-cert, --tls-key";

[[noreturn]] void bad_target(const std::string& text, const std::string& problem) {
  throw Error(text, "", problem, "Give unix:PATH, HOST:PORT or [IPV6]:PORT");
}

/// A file whose content must stay private.
std::string read_private(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    throw Error(path.string(), "", "can be read by others",
                fmt::format("Run chmod 600 {}, and make a new secret", path.string()));
  return read_text_file(path, kMaxSecret);
}

std::string trimmed(std::string text) {
  const auto last = text.find_last_not_of(" \t\r\n");
  text.erase(last == std::string::npos ? 0 : last + 1);
  return text;
}

}  // namespace

NodeTarget parse_target(const std::string& text) {
  NodeTarget target;
  target.text = text;
  if (text.starts_with(kUnix)) {
    target.socket = text.substr(kUnix.size());
    if (target.socket.empty()) bad_target(text, "names no socket");
    if (target.socket.string().size() > kMaxSocketPath)
      bad_target(text,
                 fmt::format("is longer than the {} bytes of a socket's path", kMaxSocketPath));
    return target;
  }
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) bad_target(text, "is not an address of a node");
  target.host = text.substr(0, colon);
  if (target.host.front() == '[' && target.host.back() == ']')
    target.host = target.host.substr(1, target.host.size() - 2);
  else if (target.host.find(':') != std::string::npos)
    bad_target(text, "is not an address of a node");
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, target.port);
  if (error != std::errc() || rest != end || target.port < 0 || target.port > 65535)
    bad_target(text, "has no port from 0 to 65535");
  return target;
}

bool NodeTarget::loopback() const {
  in_addr v4{};
  in6_addr v6{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  if (::inet_pton(AF_INET6, host.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  return host == "localhost";
}

void check_security(const NodeTarget& target, const PeerFiles& files) {
  if (files.tls()) {
    if (target.local_socket())
      throw Error(target.text, "", "TLS is not used on a Unix socket", "Leave the TLS files out");
    if (files.tls_ca.empty() || files.tls_cert.empty() || files.tls_key.empty())
      throw Error(target.text, "", "TLS is mutual and needs all three files", kGiveTls,
                  kTlsOptions);
    return;
  }
  if (target.local_socket()) return;
  if (!target.loopback())
    throw Error(target.text, "", "is not this machine, and there mutual TLS is mandatory", kGiveTls,
                kTlsOptions);
  if (files.token.empty())
    throw Error(target.text, "", "a TCP port of this machine is open to every user of it",
                "Give a token file, or use unix:PATH", "--token-file");
}

PeerSecrets read_secrets(const PeerFiles& files) {
  PeerSecrets secrets;
  if (!files.token.empty()) {
    constexpr std::size_t kLeastToken = 16;
    secrets.token = trimmed(read_private(files.token));
    if (secrets.token.size() < kLeastToken ||
        secrets.token.find_first_of("\r\n \t") != std::string::npos)
      throw Error(files.token.string(), "",
                  fmt::format("holds no token: one word of at least {} characters", kLeastToken),
                  "Make one: openssl rand -hex 32");
  }
  if (!files.tls()) return secrets;
  secrets.ca = read_text_file(files.tls_ca, kMaxSecret);
  secrets.cert = read_text_file(files.tls_cert, kMaxSecret);
  secrets.key = read_private(files.tls_key);
  check_certificate(secrets.cert, files.tls_cert, secrets.key, files.tls_key);
  return secrets;
}

}  // namespace moescope
