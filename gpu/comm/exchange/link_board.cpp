#include "gpu/comm/exchange/link_board.h"

#include <algorithm>

namespace moescope::runtime {

LinkBoard::LinkBoard(AddressSpace& space, const Group& group, PacedLinks* links)
    : space_(space), group_(group), links_(links) {
  if (links_ == nullptr) return;
  std::vector<std::size_t> bytes(static_cast<std::size_t>(space.ranks()));
  for (int member = 0; member < group.size; ++member)
    bytes[static_cast<std::size_t>(group.first + member)] =
        sizeof(Departure) * static_cast<std::size_t>(kExchangeFlags * group.size);
  window_ = space.add_window(bytes);
}

Departure& LinkBoard::place(int member, ExchangeFlag flag, int as) const {
  auto* const first =
      reinterpret_cast<Departure*>(space_.local(group_.first + member, window_).data());
  return first[static_cast<int>(flag) * group_.size + as];
}

void LinkBoard::depart(int member, int to, ExchangeFlag flag, int as, std::size_t bytes) {
  if (links_ == nullptr) return;
  const int rank = group_.first + member;
  place(to, flag, as) =
      links_->depart(rank, space_.link(rank, group_.first + to), bytes, links_->now());
}

void LinkBoard::await(int member, ExchangeFlag flag, std::span<const int> members) {
  if (links_ == nullptr || !links_->paced()) return;
  std::vector<Departure> departures;
  for (const int as : members) departures.push_back(place(member, flag, as));
  std::sort(departures.begin(), departures.end(),
            [](const Departure& a, const Departure& b) { return a.begin < b.begin; });
  std::int64_t there = 0;
  for (const Departure& departure : departures)
    there = std::max(there, links_->arrive(group_.first + member, departure));
  links_->sleep_until(there, [this] { space_.check_processes(); });
}

}  // namespace moescope::runtime
