#include "gpu/comm/exchange/tensor_exchange.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <stdexcept>

namespace moescope::runtime {
namespace {

std::size_t floats(std::size_t rows, int width) {
  return rows * static_cast<std::size_t>(width) * sizeof(float);
}

}  // namespace

TensorExchange::TensorExchange(AddressSpace& space, Group group, TensorGroups groups, int max_rows,
                               int hidden, PacedLinks* links)
    : space_(space),
      group_(group),
      groups_(groups),
      max_rows_(max_rows),
      hidden_(hidden),
      layers_(static_cast<std::size_t>(group.size)),
      sum_rounds_(static_cast<std::size_t>(group.size)),
      links_(space, group, links) {
  const auto rows = static_cast<std::size_t>(max_rows);
  rows_ = space_.add_window(floats(rows, hidden));
  partials_ = space_.add_window(floats(rows, hidden));
  sums_ = space_.add_window(floats(rows, 2 * groups.tp));
  rows_here_ = space_.add_flag();
  partials_here_ = space_.add_flag();
  sums_here_ = space_.add_flag();
}

std::vector<int> TensorExchange::members(int member) const {
  std::vector<int> all(static_cast<std::size_t>(groups_.tp));
  std::iota(all.begin(), all.end(), groups_.first(groups_.of(member)));
  return all;
}

std::vector<int> TensorExchange::peers(int member) const {
  std::vector<int> ranks = members(member);
  for (int& peer : ranks) peer = rank(peer);
  return ranks;
}

void TensorExchange::announce(int member, FlagId flag) {
  for (const int peer : peers(member)) space_.signal(peer, flag);
}

void TensorExchange::await(int member, FlagId flag, std::uint64_t rounds) {
  space_.wait(rank(member), flag, rounds * static_cast<std::uint64_t>(groups_.tp));
}

// A member may write rows of the next layer while a peer still computes with those of this one only
// if the peer has offered its part of this layer; await_partials() has seen to that. Parts and sums
// are safe by the same argument.
void TensorExchange::send_rows(int member, const float* rows, int begin, int count) {
  if (begin < 0 || count < 0 || count > max_rows_ - begin)
    throw std::length_error("more rows than the exchange has room for");
  ++layers_[static_cast<std::size_t>(member)];
  const auto bytes = floats(static_cast<std::size_t>(count), hidden_);
  const auto to = peers(member);
  if (count > 0)
    space_.multicast(rank(member), to, rows_, floats(static_cast<std::size_t>(begin), hidden_),
                     {reinterpret_cast<const std::byte*>(rows), bytes}, Purpose::AllGather);
  for (const int peer : members(member))
    links_.depart(member, peer, ExchangeFlag::Arrived, member, bytes);
  announce(member, rows_here_);
}

const float* TensorExchange::await_rows(int member) {
  await(member, rows_here_, layers_[static_cast<std::size_t>(member)]);
  links_.await(member, ExchangeFlag::Arrived, members(member));
  return reinterpret_cast<const float*>(space_.local(rank(member), rows_).data());
}

void TensorExchange::sum(int member, std::span<float> values) {
  const auto room = static_cast<std::size_t>(2 * max_rows_);
  if (values.size() > room) throw std::length_error("more sums than the exchange has room for");
  const auto place = [&](int index) {
    return static_cast<std::size_t>(index) * room * sizeof(float);
  };
  space_.multicast(rank(member), peers(member), sums_, place(groups_.index(member)),
                   std::as_bytes(values), Purpose::AllGather);
  announce(member, sums_here_);
  await(member, sums_here_, ++sum_rounds_[static_cast<std::size_t>(member)]);
  const std::byte* all = space_.local(rank(member), sums_).data();
  std::fill(values.begin(), values.end(), 0.0F);
  for (int index = 0; index < groups_.tp; ++index) {
    const auto* part = reinterpret_cast<const float*>(all + place(index));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += part[i];
  }
}

float* TensorExchange::partial(int member) {
  return reinterpret_cast<float*>(space_.local(rank(member), partials_).data());
}

void TensorExchange::offer_partial(int member, int rows) {
  for (const int peer : members(member)) {
    const auto [first, last] = groups_.share(rows, groups_.index(peer));
    links_.depart(member, peer, ExchangeFlag::Returned, member,
                  floats(static_cast<std::size_t>(last - first), hidden_));
  }
  announce(member, partials_here_);
}

void TensorExchange::await_partials(int member) {
  await(member, partials_here_, layers_[static_cast<std::size_t>(member)]);
  links_.await(member, ExchangeFlag::Returned, members(member));
}

void TensorExchange::reduce_rows(int member, int begin, int count, float* rows, Team& team) {
  const auto from = peers(member);
  team.split(count, [&](int first, int last) {
    std::vector<Place> places;
    for (const int peer : from)
      places.push_back({peer, partials_, floats(static_cast<std::size_t>(begin + first), hidden_)});
    const auto at = static_cast<std::size_t>(first) * static_cast<std::size_t>(hidden_);
    const auto size = static_cast<std::size_t>(last - first) * static_cast<std::size_t>(hidden_);
    space_.reduce(rank(member), places, {rows + at, size}, Purpose::ReduceScatter);
  });
}

}  // namespace moescope::runtime
