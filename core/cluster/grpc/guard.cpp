#include "core/cluster/grpc/guard.h"

#include <grpc/grpc_security_constants.h>

#include "core/cluster/wire/bounded_text.h"
#include "core/cluster/wire/target.h"
#include "core/cluster/wire/wire_types.h"

namespace moescope {
namespace {

/// Compares all bytes in constant time, so that timing reveals nothing.
bool same_secret(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i] ^ b[b.empty() ? 0 : i % b.size()]);
  return difference == 0;
}

std::string_view view(grpc::string_ref text) {
  return {text.data(), text.size()};
}

}  // namespace

grpc::Status Guard::admit(const grpc::CallbackServerContext& context, Caller& caller) const {
  if (!token_.empty()) {
    const auto& metadata = context.client_metadata();
    const auto it = metadata.find(kTokenMetadata);
    if (it == metadata.end() || !same_secret(view(it->second), token_))
      return {grpc::StatusCode::UNAUTHENTICATED, "the token is missing or wrong"};
  }
  const std::string peer = context.peer();
  caller.name = bounded_text(peer, kMaxNameBytes);
  caller.role = PeerRole::Operator;
  if (!peer.starts_with("unix:")) caller.identity = peer;
  if (!tls_) return grpc::Status::OK;
  caller.role = PeerRole::Viewer;
  const auto identity = context.auth_context();
  for (const auto& name : identity->FindPropertyValues(GRPC_X509_CN_PROPERTY_NAME))
    caller.name = bounded_text(view(name), kMaxNameBytes - peer.size() - 4) + " at " + caller.name;
  for (const auto& pem : identity->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME))
    caller.identity = std::string(view(pem));
  // Other kinds of alternative names are not compared: an authority that signs host names or mail
  // addresses for others must not thereby make operators.
  for (const auto& uri : identity->FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME))
    if (view(uri) == kOperatorUri) caller.role = PeerRole::Operator;
  return grpc::Status::OK;
}

}  // namespace moescope
