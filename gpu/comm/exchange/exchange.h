// The two all-to-alls of an MoE layer: dispatch sends tokens to the ranks of their experts, combine
// brings the experts' outputs back. One Exchange serves one micro-batch of all ranks of a unit.
#pragma once

#include <cstdint>

#include "gpu/base/exchange_wire.h"
#include "gpu/base/team.h"

namespace moescope::runtime {

/// Rows that reached a rank, grouped by its slots: those of local slot s are [offsets[s],
/// offsets[s + 1]), in order of source, token and choice. In memory of the rank, counts included.
struct ArrivedRows {
  const float* x = nullptr;               ///< [row][hidden]
  const std::int32_t* offsets = nullptr;  ///< [slots_per_rank + 1]
};

/// All calls of a member come from one thread at a time, in the order send, forward, receive,
/// group, return_outputs, reduce_node, await_outputs, collect; every member makes all of them for
/// every layer, also without tokens. Pointers are to memory of the rank: of the host on the CPU, of
/// the device on a GPU, where calls only queue work.
class Exchange {
 public:
  explicit Exchange(const ExchangeWire& wire) : wire_(wire) {}
  virtual ~Exchange() = default;

  /// Sends a row of `x` for each token. `epoch` of the plan that chose the slots travels with the
  /// counts; a receiver of another epoch throws Error.
  virtual void send(int member, const float* x, Choices choices, std::uint32_t epoch,
                    Team& team) = 0;
  /// Passes on what arrived for node peers (PerNode only; else nothing to do).
  virtual void forward(int member, Team& team) = 0;
  /// Waits for all tokens.
  virtual void receive(int member, Team& team) = 0;
  /// Sorts the received rows by slot; valid until the next group() of the member.
  virtual ArrivedRows group(int member, Team& team) = 0;
  /// Gives back the experts' outputs, [row][hidden] in the order of group(), unweighted.
  virtual void return_outputs(int member, const float* outputs, Team& team) = 0;
  /// Sums what the node computed for the tokens this member looks after (by_node() only).
  virtual void reduce_node(int member, Team& team) = 0;
  /// Waits for all outputs of the own tokens.
  virtual void await_outputs(int member, Team& team) = 0;
  /// Writes the weighted sum of each own token into `sum`.
  virtual void collect(int member, float* sum, Team& team) = 0;

  /// When all work is done: throws Error for failures of queued work.
  virtual void check() {}
  /// Likewise: what the member's rank has sent so far.
  virtual Traffic traffic(int member) = 0;

  const ExchangeWire& wire() const { return wire_; }

 private:
  ExchangeWire wire_;
};

}  // namespace moescope::runtime
