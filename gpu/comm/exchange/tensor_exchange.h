// The collectives of tensor-parallel attention with sequence parallelism: each rank of a group owns
// some of the group's rows, and all of them see every row inside attention.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "gpu/base/exchange_wire.h"
#include "gpu/base/team.h"
#include "gpu/comm/exchange/link_board.h"
#include "gpu/comm/memory/address_space.h"

namespace moescope::runtime {

/// Groups of `tp` consecutive members of a unit; each serves a batch of its own (data parallel).
struct TensorGroups {
  int tp = 1;
  int of(int member) const { return member / tp; }
  int index(int member) const { return member % tp; }
  int first(int group) const { return group * tp; }
  /// Rows [first, second) of a group's `rows` that the member with this index owns.
  std::pair<int, int> share(int rows, int index) const {
    return {rows * index / tp, rows * (index + 1) / tp};
  }
};

/// Serves one micro-batch of all groups of a unit. Calls of a member come from one thread, in the
/// order send_rows, await_rows, [sum], offer_partial, await_partials, reduce_rows, in every layer.
class TensorExchange {
 public:
  /// `max_rows`: of a group in one micro-batch, `hidden` floats each. `links` as host_exchange().
  TensorExchange(AddressSpace& space, Group group, TensorGroups groups, int max_rows, int hidden,
                 PacedLinks* links = nullptr);

  /// All-gather: gives rows [begin, begin + count) to every member of the group.
  void send_rows(int member, const float* rows, int begin, int count);
  /// All rows of the group, [row][hidden], in this member's memory.
  const float* await_rows(int member);
  /// Replaces each value by its sum over the group, added in order of the members. At most twice
  /// `max_rows` values.
  void sum(int member, std::span<float> values);
  /// Buffer for the output of the member's heads for all rows, [row][hidden].
  float* partial(int member);
  /// `rows`: of the group.
  void offer_partial(int member, int rows);
  void await_partials(int member);
  /// Reduce-scatter: rows [begin, begin + count) of the parts, added in order of the members.
  void reduce_rows(int member, int begin, int count, float* rows, Team& team);

 private:
  int rank(int member) const { return group_.first + member; }
  /// Members of the member's group, and their ranks, ascending.
  std::vector<int> members(int member) const;
  std::vector<int> peers(int member) const;
  void announce(int member, FlagId flag);
  void await(int member, FlagId flag, std::uint64_t rounds);

  AddressSpace& space_;
  Group group_;
  TensorGroups groups_;
  int max_rows_, hidden_;
  WindowId rows_, partials_, sums_;
  FlagId rows_here_, partials_here_, sums_here_;
  std::vector<std::uint64_t> layers_, sum_rounds_;  ///< [member], so far
  LinkBoard links_;
};

}  // namespace moescope::runtime
