// Dispatch, step by step: see exchange_steps.h.
#pragma once

#include "gpu/comm/exchange/exchange_steps.h"

namespace moescope::runtime {

/// Waits until a flag of the rank has been raised `value` times.
struct WaitForFlag {
  RankSide side;
  ExchangeFlag flag = ExchangeFlag::Arrived;
  std::uint64_t value = 0;

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    if (share.first != 0) return;  // one worker is enough
    if (!lanes.reached(side.flag(flag, side.member), value))
      lanes.fail(side.fault, {StepFault::NobodyCame, static_cast<std::uint32_t>(flag)});
  }
};

/// Writes the own rows into the windows of those who serve or forward them.
struct SendRows {
  RankSide side;
  const float* x = nullptr;
  Choices choices;

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    for (int token = share.first; token < choices.tokens; token += share.step)
      if (side.wire.per_node())
        to_nodes(lanes, token);
      else
        to_ranks(lanes, token);
  }

 private:
  template <typename Lanes>
  MOESCOPE_LANES void to_ranks(const Lanes& lanes, int token) const {
    for (int target = 0; target < side.wire.group.size; ++target)
      put(lanes, token, target, ExchangeWindow::Rows, side.member,
          [&](const Choice& c) { return side.wire.serving(c) == target; });
  }
  template <typename Lanes>
  MOESCOPE_LANES void to_nodes(const Lanes& lanes, int token) const {
    const int home = side.home();
    for (int node = 0; node < side.wire.group.nodes; ++node)
      if (node != home)
        put(lanes, token, side.wire.rail(node, side.member), ExchangeWindow::ForwardRows, home,
            [&](const Choice& c) { return side.wire.group.node_of(side.wire.serving(c)) == node; });
    const auto at_home = [&](const Choice& c) {
      return side.wire.group.node_of(side.wire.serving(c)) == home;
    };
    for (int target = side.first_peer(); target < side.end_peer(); ++target)
      if (any_choice(choices.of(token), choices.per_token,
                     [&](const Choice& c) { return side.wire.serving(c) == target; }))
        put(lanes, token, target, ExchangeWindow::Rows, side.member, at_home);
  }
  /// The row with those choices that are `wanted`; nothing when there are none.
  template <typename Lanes, typename Wanted>
  MOESCOPE_LANES void put(const Lanes& lanes, int token, int to, ExchangeWindow window, int slot,
                          const Wanted& wanted) const {
    const Choice* all = choices.of(token);
    if (!any_choice(all, choices.per_token, wanted)) return;
    std::byte* row = side.window(window, to) + side.wire.row_offset(slot, token);
    if (lanes.lane() == 0) {
      RowFront front{token, 0};
      auto* kept = reinterpret_cast<Choice*>(row + sizeof front);
      for (int i = 0; i < choices.per_token; ++i)
        if (wanted(all[i])) kept[front.count++] = all[i];
      *reinterpret_cast<RowFront*>(row) = front;
    }
    lanes.copy(
        row + side.wire.state_offset(),
        x + static_cast<std::size_t>(token) * static_cast<std::size_t>(side.wire.shape.hidden),
        side.wire.output_bytes());
    count_bytes(lanes, side, to, side.wire.row_bytes(), Purpose::Dispatch);
  }
};

/// After SendRows: sends every receiver the list of its tokens.
struct SendLists {
  RankSide side;
  Choices choices;

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    const Group& group = side.wire.group;
    const int nodes = side.wire.per_node() ? group.nodes : 0;
    const int first = side.wire.per_node() ? side.first_peer() : 0;
    const int ranks = side.wire.per_node() ? group.per_node() : group.size;
    for (int job = share.first; job < nodes + ranks; job += share.step)
      if (job >= nodes)
        to_rank(lanes, first + job - nodes);
      else if (job != side.home())
        to_node(lanes, job);
  }

 private:
  template <typename Lanes>
  MOESCOPE_LANES void to_rank(const Lanes& lanes, int target) const {
    list(lanes, target, ExchangeWindow::Lists, side.member, ExchangeFlag::Arrived,
         [&](const Choice& c) { return side.wire.serving(c) == target; });
  }
  template <typename Lanes>
  MOESCOPE_LANES void to_node(const Lanes& lanes, int node) const {
    list(lanes, side.wire.rail(node, side.member), ExchangeWindow::ForwardLists, side.home(),
         ExchangeFlag::Forwarded,
         [&](const Choice& c) { return side.wire.group.node_of(side.wire.serving(c)) == node; });
  }
  template <typename Lanes, typename Wanted>
  MOESCOPE_LANES void list(const Lanes& lanes, int to, ExchangeWindow window, int slot,
                           ExchangeFlag flag, const Wanted& wanted) const {
    put_list(
        lanes, side, to, window, slot, flag, choices.tokens, [](int i) { return i; },
        [&](int token) { return any_choice(choices.of(token), choices.per_token, wanted); });
  }
};

/// Passes rows from other nodes on to the node peers that serve them.
struct ForwardRows {
  RankSide side;

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    for_forwarded(lanes, side, share, [&](int source, int token, RowView row) {
      for (int target = side.first_peer(); target < side.end_peer(); ++target) {
        if (!any_choice(row.choices(), row.front().count,
                        [&](const Choice& c) { return side.wire.serving(c) == target; }))
          continue;
        lanes.copy(side.window(ExchangeWindow::Rows, target) + side.wire.row_offset(source, token),
                   row.data, side.wire.row_bytes());
        count_bytes(lanes, side, target, side.wire.row_bytes(), Purpose::Forward);
      }
    });
  }
};

/// After ForwardRows: sends the node peers the list of their tokens.
struct ForwardLists {
  RankSide side;

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    const int peers = side.wire.group.per_node();
    for (int job = share.first; job < side.wire.group.nodes * peers; job += share.step) {
      const int node = job / peers, target = side.first_peer() + job % peers;
      if (node == side.home()) continue;
      const ListView all = read_list(lanes, side, ExchangeWindow::ForwardLists, node);
      put_list(
          lanes, side, target, ExchangeWindow::Lists, side.wire.rail(node, side.member),
          ExchangeFlag::Arrived, all.count, [&](int i) { return all.tokens[i]; },
          [&](int token) {
            const RowView row = row_of(lanes, side, ExchangeWindow::ForwardRows, node, token);
            return any_choice(row.choices(), row.front().count,
                              [&](const Choice& c) { return side.wire.serving(c) == target; });
          });
    }
  }
};

/// Counts the rows that arrived for each local slot; a worker takes whole slots.
struct CountRows {
  RankSide side;

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    for (int slot = share.first; slot < side.wire.shape.slots_per_rank; slot += share.step) {
      int total = 0;
      for (int source = 0; source < side.wire.group.size; ++source)
        total += rows(lanes, source, slot, [](int, int, int) {});
      if (lanes.lane() == 0) side.counts[slot] = total;
    }
  }
  /// Calls place(token, choice, number before it) for each choice of `slot` among the rows from
  /// `source`, and returns how many there are.
  template <typename Lanes, typename Place>
  MOESCOPE_LANES int rows(const Lanes& lanes, int source, int slot, const Place& place) const {
    const int wanted = side.member * side.wire.shape.slots_per_rank + slot;
    const ListView list = read_list(lanes, side, ExchangeWindow::Lists, source);
    int found = 0;
    for (int first = 0; first < list.count; first += lanes.width()) {
      const int i = first + lanes.lane();
      const int token = i < list.count ? list.tokens[i] : 0;
      const RowView row = row_of(lanes, side, ExchangeWindow::Rows, source, token);
      const int choices = i < list.count ? row.front().count : 0;
      int own = 0, total = 0;
      for (int j = 0; j < choices; ++j) own += row.choices()[j].slot == wanted ? 1 : 0;
      int next = found + lanes.prefix(own, total);
      for (int j = 0; j < choices; ++j)
        if (row.choices()[j].slot == wanted) place(token, j, next++);
      found += total;
    }
    return found;
  }
};

/// After CountRows: gives every arrived choice its row, in order of slot, source, token.
struct PlaceRows {
  RankSide side;

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    const int slots = side.wire.shape.slots_per_rank;
    for (int slot = share.first; slot < slots; slot += share.step) {
      int next = 0;
      for (int s = 0; s < slot; ++s) next += side.counts[s];
      if (lanes.lane() == 0) {
        side.offsets[slot] = next;
        if (slot + 1 == slots) side.offsets[slots] = next + side.counts[slot];
      }
      for (int source = 0; source < side.wire.group.size; ++source)
        next += CountRows{side}.rows(lanes, source, slot, [&](int token, int choice, int before) {
          side.places_of(source, token)[choice] = next + before;
        });
    }
  }
};

/// After PlaceRows: copies the rows into that order, [row][hidden].
struct GatherRows {
  RankSide side;
  float* grouped = nullptr;

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    const auto hidden = static_cast<std::size_t>(side.wire.shape.hidden);
    for_arrivals(lanes, side, share, [&](int source, int token, RowView row) {
      for (int j = 0; j < row.front().count; ++j)
        if (side.wire.serving(row.choices()[j]) == side.member)
          lanes.copy(grouped + static_cast<std::size_t>(side.places_of(source, token)[j]) * hidden,
                     row.data + side.wire.state_offset(), side.wire.output_bytes());
    });
  }
};

}  // namespace moescope::runtime
