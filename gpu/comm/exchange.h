// The two all-to-alls of an MoE layer: dispatch sends tokens to the ranks of their experts, combine
// brings the experts' outputs back. One Exchange serves one micro-batch of all ranks of a unit.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "gpu/comm/address_space.h"
#include "gpu/compute/team.h"

namespace moescope::runtime {

/// The ranks of a unit: consecutive in the address space, the same number on every node.
struct Group {
  int first = 0;  ///< address-space rank of member 0
  int size = 1;
  int nodes = 1;
  int per_node() const { return size / nodes; }
  int node_of(int member) const { return member / per_node(); }
  /// Node of every member, for the constructor of AddressSpace.
  std::vector<int> node_table() const;
};

enum class DispatchMode : std::uint8_t {
  PerNode,  ///< once to each node, forwarded inside by the rank with the sender's local index
  Direct,   ///< to every rank that needs the token
};
enum class CombineMode : std::uint8_t {
  Ordered,       ///< every output travels alone and is summed in the gate's order
  Hierarchical,  ///< summed per rank, then (PerNode) per node, then at the token's owner
};

struct ExchangeShape {
  int hidden = 0;
  int max_choices = 0;     ///< experts a token may go to
  int max_tokens = 0;      ///< tokens of one rank in one micro-batch
  int slots_per_rank = 1;  ///< slot s is on member s / slots_per_rank
};

/// One chosen slot of a token.
struct Choice {
  std::int32_t slot = 0;
  std::int32_t order = 0;  ///< place among the token's choices
  float weight = 0;
};

/// A token that arrived at a rank with the choices that this rank serves.
struct Arrival {
  int source = 0;  ///< member that owns the token
  int token = 0;   ///< row in the owner's micro-batch
  std::vector<Choice> choices;
  const float* x = nullptr;  ///< `hidden` floats in this rank's memory
};

/// All calls of a member come from one thread at a time, in the order send, forward, receive,
/// return_outputs, reduce_node, await_outputs, collect; every member makes all of them for every
/// layer, also without tokens.
class Exchange {
 public:
  Exchange(AddressSpace& space, Group group, ExchangeShape shape, DispatchMode dispatch,
           CombineMode combine);
  ~Exchange();

  /// Sends `tokens` rows of `x`; choices[token] are in the gate's order. `epoch` of the plan that
  /// chose the slots travels with the counts; a receiver of another epoch throws Error.
  void send(int member, const float* x, std::span<const std::vector<Choice>> choices,
            std::uint32_t epoch, Team& team);
  /// Passes on what arrived for node peers (PerNode only; else nothing to do).
  void forward(int member);
  /// Waits for all tokens; ordered by source, then token.
  const std::vector<Arrival>& receive(int member);
  /// What receive() found; stays until the next receive() of the member.
  const std::vector<Arrival>& arrivals(int member) const;
  /// Gives back the outputs of the arrivals: outputs[i] has one row of `hidden` floats for each
  /// choice of arrival i, unweighted.
  void return_outputs(int member, std::span<const float* const> outputs);
  /// Sums what the node computed for the tokens this member looks after (Hierarchical only).
  void reduce_node(int member);
  /// Waits for all outputs of the own tokens.
  void await_outputs(int member);
  /// Writes the weighted sum of each own token into `sum`.
  void collect(int member, float* sum, Team& team);

  /// Outputs are reduced inside a node before they leave it.
  bool by_node() const {
    return combine_ == CombineMode::Hierarchical && dispatch_ == DispatchMode::PerNode;
  }
  /// Bytes of one dispatched row and of one returned row.
  std::size_t row_bytes() const { return row_bytes_; }
  std::size_t output_bytes() const { return output_bytes_; }

 private:
  struct Member;

  int rank(int member) const { return group_.first + member; }
  int serving(const Choice& choice) const { return choice.slot / shape_.slots_per_rank; }
  int rail(int node, int member) const {
    return node * group_.per_node() + member % group_.per_node();
  }
  std::size_t row_offset(int source, int token) const;
  std::size_t list_offset(int source) const;
  void pack(int token, const float* x, std::span<const Choice> choices,
            std::vector<std::byte>& row) const;
  std::vector<Choice> choices_of(const std::byte* row) const;
  void write_list(int from, int to, WindowId window, int slot, const std::vector<int>& tokens);
  std::vector<int> read_list(int member, WindowId window, int slot) const;
  std::size_t list_bytes() const;
  /// Members that serve `choices`, ascending; only those of `node` when it is not negative.
  std::vector<int> servers(std::span<const Choice> choices, int node) const;
  void send_direct(int member, int token, const float* x);
  void send_per_node(int member, int token, const float* x);
  void spread(int member, int source, std::span<const Choice> choices, int token,
              std::span<const std::byte> row, Purpose purpose);
  void list_direct(int member);
  void list_per_node(int member);
  void announce(int member, int source, const std::vector<std::vector<int>>& lists);
  void write_part(int member, const Arrival& arrival, std::size_t part, const float* y);
  std::size_t partial_offset(int source, int token) const;
  const float* part_of(int member, std::size_t token, std::size_t part) const;
  void sum_choices(int member, std::size_t token, float* row) const;
  void sum_parts(int member, std::size_t token, float* row);
  void sum_partials(int member, int source, int token, std::span<const Choice> choices,
                    std::span<float> sum);

  AddressSpace& space_;
  Group group_;
  ExchangeShape shape_;
  DispatchMode dispatch_;
  CombineMode combine_;
  std::size_t row_bytes_, output_bytes_;
  std::size_t parts_ = 0;  ///< places a token has for what comes back
  WindowId rows_, lists_, forward_rows_, forward_lists_, outputs_, partials_;
  FlagId arrived_, forwarded_, partial_ready_, returned_;
  std::vector<std::unique_ptr<Member>> members_;
};

}  // namespace moescope::runtime
