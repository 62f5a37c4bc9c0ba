// All-gather of expert counts before a dispatch: dynamic redundancy plans with them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gpu/base/exchange_wire.h"
#include "gpu/comm/memory/address_space.h"

namespace moescope::runtime {

class CountBoard {
 public:
  CountBoard(AddressSpace& space, Group group, int experts);

  struct Counts {
    std::vector<std::uint32_t> total;   ///< by expert, of all members
    std::vector<std::uint32_t> before;  ///< by expert, of the members before this one
  };
  /// Gives `own` counts to all members and waits for theirs. Every member calls it once per layer,
  /// and the next time only after all have received theirs (a combine lies between).
  Counts gather(int member, std::span<const std::uint32_t> own);

 private:
  AddressSpace& space_;
  Group group_;
  std::size_t experts_;
  WindowId window_;
  FlagId arrived_;
  std::vector<std::uint64_t> calls_;  ///< by member
};

}  // namespace moescope::runtime
