// Board on which the ranks of an exchange announce transfers over paced links.
#pragma once

#include <span>
#include <vector>

#include "gpu/base/exchange_wire.h"
#include "gpu/comm/links/paced_links.h"
#include "gpu/comm/memory/address_space.h"

namespace moescope::runtime {

/// One entry for each flag of an exchange and each member that raises it: written before the flag
/// is raised, read after it was seen, and as safe from being overwritten as the lists of tokens.
/// Does nothing without paced links.
class LinkBoard {
 public:
  /// `links` may be nullptr. Every process makes the boards of a run in the same order.
  LinkBoard(AddressSpace& space, const Group& group, PacedLinks* links);

  /// `bytes` of the member's leave for `to`, before it raises `flag` there. `as`: the member that
  /// the rows belong to, under which `to` finds them.
  void depart(int member, int to, ExchangeFlag flag, int as, std::size_t bytes);
  /// After the flag was seen: sleeps until everything sent as one of `members` has arrived.
  void await(int member, ExchangeFlag flag, std::span<const int> members);

 private:
  Departure& place(int member, ExchangeFlag flag, int as) const;

  AddressSpace& space_;
  Group group_;
  PacedLinks* links_;
  WindowId window_ = 0;
};

}  // namespace moescope::runtime
