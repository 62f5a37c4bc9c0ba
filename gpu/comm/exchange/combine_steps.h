// Combine, step by step: see exchange_steps.h. Every sum has one order, so that results do not
// depend on the number of workers.
#pragma once

#include "gpu/comm/exchange/exchange_steps.h"

namespace moescope::runtime {

/// Gives the experts' outputs back, one by one or summed for the token over this rank's choices.
struct ReturnRows {
  RankSide side;
  const float* outputs = nullptr;  ///< [row][hidden] in the order of PlaceRows

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    for_arrivals(lanes, side, share, [&](int source, int token, RowView row) {
      if (side.wire.ordered())
        one_by_one(lanes, source, token, row);
      else
        summed(lanes, source, token, row);
    });
  }

 private:
  MOESCOPE_SHARED const float* output(int source, int token, int choice) const {
    return outputs + static_cast<std::size_t>(side.places_of(source, token)[choice]) *
                         static_cast<std::size_t>(side.wire.shape.hidden);
  }
  template <typename Lanes>
  MOESCOPE_LANES void one_by_one(const Lanes& lanes, int source, int token, RowView row) const {
    for (int j = 0; j < row.front().count; ++j) {
      const Choice& choice = row.choices()[j];
      if (side.wire.serving(choice) != side.member) continue;
      lanes.copy(
          side.window(ExchangeWindow::Outputs, source) + side.wire.part_offset(token, choice.order),
          output(source, token, j), side.wire.output_bytes());
      count_bytes(lanes, side, source, side.wire.output_bytes(), Purpose::Combine);
    }
  }
  template <typename Lanes>
  MOESCOPE_LANES void summed(const Lanes& lanes, int source, int token, RowView row) const {
    const bool direct = !side.wire.per_node();
    auto* to =
        reinterpret_cast<float*>(direct ? side.window(ExchangeWindow::Outputs, source) +
                                              side.wire.part_offset(token, side.member)
                                        : side.window(ExchangeWindow::Partials, side.member) +
                                              side.wire.partial_offset(source, token));
    for (int d = lanes.lane(); d < side.wire.shape.hidden; d += lanes.width()) {
      float sum = 0;
      for (int j = 0; j < row.front().count; ++j)
        if (side.wire.serving(row.choices()[j]) == side.member)
          sum += row.choices()[j].weight * output(source, token, j)[d];
      to[d] = sum;
    }
    if (direct) count_bytes(lanes, side, source, side.wire.output_bytes(), Purpose::Combine);
  }
};

/// After ReturnRows: signals the waiting ranks.
struct ReturnSignals {
  RankSide side;

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    const bool inside = side.wire.by_node();
    const int first = inside ? side.first_peer() : 0;
    const int end = inside ? side.end_peer() : side.wire.group.size;
    const ExchangeFlag flag = inside ? ExchangeFlag::PartialReady : ExchangeFlag::Returned;
    for (int target = first + share.first; target < end; target += share.step)
      lanes.signal(side.flag(flag, target));
  }
};

/// The partial sums that the ranks of this node made for a token, added in order of the ranks.
struct NodeSum {
  const RankSide& side;
  const Choice* choices = nullptr;
  int count = 0;
  int source = 0, token = 0;

  MOESCOPE_LANES bool serves(int server) const {
    return any_choice(choices, count,
                      [&](const Choice& c) { return side.wire.serving(c) == server; });
  }
  MOESCOPE_LANES float at(int d) const {
    float sum = 0;
    for (int server = side.first_peer(); server < side.end_peer(); ++server)
      if (serves(server))
        sum += reinterpret_cast<const float*>(side.window(ExchangeWindow::Partials, server) +
                                              side.wire.partial_offset(source, token))[d];
    return sum;
  }
  template <typename Lanes>
  MOESCOPE_LANES void count_reads(const Lanes& lanes) const {
    for (int server = side.first_peer(); server < side.end_peer(); ++server)
      if (serves(server))
        count_bytes(lanes, side, server, side.wire.output_bytes(), Purpose::Combine);
  }
};

/// Sums what the node computed for tokens of other nodes that this rank looks after.
struct ReduceRows {
  RankSide side;

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    for_forwarded(lanes, side, share, [&](int source, int token, RowView row) {
      const NodeSum sum{side, row.choices(), row.front().count, source, token};
      auto* to = reinterpret_cast<float*>(side.window(ExchangeWindow::Outputs, source) +
                                          side.wire.part_offset(token, side.home()));
      for (int d = lanes.lane(); d < side.wire.shape.hidden; d += lanes.width()) to[d] = sum.at(d);
      sum.count_reads(lanes);
      count_bytes(lanes, side, source, side.wire.output_bytes(), Purpose::Combine);
    });
  }
};

/// After ReduceRows: signals the tokens' owners.
struct ReduceSignals {
  RankSide side;

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    for (int node = share.first; node < side.wire.group.nodes; node += share.step)
      if (node != side.home())
        lanes.signal(side.flag(ExchangeFlag::Returned, side.wire.rail(node, side.member)));
  }
};

/// The weighted sum of every own token: in the gate's order, or by ascending rank or node.
struct CollectRows {
  RankSide side;
  Choices choices;
  float* sum = nullptr;  ///< [token][hidden]

  template <typename Lanes>
  MOESCOPE_LANES void operator()(const Lanes& lanes, Share share) const {
    for (int token = share.first; token < choices.tokens; token += share.step) {
      const Choice* own = choices.of(token);
      const NodeSum home{side, own, choices.per_token, side.member, token};
      for (int d = lanes.lane(); d < side.wire.shape.hidden; d += lanes.width())
        sum[static_cast<std::size_t>(token) * static_cast<std::size_t>(side.wire.shape.hidden) +
            static_cast<std::size_t>(d)] =
            side.wire.ordered() ? in_order(own, token, d) : by_part(own, token, d, home);
      if (side.wire.by_node()) home.count_reads(lanes);
    }
  }

 private:
  MOESCOPE_LANES float part(int token, int part, int d) const {
    return reinterpret_cast<const float*>(side.window(ExchangeWindow::Outputs, side.member) +
                                          side.wire.part_offset(token, part))[d];
  }
  MOESCOPE_LANES float in_order(const Choice* own, int token, int d) const {
    float total = 0;
    for (int j = 0; j < choices.per_token; ++j)
      total += own[j].weight * part(token, own[j].order, d);
    return total;
  }
  MOESCOPE_LANES float by_part(const Choice* own, int token, int d, const NodeSum& home) const {
    const Group& group = side.wire.group;
    float total = 0;
    for (int p = 0; p < side.wire.parts(); ++p) {
      const bool served = any_choice(own, choices.per_token, [&](const Choice& c) {
        const int server = side.wire.serving(c);
        return (side.wire.by_node() ? group.node_of(server) : server) == p;
      });
      if (!served) continue;
      total += side.wire.by_node() && p == side.home() ? home.at(d) : part(token, p, d);
    }
    return total;
  }
};

}  // namespace moescope::runtime
