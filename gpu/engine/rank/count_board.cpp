#include "gpu/engine/rank/count_board.h"

#include <cstring>

namespace moescope::runtime {

CountBoard::CountBoard(AddressSpace& space, Group group, int experts)
    : space_(space),
      group_(group),
      experts_(static_cast<std::size_t>(experts)),
      window_(space.add_window(static_cast<std::size_t>(group.size) * experts_ *
                               sizeof(std::uint32_t))),
      arrived_(space.add_flag()),
      calls_(static_cast<std::size_t>(group.size)) {}

CountBoard::Counts CountBoard::gather(int member, std::span<const std::uint32_t> own) {
  const int rank = group_.first + member;
  std::vector<int> all;
  for (int peer = 0; peer < group_.size; ++peer) all.push_back(group_.first + peer);
  space_.multicast(rank, all, window_, static_cast<std::size_t>(member) * own.size_bytes(),
                   std::as_bytes(own), Purpose::Control);
  for (const int peer : all) space_.signal(peer, arrived_);
  const std::uint64_t call = ++calls_[static_cast<std::size_t>(member)];
  space_.wait(rank, arrived_, call * static_cast<std::uint64_t>(group_.size));
  std::vector<std::uint32_t> counts(static_cast<std::size_t>(group_.size) * experts_);
  std::memcpy(counts.data(), space_.local(rank, window_).data(),
              counts.size() * sizeof(std::uint32_t));
  Counts result{std::vector<std::uint32_t>(experts_), std::vector<std::uint32_t>(experts_)};
  for (int peer = 0; peer < group_.size; ++peer)
    for (std::size_t expert = 0; expert < experts_; ++expert) {
      const auto count = counts[static_cast<std::size_t>(peer) * experts_ + expert];
      result.total[expert] += count;
      if (peer < member) result.before[expert] += count;
    }
  return result;
}

}  // namespace moescope::runtime
