// Nodes that tokens must reach beyond their own, counted with the routes of single tokens.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "core/placement/evaluate.h"
#include "core/placement/plan.h"

namespace moescope {

using NodesOfExperts = std::vector<std::vector<int>>;  ///< [expert], in the order of its slots

/// Nodes that hold one of `slots`, each once.
std::vector<int> nodes_of_slots(const Plan& plan, const std::vector<int>& slots, int slots_per_gpu);

/// Nodes a token visits beyond its own. Tokens start on the nodes in turn; an expert with a replica
/// on the token's node or on a node that it visits anyway costs nothing more, another one its
/// replicas in turn.
/// @param visited scratch, kept by the caller between tokens
int remote_nodes_of_token(std::span<const std::int16_t> experts, std::size_t token,
                          const NodesOfExperts& nodes_of, int nodes, std::vector<int>& visited);

/// Remote nodes of one layer, kept up to date by the tokens of the experts that moved.
class RemoteCounter {
 public:
  /// Counts at most `limit` tokens, spread evenly over the routes.
  RemoteCounter(const Routes& routes, int layer, int nodes, NodesOfExperts nodes_of,
                std::size_t limit);

  double per_token() const;
  std::size_t tokens() const { return token_.size(); }
  /// Experts and the nodes that hold them now; only their tokens are counted again.
  void update(std::vector<std::pair<int, std::vector<int>>> moved);

 private:
  int count(std::size_t index);

  int top_k_, nodes_;
  NodesOfExperts nodes_of_;
  std::vector<std::uint32_t> token_;   ///< number of each counted token in the routes
  std::vector<std::int16_t> experts_;  ///< [counted token][top_k]
  std::vector<std::uint32_t> first_;   ///< [expert + 1] into users_
  std::vector<std::uint32_t> users_;   ///< counted tokens by expert
  std::vector<std::uint16_t> remote_;  ///< [counted token]
  std::vector<std::uint32_t> seen_;    ///< [counted token] last update that counted it
  std::uint32_t update_ = 0;
  std::uint64_t total_ = 0;
  std::vector<int> visited_;
};

}  // namespace moescope
