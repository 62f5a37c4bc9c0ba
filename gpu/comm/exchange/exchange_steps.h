// The steps of dispatch and combine as kernels do them. A step works for one rank; its workers (the
// warps of a grid) share tokens or peers among themselves. Peers are plain base pointers, counts
// stay where the rows are. Steps of one rank run one after the other; those of all ranks in the
// order of Exchange's calls.
#pragma once

#include "gpu/base/device_code.h"
#include "gpu/base/exchange_wire.h"

namespace moescope::runtime {

/// The first fault in the steps of a rank.
struct StepFault {
  enum Kind : std::uint32_t { None, OtherEpoch, NobodyCame };
  std::uint32_t kind = None;
  std::uint32_t detail = 0;  ///< the epoch that arrived; the flag that was waited for
};

/// The data of a rank's steps: its peers' memory and its own counters.
struct RankSide {
  ExchangeWire wire;
  int member = 0;
  std::uint32_t epoch = 0;                ///< of the plan in the current layer
  std::byte* const* windows = nullptr;    ///< base pointers, [window][member]
  std::uint64_t* const* flags = nullptr;  ///< of every member, kExchangeFlags counters
  std::uint64_t* traffic = nullptr;       ///< [bytes, transfers][purpose][link]
  std::int32_t* counts = nullptr;         ///< rows of each local slot
  std::int32_t* offsets = nullptr;        ///< [slots_per_rank + 1]
  std::int32_t* places = nullptr;         ///< row of each choice in order of slots, [source][token]
  StepFault* fault = nullptr;

  MOESCOPE_SHARED std::byte* window(ExchangeWindow window, int of) const {
    return windows[static_cast<int>(window) * wire.group.size + of];
  }
  MOESCOPE_SHARED std::uint64_t* flag(ExchangeFlag flag, int of) const {
    return flags[of] + static_cast<int>(flag);
  }
  MOESCOPE_SHARED int home() const { return wire.group.node_of(member); }
  MOESCOPE_SHARED int first_peer() const { return home() * wire.group.per_node(); }
  MOESCOPE_SHARED int end_peer() const { return first_peer() + wire.group.per_node(); }
  MOESCOPE_SHARED std::int32_t* places_of(int source, int token) const {
    return places +
           wire.token_index(source, token) * static_cast<std::size_t>(wire.shape.max_choices);
  }
};

/// A dispatched row where it lies.
struct RowView {
  const std::byte* data = nullptr;
  MOESCOPE_SHARED const RowFront& front() const { return *reinterpret_cast<const RowFront*>(data); }
  MOESCOPE_SHARED const Choice* choices() const {
    return reinterpret_cast<const Choice*>(data + sizeof(RowFront));
  }
};

struct ListView {
  const std::int32_t* tokens = nullptr;
  int count = 0;
};

/// True when `wanted` holds for one of the choices.
template <typename Wanted>
MOESCOPE_LANES bool any_choice(const Choice* choices, int count, const Wanted& wanted) {
  for (int i = 0; i < count; ++i)
    if (wanted(choices[i])) return true;
  return false;
}

template <typename Lanes>
MOESCOPE_LANES void count_bytes(const Lanes& lanes, const RankSide& side, int peer,
                                std::size_t bytes, Purpose purpose) {
  const int cell =
      static_cast<int>(purpose) * kLinks + static_cast<int>(side.wire.link(side.member, peer));
  lanes.add(side.traffic + cell, static_cast<std::uint64_t>(bytes));
  lanes.add(side.traffic + kPurposes * kLinks + cell, std::uint64_t{1});
}

/// A list that came to this rank; empty, with a fault, when it is of another plan.
template <typename Lanes>
MOESCOPE_LANES ListView read_list(const Lanes& lanes, const RankSide& side, ExchangeWindow which,
                                  int slot) {
  const std::byte* place = side.window(which, side.member) + side.wire.list_offset(slot);
  const auto& front = *reinterpret_cast<const ListFront*>(place);
  if (front.epoch != side.epoch) {
    lanes.fail(side.fault, {StepFault::OtherEpoch, front.epoch});
    return {};
  }
  return {reinterpret_cast<const std::int32_t*>(place + sizeof front), front.count};
}

template <typename Lanes>
MOESCOPE_LANES RowView row_of(const Lanes&, const RankSide& side, ExchangeWindow which, int source,
                              int token) {
  return {side.window(which, side.member) + side.wire.row_offset(source, token)};
}

/// Calls use(source, token, row) for this worker's share of the rows that arrived.
template <typename Lanes, typename Use>
MOESCOPE_LANES void for_arrivals(const Lanes& lanes, const RankSide& side, Share share,
                                 const Use& use) {
  for (int source = 0; source < side.wire.group.size; ++source) {
    const ListView list = read_list(lanes, side, ExchangeWindow::Lists, source);
    for (int i = share.first; i < list.count; i += share.step)
      use(source, list.tokens[i],
          row_of(lanes, side, ExchangeWindow::Rows, source, list.tokens[i]));
  }
}

/// Likewise for the rows to pass on to node peers: use(source, node, token, row).
template <typename Lanes, typename Use>
MOESCOPE_LANES void for_forwarded(const Lanes& lanes, const RankSide& side, Share share,
                                  const Use& use) {
  for (int node = 0; node < side.wire.group.nodes; ++node) {
    if (node == side.home()) continue;
    const ListView list = read_list(lanes, side, ExchangeWindow::ForwardLists, node);
    for (int i = share.first; i < list.count; i += share.step)
      use(side.wire.rail(node, side.member), list.tokens[i],
          row_of(lanes, side, ExchangeWindow::ForwardRows, node, list.tokens[i]));
  }
}

/// Writes the list of those of `count` tokens that are wanted into a peer's window and raises its
/// flag: everything that went there before is then seen.
template <typename Lanes, typename TokenAt, typename Wanted>
MOESCOPE_LANES void put_list(const Lanes& lanes, const RankSide& side, int to, ExchangeWindow which,
                             int slot, ExchangeFlag flag, int count, const TokenAt& token_at,
                             const Wanted& wanted) {
  std::byte* place = side.window(which, to) + side.wire.list_offset(slot);
  auto* tokens = reinterpret_cast<std::int32_t*>(place + sizeof(ListFront));
  int written = 0;
  for (int first = 0; first < count; first += lanes.width()) {
    const int i = first + lanes.lane();
    const int token = i < count ? token_at(i) : 0;
    const bool keep = i < count && wanted(token);
    int total = 0;
    const int before = lanes.prefix(keep ? 1 : 0, total);
    if (keep) tokens[written + before] = token;
    written += total;
  }
  if (lanes.lane() == 0) *reinterpret_cast<ListFront*>(place) = {side.epoch, written};
  count_bytes(lanes, side, to,
              sizeof(ListFront) + static_cast<std::size_t>(written) * sizeof(std::int32_t),
              Purpose::Control);
  lanes.sync();
  lanes.signal(side.flag(flag, to));
}

}  // namespace moescope::runtime
