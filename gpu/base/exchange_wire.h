// Memory layout of what ranks send in dispatch and combine: the same bytes on the CPU and on a GPU.
// Only plain values, so that a kernel can take them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gpu/base/device_code.h"
#include "gpu/base/traffic.h"

namespace moescope::runtime {

/// The ranks of a unit: consecutive in the address space, the same number on every node.
struct Group {
  int first = 0;  ///< address-space rank of member 0
  int size = 1;
  int nodes = 1;
  MOESCOPE_SHARED int per_node() const { return size / nodes; }
  MOESCOPE_SHARED int node_of(int member) const { return member / per_node(); }
  /// Node of every member, for the constructor of AddressSpace.
  std::vector<int> node_table() const;
};

enum class DispatchMode : std::uint8_t {
  PerNode,  ///< once to each node, forwarded inside by the rank with the sender's local index
  Direct,   ///< to every rank that needs the token
};
enum class CombineMode : std::uint8_t {
  Ordered,       ///< every output is sent separately and summed in the gate's order
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

/// The choices of all tokens, [token][per_token] in the gate's order, in memory of the rank.
struct Choices {
  const Choice* data = nullptr;
  int tokens = 0, per_token = 0;
  MOESCOPE_SHARED const Choice* of(int token) const {
    return data + static_cast<std::size_t>(token) * static_cast<std::size_t>(per_token);
  }
};

/// Front of a dispatched row; room for `max_choices` choices and the hidden state follow.
struct RowFront {
  std::int32_t token = 0;
  std::int32_t count = 0;
};

/// Front of a list of tokens.
struct ListFront {
  std::uint32_t epoch = 0;  ///< of the sender's plan
  std::int32_t count = 0;
};

/// What every rank has memory for.
enum class ExchangeWindow : std::uint8_t {
  Rows,          ///< arrived, [source][token]
  Lists,         ///< which tokens arrived, [source]
  ForwardRows,   ///< to pass on, [node of the source][token]
  ForwardLists,  ///< likewise
  Outputs,       ///< what came back, [token][part]
  Partials,      ///< sums of one rank that its node adds up, [source][token]
};
inline constexpr int kExchangeWindows = 6;

/// Counters that a rank waits for.
enum class ExchangeFlag : std::uint8_t { Arrived, Forwarded, PartialReady, Returned };
inline constexpr int kExchangeFlags = 4;

/// Sizes and offsets that follow from the shape; bytes.
struct ExchangeWire {
  Group group;
  ExchangeShape shape;
  DispatchMode dispatch = DispatchMode::PerNode;
  CombineMode combine = CombineMode::Ordered;

  MOESCOPE_SHARED bool per_node() const { return dispatch == DispatchMode::PerNode; }
  MOESCOPE_SHARED bool ordered() const { return combine == CombineMode::Ordered; }
  /// Outputs are reduced inside a node before they leave it.
  MOESCOPE_SHARED bool by_node() const { return !ordered() && per_node(); }
  MOESCOPE_SHARED int serving(const Choice& choice) const {
    return choice.slot / shape.slots_per_rank;
  }
  /// The member of `node` with the local index of `member`.
  MOESCOPE_SHARED int rail(int node, int member) const {
    return node * group.per_node() + member % group.per_node();
  }
  MOESCOPE_SHARED std::size_t output_bytes() const { return size(shape.hidden) * sizeof(float); }
  MOESCOPE_SHARED std::size_t row_bytes() const {
    return sizeof(RowFront) + size(shape.max_choices) * sizeof(Choice) + output_bytes();
  }
  /// The hidden state of a row.
  MOESCOPE_SHARED std::size_t state_offset() const { return row_bytes() - output_bytes(); }
  MOESCOPE_SHARED std::size_t list_bytes() const {
    return sizeof(ListFront) + size(shape.max_tokens) * sizeof(std::int32_t);
  }
  MOESCOPE_SHARED std::size_t token_index(int source, int token) const {
    return size(source) * size(shape.max_tokens) + size(token);
  }
  MOESCOPE_SHARED std::size_t row_offset(int source, int token) const {
    return token_index(source, token) * row_bytes();
  }
  MOESCOPE_SHARED std::size_t list_offset(int source) const { return size(source) * list_bytes(); }
  /// Places a token has for what comes back.
  MOESCOPE_SHARED int parts() const {
    return ordered() ? shape.max_choices : per_node() ? group.nodes : group.size;
  }
  MOESCOPE_SHARED std::size_t part_offset(int token, int part) const {
    return (size(token) * size(parts()) + size(part)) * output_bytes();
  }
  MOESCOPE_SHARED std::size_t partial_offset(int source, int token) const {
    return token_index(source, token) * output_bytes();
  }
  /// Rows that may reach the experts of one rank.
  MOESCOPE_SHARED std::size_t most_rows() const {
    return token_index(group.size, 0) * size(shape.max_choices);
  }
  MOESCOPE_SHARED Link link(int a, int b) const {
    if (a == b) return Link::SameGpu;
    return group.node_of(a) == group.node_of(b) ? Link::NvLink : Link::Ib;
  }
  /// What a rank needs for a window.
  std::size_t window_bytes(ExchangeWindow window) const;
  /// Members beginning after `member`, so that not all begin with the same receiver: all of them,
  /// those of its node, and those with its local index in the other nodes.
  std::vector<int> members_after(int member) const;
  std::vector<int> node_after(int member) const;
  std::vector<int> rails_after(int member) const;

 private:
  MOESCOPE_SHARED static std::size_t size(int n) { return static_cast<std::size_t>(n); }
};

}  // namespace moescope::runtime
